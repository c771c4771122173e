#include "cli/session_watch.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "cli/api.hpp"
#include "cli/text.hpp"

namespace virserver::cli {
namespace json = boost::json;

Task<Outcome<EventStream>> EventStream::open(Client& client, std::string query, std::string last_id) {
  Request request{.target = "/api/v1/events" + (query.empty() ? "" : "?" + query)};
  request.patience = std::chrono::seconds(10);  // for the head only
  request.headers["Accept"] = "text/event-stream";
  if (!last_id.empty()) request.headers["Last-Event-ID"] = last_id;
  auto body = co_await client.open(std::move(request));
  if (!body) co_return pass(body);
  EventStream stream;
  stream.body_ = std::move(*body);
  co_return stream;
}

Task<Outcome<ServerEvent>> EventStream::next() {
  for (;;) {
    if (auto event = parser_.next()) co_return std::move(*event);
    auto bytes = co_await body_.read();
    if (!bytes) co_return pass(bytes);
    if (bytes->empty()) co_return fail(exit_unreachable, "STREAM_ENDED", "the server ended the stream of events");
    parser_.feed(*bytes);
  }
}

Task<Outcome<json::value>> wait_for_session(Client& client, std::string session_id,
                                            std::function<bool(const json::value&)> done,
                                            std::chrono::milliseconds patience) {
  auto last_contact = std::chrono::steady_clock::now();
  for (;;) {
    auto events = co_await EventStream::open(client, "session_id=" + percent_encode(session_id));
    // Asked after the stream is open, so that no change falls between the two.
    auto session = co_await client.get(session_path(session_id));
    while (session) {
      last_contact = std::chrono::steady_clock::now();
      if (done(session->json)) co_return std::move(session->json);
      if (!events) break;
      using namespace asio::experimental::awaitable_operators;
      // A connection that vanished without being closed (a tunnel, a sleeping laptop) brings no event and no error.
      asio::steady_timer doubt(co_await asio::this_coro::executor, std::chrono::seconds(30));
      auto event = co_await (events->next() || doubt.async_wait(tuple_awaitable));
      if (event.index() == 1 || !std::get<0>(event)) break;
      session = co_await client.get(session_path(session_id));
    }
    if (!session && session.error().http_status != 0) co_return pass(session);
    if (!events && events.error().http_status != 0) co_return pass(events);
    if (!session && std::chrono::steady_clock::now() - last_contact > patience) co_return pass(session);
    asio::steady_timer pause(co_await asio::this_coro::executor, std::chrono::milliseconds(200));
    co_await pause.async_wait(tuple_awaitable);
  }
}

bool has_ended(const json::value& session) {
  const std::string status = text(session, "status");
  return status == "stopped" || status == "error" || status == "destroyed";
}

std::string exit_report(const json::value& session) {
  const json::value& report = at(session, "last_exit");
  const std::string cause = text(report, "cause");
  std::string message = text(report, "message");
  const std::string reason = text(session, "status_reason");
  if (message.empty()) message = reason.empty() ? "the board stopped" : reason;
  std::string out = printable_lines(message);
  if (!cause.empty()) out += fmt::format(" ({})", printable(cause));
  const auto section = [&](std::string_view title, std::string body) {
    while (body.ends_with('\n')) body.pop_back();
    if (body.empty()) return;
    out += fmt::format("\n{}:", title);
    std::size_t begin = 0;
    while (begin <= body.size()) {
      const std::size_t end = std::min(body.find('\n', begin), body.size());
      out += "\n  " + printable(body.substr(begin, end - begin));
      begin = end + 1;
    }
  };
  section("registers", text(report, "registers"));
  section("the emulator's last lines", text(report, "output"));
  return out;
}

}  // namespace virserver::cli
