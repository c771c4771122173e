#include "cli/command.hpp"

#include <algorithm>

#include "cli/text.hpp"

namespace virserver::cli {
namespace {

struct Row {
  int order;
  Command::Add add;
};
std::vector<Row>& rows() {
  static std::vector<Row> all;
  return all;
}

}  // namespace

Command::Command(int order, Add add) { rows().push_back({order, add}); }

std::vector<Command::Add> registered_commands() {
  std::ranges::sort(rows(), {}, &Row::order);
  std::vector<Command::Add> out;
  for (const Row& row : rows()) out.push_back(row.add);
  return out;
}

CLI::App* add_command(CLI::App& parent, std::string name, std::string summary, std::string manual, std::string more) {
  CLI::App* command = parent.add_subcommand(std::move(name), summary + "\n" + manual);
  command->footer(std::move(more));
  return command;
}

void on_call(CLI::App* command, Invocation& invocation, Run run) {
  command->final_callback([&invocation, run = std::move(run)] { invocation.run = run; });
}

CLI::Option* add_session_argument(CLI::App* command, std::string& target) {
  return command->add_option("session", target, "The session: its id, a unique beginning of it, or its exact name")
      ->required()
      ->type_name(type_session);
}

CLI::Option* add_duration(CLI::App* command, std::string name, std::optional<std::chrono::nanoseconds>& target,
                          std::string description) {
  const auto set = [&target, name](const std::string& text) {
    auto parsed = parse_duration(text);
    if (!parsed) throw CLI::ValidationError(name, parsed.error().message);
    target = *parsed;
  };
  return command->add_option_function<std::string>(name, set, std::move(description))->type_name("DURATION");
}

}  // namespace virserver::cli
