// virctl fault

#include "cli/debug.hpp"
#include "cli/text.hpp"

namespace virserver::cli {
namespace {
namespace json = boost::json;

std::string table_of(const json::value& registers) {
  std::string out;
  std::size_t in_row = 0;
  if (!registers.is_object()) return out;
  for (const auto& [name, value] : registers.get_object()) {
    if (in_row == 4) out += "\n";
    in_row = in_row % 4 + 1;
    out += fmt::format("  {:<5} {}", printable({name.data(), name.size()}), value.is_string() ? printable(std::string(value.get_string())) : "?");
  }
  return out.empty() ? out : out + "\n";
}

void show(Context& context, const json::value& fault) {
  context.out(wrap(printable_lines(text(fault, "summary")), 0));
  if (!flag(fault, "faulted")) return;
  for (const json::value& sentence : list(fault, "explanation"))
    if (sentence.is_string()) context.out(wrap("- " + printable(std::string(sentence.get_string())), 2));
  const std::string where = location_text(at(fault, "location")), instruction = text(fault, "instruction");
  if (!where.empty() || !instruction.empty())
    context.out(fmt::format("at {}  {}{}{}\n", printable(text(at(fault, "location"), "address")), where, instruction.empty() ? "" : ": ", printable(instruction)));
  if (const std::string address = text(fault, "fault_address"); !address.empty()) context.out("address of the access: " + printable(address) + "\n");
  context.out(table_of(at(fault, "status_registers")));
  context.out(table_of(at(fault, "registers")));
  context.out(frames_text(list(fault, "backtrace")));
  if (const std::string time = text(fault, "at"); !time.empty()) context.out("the emulator ended at " + printable(time) + "\n");
}

Task<Outcome<int>> report(Context& context, Target target) {
  auto call = co_await DebugCall::to(context, target, "/fault");
  if (!call) co_return pass(call);
  auto answer = co_await call->get();
  if (!answer) co_return pass(answer);
  if (context.json()) context.out_json(*answer);
  else show(context, answer->json);
  co_return exit_ok;
}

void add(CLI::App& root, Invocation& invocation) {
  auto target = std::make_shared<Target>();
  auto* command = add_command(
      root, "fault", "say why the firmware crashed",
      "Of a board that is on: whether its processor has taken a fault, what the fault status registers say in words, and where it was; a running processor is "
      "stopped for that moment. Of a board whose emulator ended by a lockup or abort: what its last registers tell.",
      "EXAMPLES\n  virctl fault blinky\n  virctl fault blinky --json | jq -r .summary\n");
  add_session_argument(command, target->session);
  on_call(command, invocation, [target](Context& context) { return report(context, *target); });
}

const Command registered{110, &add};

}  // namespace
}  // namespace virserver::cli
