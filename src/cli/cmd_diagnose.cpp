// virctl diagnose
#include "cli/api.hpp"
#include "cli/command.hpp"
#include "cli/diagnosis_text.hpp"

namespace virserver::cli {
namespace {

Task<Outcome<int>> diagnose(Context& context, std::string given) {
  auto session = co_await find_session(context.client(), std::move(given));
  if (!session) co_return pass(session);
  auto answer = co_await context.client().get(session_path(text(*session, "id"), "/diagnosis"));
  if (!answer) co_return pass(answer);
  if (context.json()) context.out_json(*answer);
  else context.out(diagnosis_text(answer->json, true));
  co_return exit_ok;
}

void add(CLI::App& root, Invocation& invocation) {
  auto target = std::make_shared<std::string>();
  auto* command = add_command(root, "diagnose", "why does it hang",
                              "Looks at a running board for a moment and prints where its processors are, the loop they sit in with its lines and "
                              "instructions, the registers that loop reads, the accesses to devices that the emulator does not have, and which other "
                              "board or backend has them. The board runs on.",
                              "EXAMPLES\n  virctl diagnose blinky\n  virctl diagnose ses-01m8 --json | jq .polled\n"
                              "\nEXIT STATUS\n"
                              "  0    something could be told\n"
                              "  1    the board is off, or the backend tells nothing\n"
                              "  2    the command line is wrong\n"
                              "  3    no server answers\n");
  add_session_argument(command, *target);
  on_call(command, invocation, [target](Context& context) { return diagnose(context, *target); });
}

const Command registered{75, &add};

}  // namespace
}  // namespace virserver::cli
