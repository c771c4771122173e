// All sessions of this server: creation, look-up, expiry. Thread-safe unless stated.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "session/session.hpp"

namespace virserver::session {

struct NewSession {
  std::string name;             // empty: made from the board
  std::string backend = "auto";
  std::string board_template;   // empty for an inline board
  board::Board board;
  std::vector<std::string> findings;  // of the template; shown before the plan's own
  boost::json::object labels, resources, features;
  std::optional<std::uint64_t> ttl_sec;
  std::uint16_t gdb_port = 0;   // of 127.0.0.1; 0: a free one
};

class Registry {
 public:
  // Sessions are spread over `executors`, one a thread.
  Registry(const Services& services, std::vector<asio::any_io_executor> executors);

  // Loads the sessions of this host and adopts engines that still run. Before any request is served.
  Task<Result<void>> restore();

  // Errors: BOARD_UNPLANNABLE, BACKEND_*, RESOURCES_TOO_SMALL, UNSUPPORTED_BY_BACKEND (a feature), SESSION_LIMIT, STORAGE_*.
  Task<Result<std::shared_ptr<Session>>> create(NewSession request);

  // Live views of a page of the caller's sessions.
  Task<Result<store::Page<SessionView>>> list(store::Caller caller, store::ListQuery query);

  // The one step every call under /sessions/{id} passes; marks the session as used. Error: SESSION_NOT_FOUND.
  Result<std::shared_ptr<Session>> locate(const std::string& id);
  Task<Result<void>> remove(std::string id);

  std::map<std::string, std::size_t> count_by_state();  // for metrics; a snapshot of what was last announced
  std::size_t size() const;

  Task<> expire_forever();  // deletes sessions whose time to live is over; runs until cancelled
  Task<> stop();

 private:
  std::vector<std::shared_ptr<Session>> all() const;

  const Services& services_;
  std::vector<asio::any_io_executor> executors_;
  std::size_t next_ = 0;
  std::size_t creating_ = 0;  // on their way into sessions_; they count for the limit
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Session>> sessions_;
};

}  // namespace virserver::session
