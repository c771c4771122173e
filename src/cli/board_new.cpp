// virctl board new
#include <boost/json/serialize.hpp>

#include "cli/api.hpp"
#include "cli/board_commands.hpp"
#include "cli/board_file.hpp"
#include "cli/form.hpp"
#include "cli/text.hpp"

namespace virserver::cli {
namespace {
namespace json = boost::json;

struct Options {
  std::string from, type, load_address, output, board;
  unsigned limit = 5;
  bool force = false;
};

std::string built_for(const json::value& program) {
  std::string out = text(program, "architecture");
  if (out.empty()) out = "an unknown processor";
  if (const std::string profile = text(program, "arm_profile"); !profile.empty()) out += ", profile " + profile;
  std::string at;
  for (const auto& region : list(program, "regions")) {
    if (at.size() > 100) {
      at += ", ...";
      break;
    }
    at += (at.empty() ? "" : ", ") + text(region, "address");
  }
  return fmt::format("built for {}, with bytes at {}", out, at);
}

Task<Outcome<int>> new_board(Context& context, Options options) {
  Form form;
  if (!options.type.empty()) form.add("type", options.type);
  if (!options.load_address.empty()) form.add("load_address", options.load_address);
  if (auto added = form.add_file("program", options.from); !added) co_return pass(added);
  const unsigned limit = options.board.empty() ? options.limit : 20;
  auto answer = co_await context.client().call(std::move(form).post(fmt::format("/api/v1/templates/propose?limit={}", limit)));
  if (!answer) co_return pass(answer);
  const auto& proposals = list(answer->json, "proposals");
  if (proposals.empty())
    co_return fail(Failure{exit_failed, fmt::format("no board of the library runs {}: it is {}", printable(options.from), printable(built_for(at(answer->json, "program")))),
                           "BOARD_UNPLANNABLE", "\"virctl board list\" shows the boards; describe your own and try \"virctl board check BOARD --program FILE\""});
  const json::value* chosen = &proposals.front();
  if (!options.board.empty()) {
    chosen = nullptr;
    for (const auto& each : proposals)
      if (text(each, "template_id") == options.board) chosen = &each;
    if (!chosen)
      co_return fail(Failure{exit_failed, fmt::format("{} is not among the boards that run this image", printable(options.board)), "BOARD_UNPLANNABLE",
                             fmt::format("\"virctl board check {} --program {}\" says why", printable(options.board), printable(options.from))});
  }
  if (context.json()) {
    context.out_json(*answer);
  } else {
    for (const auto& each : proposals) {
      if (!options.board.empty() && &each != chosen) continue;
      context.out(fmt::format("{}  {}  ({} on {})\n", printable(text(each, "template_id")), printable(text(each, "name")), printable(text(each, "verdict")),
                              printable(text(each, "backend"))));
      for (const auto& reason : list(each, "reasons"))
        if (reason.is_string()) context.out(wrap("- " + printable({reason.get_string().data(), reason.get_string().size()}), 2));
    }
  }
  if (options.output.empty()) co_return exit_ok;
  const bool as_json = options.output.ends_with(".json");
  const std::string content = as_json ? json::serialize(at(*chosen, "config")) + "\n" : text(*chosen, "yaml");
  if (options.output == "-") {
    context.out(content);
    co_return exit_ok;
  }
  if (auto written = write_board_file(options.output, content, options.force); !written) co_return pass(written);
  context.note(fmt::format("{} describes {}", printable(options.output), printable(text(*chosen, "template_id"))));
  co_return exit_ok;
}

}  // namespace

void add_board_new(CLI::App& group, Invocation& invocation) {
  auto options = std::make_shared<Options>();
  auto* command = add_command(group, "new", "which boards could run an image, and a board file to begin with",
                              "Looks at the image: its architecture and build attributes, the addresses it loads to, its vector table, and "
                              "the chips and peripherals that its symbols and texts name. Prints the boards of the library that could run it, "
                              "best first, with the reasons. With -o, the best (or the one of --board) is written as a board file of your own.",
                              "EXAMPLES\n  virctl board new --from firmware.elf\n  virctl board new --from firmware.elf -o board.yaml\n"
                              "  virctl board new --from app.bin --load-address 0x08000000 --board stm32f4-disco -o board.json\n"
                              "\nEXIT STATUS\n"
                              "  0    at least one board runs it\n"
                              "  1    none does, or the image cannot be read as one\n"
                              "  2    the command line is wrong, or a file cannot be read or written\n"
                              "  3    no server answers\n");
  command->add_option("--from", options->from, "The image: ELF, Intel HEX or raw binary.")->required()->type_name(type_file);
  command->add_option("-o,--output", options->output, "Write the board here: JSON when the name ends in .json, else YAML; - is standard output.")->type_name(type_file);
  command->add_option("--board", options->board, "Take this template, if it runs the image.")->type_name(type_board);
  command->add_option("--limit", options->limit, "Show at most so many.")->check(CLI::Range(1, 20));
  command->add_option("--type", options->type, "The format of the image; recognised when left out.")->check(CLI::IsMember({"elf", "hex", "bin"}));
  command->add_option("--load-address", options->load_address, "Where a raw binary goes; by default where each board boots.")->type_name("ADDRESS");
  command->add_flag("--force", options->force, "Replace the output file if it exists.");
  on_call(command, invocation, [options](Context& context) { return new_board(context, *options); });
}

}  // namespace virserver::cli
