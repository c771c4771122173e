// virctl bt

#include "cli/debug.hpp"
#include "cli/text.hpp"

namespace virserver::cli {
namespace {

struct Options {
  Target target;
  unsigned limit = 64;
};

Task<Outcome<int>> backtrace(Context& context, Options options) {
  auto call = co_await DebugCall::to(context, options.target, "/backtrace");
  if (!call) co_return pass(call);
  call->add("limit", std::to_string(options.limit));
  auto answer = co_await call->get();
  if (!answer && answer.error().code == "TARGET_RUNNING") answer.error().hint += "; \"--halt\" stops it for this moment only";
  if (!answer) co_return pass(answer);
  if (context.json()) {
    context.out_json(*answer);
    co_return exit_ok;
  }
  context.out(frames_text(list(answer->json, "frames")));
  if (!flag(answer->json, "complete")) context.note(printable(text(answer->json, "reason")));
  co_return exit_ok;
}

void add(CLI::App& root, Invocation& invocation) {
  auto options = std::make_shared<Options>();
  auto* command = add_command(
      root, "bt", "show the calls that led here",
      "The backtrace of a processor that stands, innermost first. It goes by the program's debug information where there is some, else by the habits of the "
      "architecture; on Cortex-M it goes on through exceptions.",
      "EXAMPLES\n  virctl bt blinky\n  virctl bt blinky --halt\n  virctl bt blinky --core 1 --limit 10\n");
  add_session_argument(command, options->target.session);
  command->add_option("--limit", options->limit, "Frames at most.")->capture_default_str()->check(CLI::Range(1u, 256u))->type_name("N");
  add_core(command, options->target);
  add_halt(command, options->target);
  on_call(command, invocation, [options](Context& context) { return backtrace(context, *options); });
}

const Command registered{107, &add};

}  // namespace
}  // namespace virserver::cli
