// virctl regs
#include <algorithm>

#include "base/bytes.hpp"
#include "cli/debug.hpp"
#include "cli/text.hpp"

namespace virserver::cli {
namespace {
namespace json = boost::json;

struct Options {
  Target target;
  std::string group;
  std::vector<std::string> registers;
};

void show(Context& context, const Answer& registers) {
  if (context.json()) return context.out_json(registers);
  std::vector<std::vector<std::string>> rows{{"NAME", "VALUE", "DECIMAL"}};
  for (const json::value& item : list(registers.json, "items")) {
    const std::string value = text(item, "value");
    const auto decimal = number(item, "bits") <= 64 && !text(item, "type").starts_with("ieee") ? parse_u64(value) : std::nullopt;
    rows.push_back({printable(text(item, "name")), printable(value), decimal ? std::to_string(*decimal) : ""});
  }
  context.out(table(rows));
}

Task<Outcome<int>> read(Context& context, Options options) {
  auto call = co_await DebugCall::to(context, options.target, "/registers");
  if (!call) co_return pass(call);
  if (!options.group.empty()) call->add("group", options.group);
  for (const std::string& name : options.registers) call->add("name", name);
  auto answer = co_await call->get();
  if (!answer && answer.error().code == "TARGET_RUNNING") answer.error().hint += "; \"--halt\" stops it for this moment only";
  if (!answer) co_return pass(answer);
  show(context, *answer);
  co_return exit_ok;
}

Task<Outcome<int>> write(Context& context, Options options) {
  json::object values;
  for (const std::string& assignment : options.registers) {
    const std::size_t sign = assignment.find('=');
    const std::string name = assignment.substr(0, sign), value = assignment.substr(sign + 1);
    const bool negative = value.starts_with('-');
    const auto magnitude = parse_u64(std::string_view(value).substr(negative ? 1 : 0));
    if (name.empty() || values.contains(name)) co_return fail(exit_usage, "USAGE", "{} names {}", printable(assignment), name.empty() ? "no register" : "a register twice");
    if (value.starts_with("0x")) values[name] = value;  // of any width; the server checks
    else if (!magnitude || *magnitude >> 63 != 0) co_return fail(exit_usage, "USAGE", "{} is no value for {}: give a number, or 0x and hexadecimal digits", printable(value), printable(name));
    else values[name] = negative ? -static_cast<std::int64_t>(*magnitude) : static_cast<std::int64_t>(*magnitude);
  }
  auto call = co_await DebugCall::to(context, options.target, "/registers");
  if (!call) co_return pass(call);
  json::object body{{"registers", std::move(values)}};
  auto answer = co_await call->send("PATCH", std::move(body));
  if (!answer) co_return pass(answer);
  show(context, *answer);
  co_return exit_ok;
}

Task<Outcome<int>> regs(Context& context, Options options) {
  const auto assignments = std::ranges::count_if(options.registers, [](const std::string& word) { return word.find('=') != word.npos; });
  if (assignments == 0) co_return co_await read(context, std::move(options));
  if (static_cast<std::size_t>(assignments) != options.registers.size() || !options.group.empty())
    co_return fail(exit_usage, "USAGE", "read registers or write them, not both in one call");
  co_return co_await write(context, std::move(options));
}

void add(CLI::App& root, Invocation& invocation) {
  auto options = std::make_shared<Options>();
  auto* command = add_command(
      root, "regs", "show or write registers",
      "Shows the general registers of a processor that stands, or those that are named. NAME=VALUE writes; all names and values are checked before the "
      "first is written. The names are those of the emulator, as gdb shows them.",
      "EXAMPLES\n  virctl regs blinky\n  virctl regs blinky pc sp --halt\n  virctl regs blinky --group float\n  virctl regs blinky r0=5 pc=0x08000130\n");
  add_session_argument(command, options->target.session);
  command->add_option("register", options->registers, "Names to show, or NAME=VALUE to write.")->type_name("NAME[=VALUE]");
  command->add_option("--group", options->group, "This group instead of the general ones.")
      ->check(CLI::IsMember({"general", "special", "float", "vector", "all"}));
  add_core(command, options->target);
  add_halt(command, options->target);
  on_call(command, invocation, [options](Context& context) { return regs(context, *options); });
}

const Command registered{102, &add};

}  // namespace
}  // namespace virserver::cli
