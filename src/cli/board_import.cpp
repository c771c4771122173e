// virctl board import
#include <fmt/format.h>

#include <filesystem>

#include "cli/api.hpp"
#include "cli/board_commands.hpp"
#include "cli/board_file.hpp"
#include "cli/resc.hpp"
#include "cli/text.hpp"

namespace virserver::cli {
namespace {

struct Options {
  std::string script, output;
  bool force = false;
};

Task<Outcome<int>> import_board(Context& context, Options options) {
  auto text = read_text_file(options.script);
  if (!text) co_return pass(text);
  const std::filesystem::path file(options.script);
  Resc resc;
  if (file.extension() == ".repl") {
    resc.name = file.stem().string();
    resc.platform_file = options.script;
  } else {
    resc = read_resc(*text);
    if (!resc.platform_file.empty()) {
      text = read_text_file((file.parent_path() / resc.platform_file).string());
      if (!text) co_return pass(text);
    }
  }
  if (resc.platform.empty() && resc.platform_file.empty())
    co_return fail(Failure{exit_failed, fmt::format("{} loads no platform", printable(options.script)), "BOARD_UNPLANNABLE",
                           "a board names one in targets.renode.platform, brings one, or is made of its own description; see docs/boards.md"});
  for (const auto& ignored : resc.ignored)
    context.note(fmt::format("{}:{}: ignored, {}: {}", printable(options.script), ignored.line, ignored.reason, printable(ignored.text)));
  for (const auto& program : resc.programs)
    context.note(fmt::format("program: {} ({}{})", printable(program.file), program.format, program.address.empty() ? "" : " at " + printable(program.address)));
  const std::string content = board_yaml(resc, *text);
  if (options.output.empty() || options.output == "-") {
    context.out(content);
    co_return exit_ok;
  }
  if (auto written = write_board_file(options.output, content, options.force); !written) co_return pass(written);
  context.note(fmt::format("{} describes {} on {}", printable(options.output), resc.name.empty() ? "a board" : printable(resc.name),
                           resc.platform.empty() ? "the platform of " + printable(resc.platform_file) : "Renode's " + resc.platform));
  co_return exit_ok;
}

}  // namespace

void add_board_import(CLI::App& group, Invocation& invocation) {
  auto options = std::make_shared<Options>();
  auto* command = add_command(group, "import", "a board file from a Renode script or platform",
                              "Reads a .resc or .repl and executes nothing of it. The platform, also one of the script's own, the machine's name and the "
                              "terminals become the board; programs are listed, to be uploaded to a session. Every line that was not taken is "
                              "printed with the reason.",
                              "EXAMPLES\n  virctl board import my.resc\n  virctl board import my.repl -o board.yaml\n"
                              "\nEXIT STATUS\n"
                              "  0    the board was written\n"
                              "  1    the script loads no platform\n"
                              "  2    the command line is wrong, or a file cannot be read or written\n");
  command->add_option("SCRIPT", options->script, "The Renode script (.resc) or platform (.repl).")->required()->type_name(type_file);
  command->add_option("-o,--output", options->output, "Write the board here instead of to standard output.")->type_name(type_file);
  command->add_flag("--force", options->force, "Replace the output file if it exists.");
  on_call(command, invocation, [options](Context& context) { return import_board(context, *options); });
}

}  // namespace virserver::cli
