// virctl disas
#include <algorithm>

#include "cli/debug.hpp"
#include "cli/text.hpp"

namespace virserver::cli {
namespace {
namespace json = boost::json;

struct Options {
  Target target;
  std::string address;
  std::optional<unsigned> count;
  bool function = false;
};

// A heading for each function and source line, then the instructions: "=> 0x08000130  4b02      ldr r3, [pc, #8]".
void show(Context& context, const json::array& instructions) {
  std::string symbol, place;
  std::size_t width = 0;
  for (const json::value& instruction : instructions) width = std::max(width, text(instruction, "bytes").size());
  for (const json::value& instruction : instructions) {
    const json::value& location = at(instruction, "location");
    const std::string now = text(location, "symbol"), file = text(location, "file");
    const std::string line = file.empty() ? "" : fmt::format("{}:{}", file, number(location, "line"));
    if (now != symbol && !now.empty()) context.out(printable(now) + ":\n");
    if (line != place && !line.empty()) context.out("  " + printable(line) + "\n");
    symbol = now;
    place = line;
    std::string code = text(instruction, "mnemonic") + " " + text(instruction, "operands");
    if (const std::string target = text(instruction, "target_symbol"); !target.empty()) code += fmt::format("  <{}>", target);
    const char* mark = flag(instruction, "current") ? "=>" : list(instruction, "breakpoint_ids").empty() ? "  " : " *";
    context.out(fmt::format("{} {}  {:<{}}  {}\n", mark, printable(text(instruction, "address")), printable(text(instruction, "bytes")), width, printable(code)));
  }
}

Task<Outcome<int>> disassemble(Context& context, Options options) {
  auto call = co_await DebugCall::to(context, options.target, "/disassemble");
  if (!call) co_return pass(call);
  if (!options.address.empty()) call->add("address", options.address);
  if (options.count) call->add("count", std::to_string(*options.count));
  if (options.function) call->add("function", "true");
  auto answer = co_await call->get();
  if (!answer) co_return pass(answer);
  if (context.json()) context.out_json(*answer);
  else show(context, list(answer->json, "instructions"));
  co_return exit_ok;
}

void add(CLI::App& root, Invocation& invocation) {
  auto options = std::make_shared<Options>();
  auto* command = add_command(
      root, "disas", "show machine code",
      "Disassembles memory at an address, a symbol or a source line, or where the processor stands. => marks that place, * a breakpoint.",
      "EXAMPLES\n  virctl disas blinky\n  virctl disas blinky main --function\n  virctl disas blinky main.c:42 --count 8\n");
  add_session_argument(command, options->target.session);
  command->add_option("location", options->address, "An address, a symbol or file:line; by default where the processor stands.")->type_name("LOCATION");
  command->add_option("--count", options->count, "Instructions. Default: 16.")->check(CLI::Range(1u, 4096u))->type_name("N");
  command->add_flag("--function", options->function, "The whole function that the place is in.");
  add_core(command, options->target);
  on_call(command, invocation, [options](Context& context) { return disassemble(context, *options); });
}

const Command registered{108, &add};

}  // namespace
}  // namespace virserver::cli
