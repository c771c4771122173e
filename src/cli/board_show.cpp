// virctl board show
#include <boost/json/serialize.hpp>

#include "base/bytes.hpp"
#include "cli/api.hpp"
#include "cli/board_commands.hpp"
#include "cli/text.hpp"

namespace virserver::cli {
namespace {
namespace json = boost::json;

struct Options {
  std::string id;
};

std::optional<std::uint64_t> address_of(const json::value& part) {
  const json::value& address = at(part, "address");
  if (address.is_string()) return parse_u64(text(part, "address"));
  return address.is_number() ? std::optional(static_cast<std::uint64_t>(number(part, "address"))) : std::nullopt;
}

std::string shown(std::optional<std::uint64_t> address) { return address ? hex_address(*address) : "-"; }

std::string interrupts(const json::value& peripheral) {
  std::string out;
  for (const auto& irq : list(peripheral, "irq")) out += (out.empty() ? "" : ",") + json::serialize(irq);
  return out.size() > 24 ? out.substr(0, out.rfind(',', 20)) + ",..." : out.empty() ? "-" : out;
}

// What answers at the peripheral's address on the emulator's machine; empty when that is not known.
std::string fate(const json::value& machine, std::optional<std::uint64_t> address) {
  if (!address || list(machine, "devices").empty()) return "";
  bool modelled = false;
  for (const auto& block : list(machine, "register_models"))
    if (const auto start = address_of(block)) modelled = modelled || (*address >= *start && *address - *start < static_cast<std::uint64_t>(number(block, "size")));
  for (const auto& device : list(machine, "devices")) {
    const auto start = address_of(device);
    if (!start || *address < *start || *address - *start >= static_cast<std::uint64_t>(number(device, "size"))) continue;
    if (!flag(device, "stub")) return "emulated";
    return modelled ? "register model" : "reads 0";
  }
  return modelled ? "register model" : "missing";
}

void show_parts(Context& context, const json::value& node, const json::value& machine) {
  std::vector<std::vector<std::string>> memory{{"MEMORY", "ADDRESS", "SIZE", "TYPE"}};
  for (const auto& region : list(node, "memory"))
    memory.push_back({printable(text(region, "name")), shown(address_of(region)), size_text(static_cast<std::uint64_t>(number(region, "size"))), printable(text(region, "type"))});
  context.out("\n" + table(memory));

  std::vector<std::vector<std::string>> consoles{{"CONSOLE", "UART", "ADDRESS", "IRQ"}};
  const std::string standard = text(node, "default_console");
  std::vector<std::vector<std::string>> devices{{"DEVICE", "TYPE", "ADDRESS", "IRQ", "HERE"}};
  for (const auto& peripheral : list(node, "peripherals"))
    devices.push_back({printable(text(peripheral, "name")), printable(text(peripheral, "type")), shown(address_of(peripheral)), interrupts(peripheral),
                       fate(machine, address_of(peripheral))});
  for (const auto& console : list(node, "consoles")) {
    const std::string name = text(console, "name"), uart = text(console, "peripheral");
    std::vector<std::string> row{printable(name) + (name == standard ? " (default)" : ""), printable(uart), "-", "-"};
    for (const auto& peripheral : list(node, "peripherals"))
      if (!uart.empty() && text(peripheral, "name") == uart) row[2] = shown(address_of(peripheral)), row[3] = interrupts(peripheral);
    consoles.push_back(std::move(row));
  }
  context.out("\n" + table(consoles));
  if (devices.size() > 1) context.out("\n" + table(devices));
}

Task<Outcome<int>> show_board(Context& context, Options options) {
  const std::string path = "/api/v1/templates/" + percent_encode(options.id);
  auto answer = co_await context.client().get(path);
  if (!answer) {
    if (answer.error().code == "TEMPLATE_NOT_FOUND") answer.error().hint = "\"virctl board list\" shows the templates";
    co_return pass(answer);
  }
  if (context.json()) {
    context.out_json(*answer);
    co_return exit_ok;
  }
  auto machine = co_await context.client().get(path + "/machine");
  const json::value& board = answer->json;
  context.out(fmt::format("{}  {}\n", printable(text(board, "id")), printable(text(board, "name"))));
  if (const std::string description = text(board, "description"); !description.empty()) context.out(wrap(printable_lines(description), 0));
  const json::value none;
  const json::value& real = machine ? machine->json : none;
  if (machine)
    context.out(fmt::format("here: the machine {} of {} {}, processor {}, from {} MiB of host memory\n", printable(text(real, "machine")), printable(text(real, "backend")),
                            printable(text(real, "version")), printable(text(real, "processor")), number(real, "minimum_memory_mb")));
  else
    context.out(wrap("here: no emulator takes it: " + printable(machine.error().message), 0));
  for (const auto& node : list(at(board, "config"), "nodes")) {
    const json::value& processor = at(node, "processor");
    const auto frequency = number(processor, "frequency");
    context.out(fmt::format("\nnode {}: {} x{}{}\n", printable(text(node, "id")), printable(text(processor, "type")), number(processor, "cores", 1),
                            frequency > 0 ? fmt::format(", {} MHz", frequency / 1'000'000) : ""));
    show_parts(context, node, real);
  }
  if (!list(board, "findings").empty()) context.out("\nNOTES\n");
  for (const auto& finding : list(board, "findings"))
    if (finding.is_string()) context.out(wrap("- " + printable({finding.get_string().data(), finding.get_string().size()}), 2));
  co_return exit_ok;
}

}  // namespace

void add_board_show(CLI::App& group, Invocation& invocation) {
  auto options = std::make_shared<Options>();
  auto* show = add_command(group, "show", "show one template",
                           "Shows processor, memory, consoles and devices of a template, what answers at each device's address on the emulator "
                           "of this server (HERE), and what of the real board is approximated or missing. --json prints the template.",
                           "EXAMPLES\n  virctl board show stm32f4-disco\n"
                           "  virctl board show microbit --json | jq .config > my-board.json\n");
  show->add_option("board", options->id, "The template's id.")->required()->type_name(type_board);
  on_call(show, invocation, [options](Context& context) { return show_board(context, *options); });
}

}  // namespace virserver::cli
