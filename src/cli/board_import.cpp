// virctl board import
#include <fmt/format.h>

#include <filesystem>

#include "cli/api.hpp"
#include "cli/board_commands.hpp"
#include "cli/board_file.hpp"
#include "cli/resc.hpp"
#include "cli/skyeye_conf.hpp"
#include "cli/text.hpp"

namespace virserver::cli {
namespace {

struct Options {
  std::string file, output;
  bool force = false;
};

struct Import {
  std::string content, what;  // the board's document; what it describes, for people
  std::vector<ImportedProgram> programs;
  std::vector<IgnoredLine> ignored;
};

Outcome<Import> import_renode(const Options& options, std::string text) {
  const std::filesystem::path file(options.file);
  Resc resc;
  if (file.extension() == ".repl") {
    resc.name = file.stem().string();
    resc.platform_file = options.file;
  } else {
    resc = read_resc(text);
    if (!resc.platform_file.empty()) {
      auto platform = read_text_file((file.parent_path() / resc.platform_file).string());
      if (!platform) return pass(platform);
      text = std::move(*platform);
    }
  }
  if (resc.platform.empty() && resc.platform_file.empty())
    return fail(Failure{exit_failed, fmt::format("{} loads no platform", printable(options.file)), "BOARD_UNPLANNABLE",
                        "a board names one in targets.renode.platform, brings one, or is made of its own description; see docs/boards.md"});
  return Import{board_yaml(resc, text),
                fmt::format("{} on {}", resc.name.empty() ? "a board" : printable(resc.name),
                            resc.platform.empty() ? "the platform of " + printable(resc.platform_file) : "Renode's " + resc.platform),
                std::move(resc.programs), std::move(resc.ignored)};
}

Outcome<Import> import_skyeye(const Options& options, std::string_view text) {
  auto conf = read_skyeye_conf(text);
  if (conf.mach.empty())
    return fail(Failure{exit_failed, fmt::format("{} names no machine", printable(options.file)), "BOARD_UNPLANNABLE",
                        "a skyeye.conf has a line `mach:`; virctl capabilities lists SkyEye's machines"});
  return Import{board_yaml(conf), fmt::format("SkyEye's machine {}", conf.mach), std::move(conf.programs), std::move(conf.ignored)};
}

Task<Outcome<int>> import_board(Context& context, Options options) {
  auto text = read_text_file(options.file);
  if (!text) co_return pass(text);
  const bool skyeye = std::filesystem::path(options.file).extension() == ".conf";
  auto import = skyeye ? import_skyeye(options, *text) : import_renode(options, std::move(*text));
  if (!import) co_return pass(import);
  for (const auto& ignored : import->ignored)
    context.note(fmt::format("{}:{}: ignored, {}: {}", printable(options.file), ignored.line, ignored.reason, printable(ignored.text)));
  for (const auto& program : import->programs)
    context.note(fmt::format("program: {} ({}{})", printable(program.file), program.format, program.address.empty() ? "" : " at " + printable(program.address)));
  if (options.output.empty() || options.output == "-") {
    context.out(import->content);
    co_return exit_ok;
  }
  if (auto written = write_board_file(options.output, import->content, options.force); !written) co_return pass(written);
  context.note(fmt::format("{} describes {}", printable(options.output), import->what));
  co_return exit_ok;
}

}  // namespace

void add_board_import(CLI::App& group, Invocation& invocation) {
  auto options = std::make_shared<Options>();
  auto* command = add_command(group, "import", "a board file from another emulator's files",
                              "Reads a Renode script (.resc) or platform (.repl), or a skyeye.conf, and executes nothing of it. The platform, also one of "
                              "the script's own, the machine's name and the terminals become the board; of SkyEye's file the machine, its banks and "
                              "UARTs. Programs are listed, to be uploaded to a session. Every line that was not taken is printed with the reason.",
                              "EXAMPLES\n  virctl board import my.resc\n  virctl board import my.repl -o board.yaml\n  virctl board import skyeye.conf -o board.yaml\n"
                              "\nEXIT STATUS\n"
                              "  0    the board was written\n"
                              "  1    the script loads no platform, or the file names no machine\n"
                              "  2    the command line is wrong, or a file cannot be read or written\n");
  command->add_option("FILE", options->file, "A Renode script (.resc) or platform (.repl), or SkyEye's configuration (.conf).")->required()->type_name(type_file);
  command->add_option("-o,--output", options->output, "Write the board here instead of to standard output.")->type_name(type_file);
  command->add_flag("--force", options->force, "Replace the output file if it exists.");
  on_call(command, invocation, [options](Context& context) { return import_board(context, *options); });
}

}  // namespace virserver::cli
