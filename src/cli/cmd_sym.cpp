// virctl sym

#include "cli/debug.hpp"
#include "cli/text.hpp"

namespace virserver::cli {
namespace {
namespace json = boost::json;

struct Options {
  Target target;
  std::string query, kind, address;
  std::uint64_t limit = 0;
};

Task<Outcome<int>> symbols(Context& context, Options options) {
  auto call = co_await DebugCall::to(context, options.target, "/symbols");
  if (!call) co_return pass(call);
  ListQuery query{.path = call->target(), .terms = {}, .limit = options.limit};
  if (!options.query.empty()) query.terms.push_back("query=" + percent_encode(options.query));
  if (!options.kind.empty()) query.terms.push_back("kind=" + options.kind);
  if (!options.address.empty()) query.terms.push_back("address=" + percent_encode(options.address));
  auto all = co_await fetch_list(context.client(), std::move(query));
  if (!all) co_return pass(all);
  if (context.json()) {
    context.out_json(*all);
    co_return exit_ok;
  }
  std::vector<std::vector<std::string>> rows{{"ADDRESS", "SIZE", "KIND", "NAME", "SOURCE"}};
  for (const json::value& item : list(all->json, "items")) {
    const std::string file = text(item, "file");
    std::string name = text(item, "name");
    if (const auto offset = number(item, "offset"); offset > 0) name += fmt::format(" (+{:#x})", offset);
    rows.push_back({printable(text(item, "address")), std::to_string(number(item, "size")), printable(text(item, "kind")), printable(name),
                    file.empty() ? "" : printable(fmt::format("{}:{}", file, number(item, "line")))});
  }
  context.out(table(rows));
  if (const auto left = number(all->json, "total") - static_cast<std::int64_t>(rows.size() - 1); options.limit > 0 && left > 0)
    context.note(fmt::format("{} more; see --limit", left));
  co_return exit_ok;
}

void add(CLI::App& root, Invocation& invocation) {
  auto options = std::make_shared<Options>();
  auto* command = add_command(
      root, "sym", "find symbols of the programs",
      "Lists functions and variables whose name has the given text anywhere, in any case; with * or ? it is a pattern for the whole name. Of the programs "
      "that the board was started with, or that the next power-on would load.",
      "EXAMPLES\n  virctl sym blinky uart\n  virctl sym blinky 'HAL_*' --kind function\n  virctl sym blinky --address 0x08000132\n");
  add_session_argument(command, options->target.session);
  command->add_option("query", options->query, "Part of the name, or a pattern.")->type_name("TEXT");
  command->add_option("--kind", options->kind, "Only these.")->check(CLI::IsMember({"function", "object", "label"}));
  command->add_option("--address", options->address, "The symbol that this address is in.")->type_name("ADDRESS");
  command->add_option("--limit", options->limit, "So many at most; by default all.")->check(CLI::Range(std::uint64_t{1}, std::uint64_t{200}))->type_name("N");
  on_call(command, invocation, [options](Context& context) { return symbols(context, *options); });
}

const Command registered{109, &add};

}  // namespace
}  // namespace virserver::cli
