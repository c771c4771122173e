// Debugging: run control, stacks, code, faults. Breakpoints are in debug_breakpoints.cpp, registers and memory in debug_values.cpp.
#include <boost/json.hpp>

#include "api/api.hpp"
#include "api/debug_json.hpp"
#include "api/debug_query.hpp"
#include "api/paging.hpp"

namespace virserver::api {
namespace json = boost::json;
namespace {

using Answer = Task<Result<http::Response>>;

std::chrono::milliseconds timeout_of(const http::Request& request) {
  constexpr std::int64_t usual = 30'000;
  const auto* body = request.body.if_object();
  const auto* value = body ? body->if_contains("timeout_ms") : nullptr;
  return std::chrono::milliseconds(value ? value->to_number<std::int64_t>() : usual);
}

Result<http::Response> answer(Result<session::DebugState> state) {
  if (!state) return pass(state);
  return http::json_response(state_json(*state));
}

Answer get_state(Context& context, const http::Request& request) {
  auto session = context.sessions.locate(request.parameter("session_id"));
  if (!session) co_return pass(session);
  co_return answer(co_await run_on((*session)->executor(), (*session)->debugger().state()));
}

Answer pause(Context& context, const http::Request& request) {
  auto session = context.sessions.locate(request.parameter("session_id"));
  if (!session) co_return pass(session);
  co_return answer(co_await run_on((*session)->executor(), (*session)->debugger().pause()));
}

Answer resume(Context& context, const http::Request& request) {
  auto session = context.sessions.locate(request.parameter("session_id"));
  if (!session) co_return pass(session);
  session::ContinueRequest how;
  how.wait = request.query.at("wait").as_bool();
  how.timeout = timeout_of(request);
  how.give_up = [&context] { return context.stopping.load(); };
  if (const auto* body = request.body.if_object())
    if (const auto* until = body->if_contains("until")) {
      auto location = location_text(*until);
      if (!location) co_return pass(location);
      how.until = std::move(*location);
    }
  co_return answer(co_await run_on((*session)->executor(), (*session)->debugger().resume(std::move(how))));
}

session::StepKind step_kind(std::string_view word) {
  if (word == "over") return session::StepKind::over;
  if (word == "out") return session::StepKind::out;
  if (word == "line") return session::StepKind::line;
  return word == "next" ? session::StepKind::next : session::StepKind::instruction;
}

Answer step(Context& context, const http::Request& request) {
  auto session = context.sessions.locate(request.parameter("session_id"));
  if (!session) co_return pass(session);
  session::StepRequest how;
  how.wait = request.query.at("wait").as_bool();
  how.timeout = timeout_of(request);
  how.give_up = [&context] { return context.stopping.load(); };
  if (const auto* body = request.body.if_object()) {
    if (const auto* kind = body->if_contains("kind")) how.kind = step_kind(kind->as_string());
    if (const auto* count = body->if_contains("count")) how.count = count->to_number<std::uint64_t>();
    if (const auto* core = body->if_contains("core")) how.core = core->to_number<unsigned>();
  }
  co_return answer(co_await run_on((*session)->executor(), (*session)->debugger().step(std::move(how))));
}

Answer backtrace(Context& context, const http::Request& request) {
  auto session = context.sessions.locate(request.parameter("session_id"));
  if (!session) co_return pass(session);
  const auto limit = request.query.at("limit").to_number<std::size_t>();
  auto trace = co_await run_on((*session)->executor(), (*session)->debugger().backtrace(core_of(request), limit, halt_of(request)));
  if (!trace) co_return pass(trace);
  co_return http::json_response(json::object{{"core", trace->core}, {"frames", frames_json(trace->frames)}, {"complete", trace->complete}, {"reason", trace->reason}});
}

Answer disassemble(Context& context, const http::Request& request) {
  auto session = context.sessions.locate(request.parameter("session_id"));
  if (!session) co_return pass(session);
  session::DisassemblyQuery query;
  query.location = text_of(request, "address");
  if (const auto* count = request.query.if_contains("count")) query.count = count->to_number<std::size_t>();
  query.whole_function = request.query.at("function").as_bool();
  query.core = core_of(request);
  auto views = co_await run_on((*session)->executor(), (*session)->debugger().disassemble(std::move(query)));
  if (!views) co_return pass(views);
  json::array instructions;
  for (const auto& view : *views) instructions.push_back(instruction_json(view));
  const auto address = views->empty() ? 0 : views->front().instruction.address;
  co_return http::json_response(json::object{{"address", hex_address(address)}, {"instructions", std::move(instructions)}});
}

Answer symbols(Context& context, const http::Request& request) {
  auto session = context.sessions.locate(request.parameter("session_id"));
  if (!session) co_return pass(session);
  session::SymbolSearch search;
  search.address = text_of(request, "address");
  search.query.text = text_of(request, "query").value_or("");
  search.query.limit = request.query.at("limit").to_number<std::size_t>();
  if (const auto kind = text_of(request, "kind"))
    search.query.kind = *kind == "function" ? image::SymbolKind::function : *kind == "object" ? image::SymbolKind::object : image::SymbolKind::label;
  if (const auto cursor = text_of(request, "cursor")) {
    const auto bytes = from_base64(*cursor);
    const auto offset = bytes ? parse_u64(as_text(*bytes)) : std::nullopt;
    if (!offset) co_return fail(ErrorCode::INVALID_REQUEST, "the cursor is not one of this list: use next_cursor of the page before");
    search.query.offset = *offset;
  }
  const std::size_t begin = search.query.offset;
  auto found = co_await run_on((*session)->executor(), (*session)->debugger().find_symbols(std::move(search)));
  if (!found) co_return pass(found);
  json::array items;
  for (const auto& match : found->items) items.push_back(symbol_json(match));
  std::optional<std::string> next;
  if (begin + items.size() < found->total && !items.empty()) next = to_base64(as_bytes(std::to_string(begin + items.size())));
  co_return http::json_response(list_body(std::move(items), std::move(next), found->total));
}

Answer threads(Context& context, const http::Request& request) {
  auto session = context.sessions.locate(request.parameter("session_id"));
  if (!session) co_return pass(session);
  auto list = co_await run_on((*session)->executor(), (*session)->debugger().threads(halt_of(request)));
  if (!list) co_return pass(list);
  json::array items;
  for (const auto& each : *list) items.push_back({{"core", each.core}, {"id", each.id}, {"name", each.name}, {"current", each.current}});
  const auto total = items.size();
  co_return http::json_response(list_body(std::move(items), {}, total));
}

Answer fault(Context& context, const http::Request& request) {
  auto session = context.sessions.locate(request.parameter("session_id"));
  if (!session) co_return pass(session);
  auto found = co_await run_on((*session)->executor(), (*session)->debugger().fault());
  if (!found) co_return pass(found);
  co_return http::json_response(fault_json(*found));
}

}  // namespace

void bind_debug(http::Handlers& handlers, Context& context) {
  using Handle = Answer (*)(Context&, const http::Request&);
  constexpr std::pair<const char*, Handle> all[] = {
      {"getDebugState", get_state}, {"pauseTarget", pause},      {"continueTarget", resume}, {"stepTarget", step}, {"getBacktrace", backtrace},
      {"disassemble", disassemble}, {"listSymbols", symbols},    {"listThreads", threads},   {"getFault", fault}};
  for (const auto& [operation, handle] : all) handlers.bind(operation, [&context, handle](http::Request& request) { return handle(context, request); });
}

}  // namespace virserver::api
