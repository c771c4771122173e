// Commands register themselves: a file with a command ends in `const Command registered{order, &add_it};`.
#pragma once
#include <CLI/App.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/context.hpp"

namespace virserver::cli {

using Run = std::function<Task<Outcome<int>>(Context&)>;  // yields the exit status

// What the command line asked for.
struct Invocation {
  Run run;
};

struct Command {
  using Add = void (*)(CLI::App& root, Invocation& invocation);
  Command(int order, Add add);  // `order`: the place in the help
};
std::vector<Command::Add> registered_commands();

// A subcommand with its manual: `summary` is one line, `manual` the DESCRIPTION, `more` further sections
// ("EXAMPLES\n  virctl ...\n"), each a heading in capitals and indented text.
CLI::App* add_command(CLI::App& parent, std::string name, std::string summary, std::string manual, std::string more = {});

// Sets what the command does. `run` is called after the whole command line was read.
void on_call(CLI::App* command, Invocation& invocation, Run run);

// Positional arguments and options whose type names tell the shell completion what may stand there.
inline constexpr const char* type_session = "SESSION";
inline constexpr const char* type_board = "BOARD";
inline constexpr const char* type_file = "FILE";
CLI::Option* add_session_argument(CLI::App* command, std::string& target);

// A duration option ("10ms", "30s"); a wrong one is a usage error.
CLI::Option* add_duration(CLI::App* command, std::string name, std::optional<std::chrono::nanoseconds>& target,
                          std::string description);

}  // namespace virserver::cli
