// What happened, kept with monotone ids and announced to whoever watches. Thread-safe.
#pragma once
#include <boost/json/object.hpp>

#include <string>
#include <vector>

#include "base/broadcast.hpp"
#include "store/store.hpp"

namespace virserver::session {

class EventLog {
 public:
  EventLog(store::Events& events, asio::any_io_executor executor) : events_(events), executor_(executor) {}

  // Queued in call order per thread; a failed write is logged, the change itself stands.
  void append(std::string type, std::string session_id, boost::json::object data);

  Task<Result<std::vector<store::EventRow>>> after(std::int64_t id, unsigned limit, std::string session_id) {
    const store::Caller caller;  // lives in this coroutine: the repository only refers to it
    co_return co_await events_.after(caller, id, limit, std::move(session_id));
  }
  Task<Result<std::int64_t>> last_id() { return events_.last_id(); }
  std::shared_ptr<Watch> watch(asio::any_io_executor executor) { return changed_.watch(std::move(executor)); }

 private:
  store::Events& events_;
  asio::any_io_executor executor_;
  Broadcast changed_;
};

}  // namespace virserver::session
