// virctl diagnose
#include "cli/api.hpp"
#include "cli/command.hpp"
#include "cli/diagnosis_text.hpp"

namespace virserver::cli {
namespace {

Task<Outcome<int>> diagnose(Context& context, std::string given, bool propose) {
  auto session = co_await find_session(context.client(), std::move(given));
  if (!session) co_return pass(session);
  auto answer = co_await context.client().get(session_path(text(*session, "id"), "/diagnosis"));
  if (!answer) co_return pass(answer);
  if (propose) {
    const std::string draft = text(answer->json, "proposed_models");
    if (draft.empty()) co_return fail(exit_failed, "NOT_FOUND", "there is nothing to propose: no loop was seen that reads a register which a model could answer; virctl diagnose tells what was seen");
    context.out(draft);
    co_return exit_ok;
  }
  if (context.json()) context.out_json(*answer);
  else context.out(diagnosis_text(answer->json, true));
  co_return exit_ok;
}

void add(CLI::App& root, Invocation& invocation) {
  auto target = std::make_shared<std::string>();
  auto propose = std::make_shared<bool>(false);
  auto* command = add_command(root, "diagnose", "why does it hang",
                              "Looks at a running board for a moment and prints where its processors are, the loop they sit in with its lines and "
                              "instructions, the registers that loop reads, the accesses to devices that the emulator does not have, and which other "
                              "board or backend has them. The board runs on.",
                              "EXAMPLES\n  virctl diagnose blinky\n  virctl diagnose blinky --propose >models.yaml\n  virctl diagnose ses-01m8 --json | jq .polled\n"
                              "\nEXIT STATUS\n"
                              "  0    something could be told\n"
                              "  1    the board is off, the backend tells nothing, or there is nothing to propose\n"
                              "  2    the command line is wrong\n"
                              "  3    no server answers\n");
  add_session_argument(command, *target);
  command->add_flag("--propose", *propose, "print a first draft of register models that answer what the loops wait for, as YAML for a node of the board");
  on_call(command, invocation, [target, propose](Context& context) { return diagnose(context, *target, *propose); });
}

const Command registered{75, &add};

}  // namespace
}  // namespace virserver::cli
