#include "session/event_log.hpp"

#include "base/log.hpp"

namespace virserver::session {

void EventLog::append(std::string type, std::string session_id, boost::json::object data) {
  store::EventRow row;
  row.type = std::move(type);
  row.session_id = std::move(session_id);
  row.data = std::move(data);
  row.created_at = now();
  auto write = [](EventLog& self, store::EventRow event) -> Task<> {
    const store::Caller caller;
    const auto written = co_await self.events_.append(caller, std::move(event));
    if (!written) log::error("an event could not be kept: {}", written.error().message);
    self.changed_.notify();
  };
  // Started on the one executor given at construction, so that ids follow the order of the calls.
  asio::co_spawn(executor_, write(*this, std::move(row)), asio::detached);
}

}  // namespace virserver::session
