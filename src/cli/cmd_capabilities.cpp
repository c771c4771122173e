// virctl capabilities

#include "cli/api.hpp"
#include "cli/command.hpp"
#include "cli/text.hpp"

namespace virserver::cli {
namespace {

struct Options {
  std::string backend, models, name, architecture;
};

std::string joined(const boost::json::array& words) {
  std::string out;
  for (const auto& word : words)
    if (word.is_string()) out += (out.empty() ? "" : ", ") + printable({word.get_string().data(), word.get_string().size()});
  return out;
}

Task<Outcome<int>> show_models(Context& context, Options options) {
  ListQuery query{.path = "/api/v1/models/" + options.models, .terms = {}};
  if (!options.backend.empty()) query.terms.push_back("backend=" + percent_encode(options.backend));
  if (!options.name.empty()) query.terms.push_back("name=" + percent_encode(options.name));
  if (!options.architecture.empty()) query.terms.push_back("architecture=" + percent_encode(options.architecture));
  auto models = co_await fetch_list(context.client(), std::move(query));
  if (!models) co_return pass(models);
  if (context.json()) {
    context.out_json(*models);
    co_return exit_ok;
  }
  const bool processors = options.models == "processors";
  std::vector<std::vector<std::string>> rows{{"ID", processors ? "ARCHITECTURE" : "TYPE", "NAME", "BACKENDS"}};
  for (const auto& item : list(models->json, "items"))
    rows.push_back({printable(text(item, "id")), printable(text(item, processors ? "architecture" : "type")),
                    printable(text(item, "name")), joined(list(item, "backends"))});
  context.out(table(rows));
  co_return exit_ok;
}

Task<Outcome<int>> show(Context& context, Options options) {
  if (!options.models.empty()) co_return co_await show_models(context, std::move(options));
  auto answer = co_await context.client().get("/api/v1/capabilities");
  if (!answer) co_return pass(answer);
  if (context.json()) {
    context.out_json(*answer);
    co_return exit_ok;
  }
  const auto* backends = at(answer->json, "backends").if_object();
  if (backends == nullptr) co_return exit_ok;
  for (const auto& [name, backend] : *backends) {
    if (!options.backend.empty() && options.backend != std::string_view(name)) continue;
    context.out(fmt::format("{}  {} {}\n", context.paint("1", printable({name.data(), name.size()})),
                            printable(text(backend, "status")), printable(text(backend, "version"))));
    if (const std::string reason = text(backend, "reason"); !reason.empty())
      context.out(wrap(printable_lines(reason), 2, 100));
    const auto* features = at(backend, "features").if_object();
    for (const auto& [feature, available] : features != nullptr ? *features : boost::json::object()) {
      const bool yes = available.is_bool() && available.get_bool();
      const std::string reason = yes ? "" : text(at(backend, "reasons"), feature);
      std::string line = fmt::format("  {:<18} {}", printable({feature.data(), feature.size()}), yes ? "yes" : "no");
      if (!reason.empty()) line += "   " + printable(reason);
      context.out(line + "\n");
    }
  }
  for (const char* kind : {"processors", "peripherals", "buses"})
    if (const auto* all = at(answer->json, kind).if_object())
      context.out(fmt::format("{}: {} (see --models {})\n", kind, all->size(), kind));
  co_return exit_ok;
}

void add(CLI::App& root, Invocation& invocation) {
  auto options = std::make_shared<Options>();
  auto* command = add_command(
      root, "capabilities", "what the server can emulate",
      "Shows each backend with its version and features. A feature that is missing has its reason beside it. With "
      "--models, lists the processors, peripherals or buses that the installed emulators know.",
      "EXAMPLES\n"
      "  virctl capabilities --backend qemu\n"
      "  virctl capabilities --models processors --architecture riscv32\n"
      "  virctl capabilities --json | jq '.backends.qemu.features'\n");
  command->add_option("--backend", options->backend, "Only this backend.")->check(CLI::IsMember({"qemu", "renode", "skyeye"}));
  auto* models = command->add_option("--models", options->models, "List models of this kind instead.")
                     ->check(CLI::IsMember({"processors", "peripherals", "buses"}));
  command->add_option("--name", options->name, "Only models with this text in the id or name.")->needs(models);
  command->add_option("--architecture", options->architecture, "Only processors of this architecture: arm, aarch64, riscv32, ...")
      ->needs(models);
  on_call(command, invocation, [options](Context& context) -> Task<Outcome<int>> {
    if (!options->architecture.empty() && options->models != "processors") {
      Failure failure{exit_usage, "--architecture goes with --models processors only", "USAGE"};
      co_return fail(std::move(failure));
    }
    co_return co_await show(context, *options);
  });
}

const Command registered{10, &add};

}  // namespace
}  // namespace virserver::cli
