// virctl irq
#include "base/bytes.hpp"
#include "cli/api.hpp"
#include "cli/command.hpp"
#include "cli/text.hpp"

namespace virserver::cli {
namespace {
namespace json = boost::json;

struct Options {
  std::string session, line;
  bool raise = false, lower = false;
};

Task<Outcome<int>> drive(Context& context, Options options) {
  auto session = co_await find_session(context.client(), options.session);
  if (!session) co_return pass(session);
  const auto number_given = parse_u64(options.line);
  json::object body{{"line", number_given ? json::value(*number_given) : json::value(options.line)},
                    {"action", options.raise ? "raise" : options.lower ? "lower" : "pulse"}};
  auto answer = co_await context.client().post(session_path(text(*session, "id"), "/irq"), std::move(body));
  if (!answer) co_return pass(answer);
  if (context.json()) {
    context.out_json(*answer);
    co_return exit_ok;
  }
  const std::string name = printable(text(answer->json, "name"));
  const std::string action = text(answer->json, "action");
  context.out(fmt::format("line {}{} {}\n", number(answer->json, "line"), name.empty() ? "" : fmt::format(" ({})", name),
                          action == "raise" ? "raised" : action == "lower" ? "lowered" : "pulsed"));
  co_return exit_ok;
}

void add(CLI::App& root, Invocation& invocation) {
  auto options = std::make_shared<Options>();
  auto* command = add_command(
      root, "irq", "raise, lower or pulse an interrupt line",
      "Drives an input of the board's interrupt controller as if its device did. The line is a number as the board counts it, or the name of a peripheral that "
      "has an interrupt (USART2; EXTI[1] where it has several, counted from 0). A pulse lasts a millisecond of the host's time; a controller that looks at levels "
      "may miss it while the board stands, so raise the line there.",
      "EXAMPLES\n  virctl irq blinky USART2\n  virctl irq blinky 38 --raise\n  virctl irq blinky 38 --lower\n");
  add_session_argument(command, options->session);
  command->add_option("line", options->line, "A number or a name.")->required()->type_name("LINE");
  auto* raise = command->add_flag("--raise", options->raise, "Drive it high and leave it so.");
  command->add_flag("--lower", options->lower, "Drive it low.")->excludes(raise);
  on_call(command, invocation, [options](Context& context) { return drive(context, *options); });
}

const Command registered{77, &add};

}  // namespace
}  // namespace virserver::cli
