// Sessions: create, list, look, change, power, delete.
#include <boost/json.hpp>

#include "api/board_input.hpp"
#include "api/idempotency.hpp"
#include "api/paging.hpp"
#include "api/session_json.hpp"

namespace virserver::api {
namespace json = boost::json;
namespace {

json::object object_or_empty(const json::object& body, const char* key) {
  const auto* value = body.if_contains(key);
  return value ? value->as_object() : json::object{};
}

Task<Result<http::Response>> create(Context& context, const http::Request& request) {
  const json::object& body = request.body.as_object();
  auto input = co_await board_input(context, body);
  if (!input) co_return pass(input);
  session::NewSession wanted;
  if (const auto* name = body.if_contains("name")) wanted.name = name->as_string();
  if (const auto* backend = body.if_contains("backend")) wanted.backend = backend->as_string();
  wanted.board_template = std::move(input->template_id);
  wanted.board = std::move(input->board);
  wanted.findings = std::move(input->findings);
  wanted.labels = object_or_empty(body, "labels");
  wanted.resources = object_or_empty(body, "resources");
  wanted.features = object_or_empty(body, "features");
  if (const auto* port = body.if_contains("gdb_port")) wanted.gdb_port = port->to_number<std::uint16_t>();
  if (const auto* ttl = body.if_contains("ttl_sec")) wanted.ttl_sec = ttl->to_number<std::uint64_t>();
  auto session = co_await context.sessions.create(std::move(wanted));
  if (!session) co_return pass(session);
  const auto view = co_await (*session)->view();
  co_return http::created(session_json(view), "/api/v1/sessions/" + (*session)->id());
}

Task<Result<http::Response>> list(Context& context, const http::Request& request) {
  store::ListQuery query;
  query.limit = request.query.at("limit").to_number<unsigned>();
  query.sort = request.query.at("sort").as_string();
  auto text = [&](const char* name) -> std::optional<std::string> {
    const auto* value = request.query.if_contains(name);
    return value ? std::optional<std::string>(value->as_string()) : std::nullopt;
  };
  query.cursor = text("cursor").value_or("");
  query.state = text("status");
  query.backend = text("backend");
  query.name = text("name");
  if (const auto* labels = request.query.if_contains("label"))
    for (const auto& label : labels->as_array()) {
      const std::string_view pair = label.as_string();
      query.labels.emplace_back(pair.substr(0, pair.find(':')), pair.substr(pair.find(':') + 1));
    }
  const store::Caller caller;
  auto rows = co_await context.sessions.list(caller, std::move(query));
  if (!rows) co_return pass(rows);
  json::array items;
  for (const session::SessionView& view : rows->items) items.push_back(session_json(view));
  co_return http::json_response(list_body(std::move(items), rows->next_cursor, rows->total));
}

Task<Result<http::Response>> update(Context& context, const http::Request& request) {
  auto session = context.sessions.locate(request.parameter("session_id"));
  if (!session) co_return pass(session);
  const json::object& body = request.body.as_object();
  std::optional<std::string> name;
  std::optional<json::object> labels;
  std::optional<std::optional<std::uint64_t>> ttl;
  if (const auto* value = body.if_contains("name")) name = value->as_string();
  if (const auto* value = body.if_contains("labels")) labels = value->as_object();
  if (const auto* value = body.if_contains("ttl_sec")) {
    ttl.emplace();
    if (!value->is_null()) *ttl = value->to_number<std::uint64_t>();
  }
  auto view = co_await (*session)->update(std::move(name), std::move(labels), ttl);
  if (!view) co_return pass(view);
  co_return http::json_response(session_json(*view));
}

Task<Result<http::Response>> power(Context& context, const http::Request& request) {
  auto session = context.sessions.locate(request.parameter("session_id"));
  if (!session) co_return pass(session);
  const auto action = session::parse_power_action(request.body.at("action").as_string());
  const bool wait = request.query.at("wait").as_bool();
  auto view = co_await (*session)->power(*action, wait);
  if (!view) co_return pass(view);
  const bool under_way = view->state == session::State::starting || view->state == session::State::stopping ||
                         view->state == session::State::resetting;
  http::Response response = http::json_response(session_json(*view), under_way ? 202 : 200);
  response.headers.emplace_back("Location", "/api/v1/sessions/" + (*session)->id());
  co_return response;
}

}  // namespace

void bind_sessions(http::Handlers& handlers, Context& context) {
  handlers.bind("createSession", [&context](http::Request& request) -> Task<Result<http::Response>> {
    auto make = [&context, &request]() -> Task<Result<http::Response>> { co_return co_await create(context, request); };
    co_return co_await idempotent(context, request, json::serialize(request.body), std::move(make));
  });
  handlers.bind("listSessions", [&context](http::Request& request) -> Task<Result<http::Response>> {
    co_return co_await list(context, request);
  });
  handlers.bind("getSession", [&context](http::Request& request) -> Task<Result<http::Response>> {
    auto session = context.sessions.locate(request.parameter("session_id"));
    if (!session) co_return pass(session);
    const auto view = co_await (*session)->view();
    co_return http::json_response(session_json(view));
  });
  handlers.bind("updateSession", [&context](http::Request& request) -> Task<Result<http::Response>> {
    co_return co_await update(context, request);
  });
  handlers.bind("deleteSession", [&context](http::Request& request) -> Task<Result<http::Response>> {
    auto gone = co_await context.sessions.remove(request.parameter("session_id"));
    if (!gone) co_return pass(gone);
    co_return http::no_content();
  });
  handlers.bind("setPower", [&context](http::Request& request) -> Task<Result<http::Response>> {
    co_return co_await power(context, request);
  });
}

}  // namespace virserver::api
