// virctl power

#include "cli/api.hpp"
#include "cli/command.hpp"
#include "cli/progress.hpp"
#include "cli/text.hpp"

namespace virserver::cli {
namespace {

struct Options {
  std::string action, session;
  bool no_wait = false;
};

Task<Outcome<int>> switch_power(Context& context, Options options) {
  auto session = co_await find_session(context.client(), options.session);
  if (!session) co_return pass(session);
  const Progress progress(context.client().executor(), fmt::format("power {} {}", options.action, options.session));
  boost::json::object body{{"action", options.action}};
  auto answer = co_await context.client().post(
      session_path(text(*session, "id"), options.no_wait ? "/power?wait=false" : "/power"), boost::json::value(std::move(body)));
  if (!answer) co_return pass(answer);
  if (context.json()) {
    context.out_json(*answer);
    co_return exit_ok;
  }
  context.out(fmt::format("{}  {}\n", printable(text(answer->json, "id")), printable(text(answer->json, "status"))));
  if (const auto& sandbox = at(answer->json, "sandbox"); text(sandbox, "mode") == "reduced")
    context.note("sandbox reduced: " + text(sandbox, "cause"));
  co_return exit_ok;
}

void add(CLI::App& root, Invocation& invocation) {
  auto options = std::make_shared<Options>();
  auto* command = add_command(
      root, "power", "power a board on or off, reset, pause or resume it",
      "on loads the newest upload of each role and starts the board; off ends it; reset needs a board that runs or is "
      "paused and leaves it running; pause and resume stop and continue the guest's time. A board that is already in the "
      "wanted state stays as it is. Returns when it has happened.",
      "EXAMPLES\n  virctl power on blinky\n  virctl power reset ses-01h\n");
  command->add_option("action", options->action, "What to do.")->required()->check(CLI::IsMember({"on", "off", "reset", "pause", "resume"}));
  add_session_argument(command, options->session);
  command->add_flag("--no-wait", options->no_wait, "Return as soon as the server has begun.");
  on_call(command, invocation, [options](Context& context) { return switch_power(context, *options); });
}

const Command registered{50, &add};

}  // namespace
}  // namespace virserver::cli
