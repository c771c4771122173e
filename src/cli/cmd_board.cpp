// virctl board list; the other subcommands have files of their own
#include "cli/api.hpp"
#include "cli/board_commands.hpp"
#include "cli/command.hpp"
#include "cli/text.hpp"

namespace virserver::cli {
namespace {
namespace json = boost::json;

struct Options {
  std::string id, tag, name, source;
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
  if (!options.source.empty()) query.terms.push_back("source=" + options.source);
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

void add(CLI::App& root, Invocation& invocation) {
  auto* group = add_command(root, "board", "the library of boards, and checks of your own",
                            "Boards are named by the id of a template, or described in a JSON or YAML file.");
  group->require_subcommand(1);
  auto options = std::make_shared<Options>();

  auto* all = add_command(*group, "list", "list the board templates", "Lists every template of the server, built-in and your own.",
                          "EXAMPLES\n  virctl board list --tag arm\n  virctl board list --source discovered --name nrf\n");
  all->add_option("--tag", options->tag, "Only templates with this tag.");
  all->add_option("--name", options->name, "Only templates with this text in the id or name.");
  all->add_option("--source", options->source, "curated: the library and your own (default); discovered: the platforms that the installed Renode ships; all: both.")
      ->check(CLI::IsMember({"curated", "discovered", "all"}));
  on_call(all, invocation, [options](Context& context) { return list_boards(context, *options); });

  add_board_show(*group, invocation);
  add_board_check(*group, invocation);
  add_board_new(*group, invocation);
  add_board_import(*group, invocation);
}

const Command registered{30, &add};

}  // namespace
}  // namespace virserver::cli
