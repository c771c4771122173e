// virctl step, continue and pause
#include <boost/json/serialize.hpp>

#include "cli/debug.hpp"
#include "cli/text.hpp"

namespace virserver::cli {
namespace {
namespace json = boost::json;

constexpr const char* exit_statuses =
    "\n"
    "EXIT STATUS\n"
    "  0    success\n"
    "  1    it failed; the reason is on standard error\n"
    "  2    the command line is wrong, or an id fits several things\n"
    "  3    no server answers\n"
    "  124  the processor has not stopped in time; it runs on\n";

struct Options {
  Target target;
  std::string until;
  unsigned count = 1;
  bool over = false, out = false, line = false, next = false, wait = false, no_wait = false;
  std::optional<std::chrono::nanoseconds> timeout, span;
  bool real_time = false;
};

// The server answers by then; the connection is given longer.
Outcome<std::chrono::milliseconds> patience(const Options& options, json::object& body) {
  constexpr auto by_default = std::chrono::seconds(30), slack = std::chrono::seconds(60);
  if (!options.timeout) return by_default + slack;
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(*options.timeout);
  if (ms < std::chrono::milliseconds(1) || ms > std::chrono::hours(1)) return fail(exit_usage, "USAGE", "--timeout is at least 1ms and at most 1h");
  body["timeout_ms"] = ms.count();
  return ms + slack;
}

// `waited`: for a stop. Then a processor that still runs is a timeout.
Task<Outcome<int>> run_control(Context& context, DebugCall call, json::object body, std::chrono::milliseconds patience, bool waited) {
  Request request{.method = "POST", .target = {}, .body = json::serialize(body), .content_type = "application/json", .headers = {}, .file = {},
                  .progress = {}, .patience = patience};
  auto answer = co_await call.send(std::move(request));
  if (!answer) co_return pass(answer);
  show_state(context, *answer);
  if (waited && text(answer->json, "state") == "running") {
    context.note("it has not stopped in time and runs on");
    co_return exit_timeout;
  }
  co_return exit_ok;
}

Task<Outcome<int>> step(Context& context, Options options) {
  const char* kind = options.over ? "over" : options.out ? "out" : options.line ? "line" : options.next ? "next" : "instruction";
  json::object body{{"kind", kind}, {"count", options.count}};
  if (options.target.core) body["core"] = *options.target.core;
  options.target.core.reset();
  auto limit = patience(options, body);
  if (!limit) co_return pass(limit);
  auto call = co_await DebugCall::to(context, options.target, "/step");
  if (!call) co_return pass(call);
  if (options.no_wait) call->add("wait", "false");
  co_return co_await run_control(context, std::move(*call), std::move(body), *limit, !options.no_wait);
}

// An exact span of the guest's time. What ended it early is in the state.
Task<Outcome<int>> run_for(Context& context, Options options) {
  if (options.span->count() < 1) co_return fail(exit_usage, "USAGE", "--for is at least 1ns");
  json::object body{{"for_ns", options.span->count()}, {"pace", options.real_time ? "real_time" : "fast"}};
  auto limit = patience(options, body);
  if (!limit) co_return pass(limit);
  auto call = co_await DebugCall::to(context, options.target, "/run");
  if (!call) co_return pass(call);
  Request request{.method = "POST", .target = {}, .body = json::serialize(body), .content_type = "application/json", .headers = {}, .file = {},
                  .progress = {}, .patience = *limit};
  auto answer = co_await call->send(std::move(request));
  if (!answer) co_return pass(answer);
  const auto& state = at(answer->json, "state");
  if (context.json()) context.out_json(*answer);
  else context.out(state_text(state));
  const std::chrono::nanoseconds ran(number(answer->json, "ran_ns"));
  if (text(state, "state") == "running") {
    context.note("the span is not over in time and goes on");
    co_return exit_timeout;
  }
  if (!flag(answer->json, "complete")) context.note(fmt::format("it ran {} of {}", to_text(ran), to_text(*options.span)));
  co_return exit_ok;
}

Task<Outcome<int>> go_on(Context& context, Options options) {
  if (options.span) co_return co_await run_for(context, std::move(options));
  json::object body;
  const bool waits = options.wait || !options.until.empty() || options.timeout;
  if (!options.until.empty()) body["until"] = options.until;
  auto limit = patience(options, body);
  if (!limit) co_return pass(limit);
  auto call = co_await DebugCall::to(context, options.target, "/continue");
  if (!call) co_return pass(call);
  if (waits) call->add("wait", "true");
  co_return co_await run_control(context, std::move(*call), std::move(body), *limit, waits);
}

Task<Outcome<int>> pause(Context& context, Options options) {
  auto call = co_await DebugCall::to(context, options.target, "/pause");
  if (!call) co_return pass(call);
  Request request{.method = "POST"};
  auto answer = co_await call->send(std::move(request));
  if (!answer) co_return pass(answer);
  show_state(context, *answer);
  co_return exit_ok;
}

void add_step(CLI::App& root, Invocation& invocation) {
  auto options = std::make_shared<Options>();
  auto* command = add_command(
      root, "step", "execute one or a few instructions or source lines",
      "Steps a processor that stands, and says where it stands then. A breakpoint, a fault or a pause ends a step early; the answer says which. "
      "Source lines need a program with debug information.",
      std::string("EXAMPLES\n  virctl step blinky\n  virctl step blinky 10\n  virctl step blinky --line\n  virctl step blinky --out --timeout 5s\n") + exit_statuses);
  add_session_argument(command, options->target.session);
  command->add_option("count", options->count, "How many.")->capture_default_str()->check(CLI::Range(1u, 1000000u))->type_name("N");
  auto* over = command->add_flag("--over", options->over, "Instructions; a called function is run to its end.");
  auto* out = command->add_flag("--out", options->out, "Until the function has returned.")->excludes(over);
  auto* line = command->add_flag("--line", options->line, "To another source line, also in called functions.")->excludes(over)->excludes(out);
  command->add_flag("--next", options->next, "To another source line, without stopping in called functions.")->excludes(over)->excludes(out)->excludes(line);
  add_core(command, options->target);
  add_duration(command, "--timeout", options->timeout, "Return after this time; the step goes on. Default: 30s.");
  command->add_flag("--no-wait", options->no_wait, "Return as soon as the step has begun.");
  on_call(command, invocation, [options](Context& context) { return step(context, *options); });
}

void add_continue(CLI::App& root, Invocation& invocation) {
  auto options = std::make_shared<Options>();
  auto* command = add_command(
      root, "continue", "let the processor run on",
      "Returns at once, or with one of the options when the processor has stopped again. The exit status is 124 when it has not by then; it runs on. "
      "A processor that runs already goes on running. --for runs a board that stands for an exact span of its own time, as fast as the host manages, and stops "
      "it again; not every backend can.",
      std::string("EXAMPLES\n  virctl continue blinky\n  virctl continue blinky --wait --timeout 10s\n  virctl continue blinky --until main.c:50\n"
                  "  virctl continue blinky --for 5ms\n") + exit_statuses);
  add_session_argument(command, options->target.session);
  auto* until = command->add_option("--until", options->until, "Stop there too, once: an address, a symbol or file:line. Waits.")->type_name("LOCATION");
  auto* wait = command->add_flag("--wait", options->wait, "Wait for the next stop.");
  auto* span = add_duration(command, "--for", options->span, "Run for so much of the guest's time and stop. At most a day.")->excludes(until)->excludes(wait);
  command->add_flag("--real-time", options->real_time, "With --for: no faster than the host's clock.")->needs(span);
  add_duration(command, "--timeout", options->timeout, "Wait for the next stop at most so long. Default: 30s.");
  on_call(command, invocation, [options](Context& context) { return go_on(context, *options); });
}

void add_pause(CLI::App& root, Invocation& invocation) {
  auto options = std::make_shared<Options>();
  auto* command = add_command(root, "pause", "stop the processor and say where it stands",
                              "A processor that stands already stays as it is. \"virctl continue\" lets it run on.", "EXAMPLES\n  virctl pause blinky\n");
  add_session_argument(command, options->target.session);
  on_call(command, invocation, [options](Context& context) { return pause(context, *options); });
}

const Command registered_step{104, &add_step};
const Command registered_continue{105, &add_continue};
const Command registered_pause{106, &add_pause};

}  // namespace
}  // namespace virserver::cli
