// Follows the state of a session.
#pragma once
#include <boost/json/value.hpp>

#include <chrono>
#include <functional>
#include <string>

#include "cli/client.hpp"
#include "cli/sse.hpp"

namespace virserver::cli {

// The server's events, one after the other; built on GET /api/v1/events.
class EventStream {
 public:
  // `query`: "session_id=...&since=0", may be empty. `last_id`: what was seen before, may be empty.
  static Task<Outcome<EventStream>> open(Client& client, std::string query, std::string last_id = {});
  // An event without data is a sign of life. The end of the stream is a failure with exit_unreachable.
  Task<Outcome<ServerEvent>> next();

 private:
  BodyStream body_;
  SseParser parser_;
};

// Waits until the session satisfies `done`, asking anew at each of its events, and yields it. Bridges a server that is
// away for at most `patience`. A session that is gone is SESSION_NOT_FOUND.
Task<Outcome<boost::json::value>> wait_for_session(Client& client, std::string session_id,
                                                   std::function<bool(const boost::json::value&)> done,
                                                   std::chrono::milliseconds patience);

// States in which nothing runs any more after a power-on.
bool has_ended(const boost::json::value& session);

// "the guest exited with code 3", with registers and the emulator's last lines below it.
std::string exit_report(const boost::json::value& session);

}  // namespace virserver::cli
