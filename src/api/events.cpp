// Events as Server-Sent Events: resumable by id.
#include <boost/json.hpp>

#include "api/api.hpp"
#include "api/event_json.hpp"

namespace virserver::api {
namespace json = boost::json;

json::object event_json(const store::EventRow& row) {
  json::object object{{"id", row.id}, {"type", row.type}, {"session_id", nullptr}, {"data", row.data},
                      {"timestamp", to_rfc3339(row.created_at)}};
  if (!row.session_id.empty()) object["session_id"] = row.session_id;
  return object;
}

namespace {

Task<> pump(Context& context, http::EventSink& sink, std::int64_t last, std::string session_id) {
  const auto watch = context.events.watch(co_await asio::this_coro::executor);
  for (;;) {
    auto rows = co_await context.events.after(last, 256, session_id);
    if (!rows) co_return;
    for (const store::EventRow& row : *rows) {
      auto sent = co_await sink.send(std::to_string(row.id), row.type, json::serialize(event_json(row)));
      if (!sent) co_return;
      last = row.id;
    }
    if (rows->empty()) co_await watch->wait();
  }
}

}  // namespace

void bind_events(http::Handlers& handlers, Context& context) {
  handlers.bind("streamEvents", [&context](http::Request& request) -> Task<Result<http::Response>> {
    std::int64_t last = 0;
    const std::string_view resumed = request.header("last-event-id");
    if (!resumed.empty()) {
      const auto id = parse_u64(resumed);
      if (!id || *id > INT64_MAX) co_return fail(ErrorCode::INVALID_REQUEST, "Last-Event-ID '{}' is not the id of an event", resumed);
      last = static_cast<std::int64_t>(*id);
    } else if (const auto* since = request.query.if_contains("since")) {
      last = since->to_number<std::int64_t>();
    } else {
      auto newest = co_await context.events.last_id();
      if (!newest) co_return pass(newest);
      last = *newest;
    }
    std::string session_id;
    if (const auto* wanted = request.query.if_contains("session_id")) session_id = wanted->as_string();
    http::Response response;
    response.content_type = "text/event-stream";
    response.body = http::EventSource([&context, last, session_id](http::EventSink& sink) { return pump(context, sink, last, session_id); });
    co_return response;
  });
}

}  // namespace virserver::api
