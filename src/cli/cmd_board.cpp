// virctl board list|show; check and new have files of their own
#include <boost/json/serialize.hpp>

#include "cli/api.hpp"
#include "cli/board_commands.hpp"
#include "cli/command.hpp"
#include "cli/text.hpp"

namespace virserver::cli {
namespace {
namespace json = boost::json;

struct Options {
  std::string id, tag, name;
};

std::string words(const json::array& array) {
  std::string out;
  for (const auto& word : array)
    if (word.is_string()) out += (out.empty() ? "" : ",") + printable({word.get_string().data(), word.get_string().size()});
  return out;
}

Task<Outcome<int>> list_boards(Context& context, Options options) {
  ListQuery query{.path = "/api/v1/templates", .terms = {}};
  if (!options.tag.empty()) query.terms.push_back("tag=" + percent_encode(options.tag));
  if (!options.name.empty()) query.terms.push_back("name=" + percent_encode(options.name));
  auto all = co_await fetch_list(context.client(), std::move(query));
  if (!all) co_return pass(all);
  if (context.json()) {
    context.out_json(*all);
    co_return exit_ok;
  }
  std::vector<std::vector<std::string>> rows{{"ID", "BACKENDS", "NAME", "TAGS"}};
  for (const auto& item : list(all->json, "items"))
    rows.push_back({printable(text(item, "id")), words(list(item, "backends")), printable(text(item, "name")),
                    words(list(item, "tags"))});
  context.out(table(rows));
  co_return exit_ok;
}

std::string address_of(const json::value& memory) {
  const json::value& address = at(memory, "address");
  return address.is_string() ? printable(text(memory, "address")) : json::serialize(address);
}

void describe_node(Context& context, const json::value& node) {
  const json::value& processor = at(node, "processor");
  context.out(fmt::format("node {}: {} x{}\n", printable(text(node, "id")), printable(text(processor, "type")),
                          number(processor, "cores", 1)));
  for (const auto& memory : list(node, "memory")) {
    const std::string name = text(memory, "name");
    context.out(fmt::format("  memory      {} {} {}\n", address_of(memory), size_text(static_cast<std::uint64_t>(number(memory, "size"))),
                            printable(name.empty() ? text(memory, "type") : name)));
  }
  for (const auto& peripheral : list(node, "peripherals"))
    context.out(fmt::format("  peripheral  {} ({})\n", printable(text(peripheral, "name")), printable(text(peripheral, "type"))));
  for (const auto& console : list(node, "consoles"))
    context.out(fmt::format("  console     {}\n", printable(text(console, "name"))));
}

Task<Outcome<int>> show_board(Context& context, Options options) {
  auto answer = co_await context.client().get("/api/v1/templates/" + percent_encode(options.id));
  if (!answer) {
    if (answer.error().code == "TEMPLATE_NOT_FOUND") answer.error().hint = "\"virctl board list\" shows the templates";
    co_return pass(answer);
  }
  if (context.json()) {
    context.out_json(*answer);
    co_return exit_ok;
  }
  const json::value& board = answer->json;
  context.out(fmt::format("{}  {}\n", printable(text(board, "id")), printable(text(board, "name"))));
  if (const std::string description = text(board, "description"); !description.empty())
    context.out(wrap(printable_lines(description), 0));
  context.out(fmt::format("backends: {}\n", words(list(board, "backends"))));
  for (const auto& node : list(at(board, "config"), "nodes")) describe_node(context, node);
  for (const auto& finding : list(board, "findings"))
    if (finding.is_string())
      context.out(wrap("note: " + printable({finding.get_string().data(), finding.get_string().size()}), 0));
  co_return exit_ok;
}

void add(CLI::App& root, Invocation& invocation) {
  auto* group = add_command(root, "board", "the library of boards, and checks of your own",
                            "Boards are named by the id of a template, or described in a JSON or YAML file.");
  group->require_subcommand(1);
  auto options = std::make_shared<Options>();

  auto* all = add_command(*group, "list", "list the board templates", "Lists every template of the server, built-in and your own.",
                          "EXAMPLES\n  virctl board list --tag arm\n");
  all->add_option("--tag", options->tag, "Only templates with this tag.");
  all->add_option("--name", options->name, "Only templates with this text in the id or name.");
  on_call(all, invocation, [options](Context& context) { return list_boards(context, *options); });

  auto* show = add_command(*group, "show", "show one template",
                           "Shows processor, memory, peripherals and consoles of a template, and what of the real board is "
                           "approximated or missing. --json prints the whole of it.",
                           "EXAMPLES\n  virctl board show stm32f4-disco\n"
                           "  virctl board show microbit --json | jq .config > my-board.json\n");
  show->add_option("board", options->id, "The template's id.")->required()->type_name(type_board);
  on_call(show, invocation, [options](Context& context) { return show_board(context, *options); });

  add_board_check(*group, invocation);
  add_board_new(*group, invocation);
}

const Command registered{30, &add};

}  // namespace
}  // namespace virserver::cli
