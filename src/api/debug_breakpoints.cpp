// Breakpoints of a session.
#include <boost/json.hpp>

#include "api/debug_json.hpp"
#include "api/debug_query.hpp"
#include "api/idempotency.hpp"
#include "api/paging.hpp"

namespace virserver::api {
namespace json = boost::json;
namespace {

using Answer = Task<Result<http::Response>>;

std::uint64_t id_of(const http::Request& request) { return request.path_parameters.at("breakpoint_id").to_number<std::uint64_t>(); }

Result<session::BreakpointRequest> read_request(const json::object& body) {
  session::BreakpointRequest wanted;
  const auto* location = body.if_contains("location");
  const auto* address = body.if_contains("address");
  if ((location != nullptr) == (address != nullptr))
    return fail(ErrorCode::INVALID_REQUEST, "give `location` (or the older `address`), and not both");
  auto text = location_text(location ? *location : *address);
  if (!text) return pass(text);
  wanted.location = std::move(*text);
  if (const auto* type = body.if_contains("type")) wanted.kind = *session::parse_breakpoint_kind(type->as_string());
  if (const auto* length = body.if_contains("length")) wanted.length = length->to_number<std::uint64_t>();
  if (const auto* condition = body.if_contains("condition")) wanted.condition = condition->as_string();
  if (const auto* count = body.if_contains("ignore_count")) wanted.ignore_count = count->to_number<std::uint64_t>();
  if (const auto* enabled = body.if_contains("enabled")) wanted.enabled = enabled->as_bool();
  if (const auto* temporary = body.if_contains("temporary")) wanted.temporary = temporary->as_bool();
  return wanted;
}

Answer create(Context& context, const http::Request& request) {
  auto session = context.sessions.locate(request.parameter("session_id"));
  if (!session) co_return pass(session);
  auto wanted = read_request(request.body.as_object());
  if (!wanted) co_return pass(wanted);
  auto made = co_await run_on((*session)->executor(), (*session)->debugger().add_breakpoint(std::move(*wanted)));
  if (!made) co_return pass(made);
  co_return http::created(breakpoint_json(*made), fmt::format("/api/v1/sessions/{}/debug/breakpoints/{}", (*session)->id(), made->id));
}

Answer list(Context& context, const http::Request& request) {
  auto session = context.sessions.locate(request.parameter("session_id"));
  if (!session) co_return pass(session);
  auto all = co_await run_on((*session)->executor(), (*session)->debugger().breakpoints());
  if (!all) co_return pass(all);
  auto key = [](const session::UserBreakpoint& each) { return fmt::format("{:020}", each.id); };
  co_return page(request, *all, key, breakpoint_json);
}

Answer get(Context& context, const http::Request& request) {
  auto session = context.sessions.locate(request.parameter("session_id"));
  if (!session) co_return pass(session);
  auto found = co_await run_on((*session)->executor(), (*session)->debugger().breakpoint(id_of(request)));
  if (!found) co_return pass(found);
  co_return http::json_response(breakpoint_json(*found));
}

Answer update(Context& context, const http::Request& request) {
  auto session = context.sessions.locate(request.parameter("session_id"));
  if (!session) co_return pass(session);
  session::BreakpointChange change;
  const json::object& body = request.body.as_object();
  if (const auto* enabled = body.if_contains("enabled")) change.enabled = enabled->as_bool();
  if (const auto* condition = body.if_contains("condition")) {
    change.condition.emplace();
    if (condition->is_string() && !condition->get_string().empty()) *change.condition = condition->get_string();
  }
  if (const auto* count = body.if_contains("ignore_count")) change.ignore_count = count->to_number<std::uint64_t>();
  change.clear_hits = body.contains("hit_count");
  auto changed = co_await run_on((*session)->executor(), (*session)->debugger().change_breakpoint(id_of(request), std::move(change)));
  if (!changed) co_return pass(changed);
  co_return http::json_response(breakpoint_json(*changed));
}

Answer remove(Context& context, const http::Request& request) {
  auto session = context.sessions.locate(request.parameter("session_id"));
  if (!session) co_return pass(session);
  auto gone = co_await run_on((*session)->executor(), (*session)->debugger().remove_breakpoint(id_of(request)));
  if (!gone) co_return pass(gone);
  co_return http::no_content();
}

Answer remove_all(Context& context, const http::Request& request) {
  auto session = context.sessions.locate(request.parameter("session_id"));
  if (!session) co_return pass(session);
  auto gone = co_await run_on((*session)->executor(), (*session)->debugger().remove_breakpoints());
  if (!gone) co_return pass(gone);
  co_return http::no_content();
}

}  // namespace

void bind_debug_breakpoints(http::Handlers& handlers, Context& context) {
  handlers.bind("createBreakpoint", [&context](http::Request& request) -> Answer {
    auto make = [&context, &request]() -> Answer { co_return co_await create(context, request); };
    co_return co_await idempotent(context, request, json::serialize(request.body), std::move(make));
  });
  using Handle = Answer (*)(Context&, const http::Request&);
  constexpr std::pair<const char*, Handle> all[] = {{"listBreakpoints", list},     {"getBreakpoint", get},         {"updateBreakpoint", update},
                                                    {"deleteBreakpoint", remove}, {"deleteBreakpoints", remove_all}};
  for (const auto& [operation, handle] : all) handlers.bind(operation, [&context, handle](http::Request& request) { return handle(context, request); });
}

}  // namespace virserver::api
