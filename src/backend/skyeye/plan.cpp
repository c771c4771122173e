#include "backend/skyeye/plan.hpp"

#include <boost/json.hpp>

#include <algorithm>

#include "backend/parts.hpp"
#include "backend/skyeye/conf.hpp"
#include "base/bytes.hpp"

namespace virserver::backend::skyeye {

namespace json = boost::json;

namespace {

constexpr const char* target_pointer = "/nodes/0/targets/skyeye";
constexpr std::uint64_t host_memory_mb = 96;  // measured resident, besides the guest's memory: 40 MB

Error unplannable(const std::vector<Finding>& findings) {
  static constexpr std::string_view names[] = {"info", "approximated", "missing", "error"};
  json::array list;
  for (const auto& finding : findings)
    list.push_back({{"severity", names[static_cast<int>(finding.severity)]}, {"pointer", finding.pointer}, {"message", finding.message}});
  const auto first = std::ranges::find(findings, Severity::error, &Finding::severity);
  return Error{ErrorCode::BOARD_UNPLANNABLE, fmt::format("SkyEye cannot run this board: {}", first->message), {{"backend", "skyeye"}, {"findings", std::move(list)}}};
}

std::string text_at(const json::object& object, const char* key) {
  const auto* value = object.if_contains(key);
  return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

const json::object* target_of(const board::Node& node) {
  const auto* target = node.targets.if_contains("skyeye");
  return target ? target->if_object() : nullptr;
}

// [{"address": ..., "size": ...}] of targets.skyeye.registers, or the machine's own window.
void add_registers(const json::object& target, const Mach& mach, Conf& conf, std::vector<Finding>& findings) {
  const auto* list = target.if_contains("registers");
  if (!list) {
    if (mach.io_size) conf.banks.push_back({Bank::Kind::registers, "", mach.io_address, mach.io_size, std::string(target_pointer) + "/mach"});
    return;
  }
  const std::string pointer = std::string(target_pointer) + "/registers";
  const auto* array = list->if_array();
  for (std::size_t i = 0; array && i < array->size(); ++i) {
    const auto* entry = (*array)[i].if_object();
    auto number = [&](const char* key) -> std::optional<std::uint64_t> {
      const auto* value = entry ? entry->if_contains(key) : nullptr;
      if (value && value->is_string()) return parse_u64(std::string_view(value->get_string()));
      error_code ec;
      const auto n = value && value->is_number() ? value->to_number<std::uint64_t>(ec) : 0;
      return value && value->is_number() && !ec ? std::optional(n) : std::nullopt;
    };
    const auto address = number("address"), size = number("size");
    if (address && size) conf.banks.push_back({Bank::Kind::registers, "", *address, *size, fmt::format("{}/{}", pointer, i)});
    else findings.push_back({Severity::error, fmt::format("{}/{}", pointer, i), "a range of registers has an address and a size"});
  }
  if (!array) findings.push_back({Severity::error, pointer, "the registers are a list of ranges with address and size"});
}

std::string choose_cpu(const board::Node& node, const json::object& target, const Mach& mach, std::vector<Finding>& findings) {
  if (mach.default_cpu.empty()) return {};
  if (const auto named = text_at(target, "cpu"); !named.empty()) return named;
  const auto* wanted = node.processor.id.empty() ? nullptr : find_cpu(node.processor.id);
  if (wanted) return std::string(wanted->name);
  if (!node.processor.id.empty())
    findings.push_back({Severity::approximated, "/nodes/0/processor", fmt::format("SkyEye has no {}; the machine {} gets its {}", node.processor.id, mach.name, mach.default_cpu)});
  return std::string(mach.default_cpu);
}

// Which of the machine's UARTs with a line `uart:` the console is at. Of a machine whose UARTs are not known, the first.
std::optional<unsigned> uart_of(const board::Node& node, const board::Console& console, const Mach& mach) {
  const auto described = std::ranges::find(node.peripherals, console.peripheral, &board::Peripheral::name);
  const auto uarts = mach.consoles();
  if (uarts.empty()) return 0;
  if (described == node.peripherals.end() || !described->address) return console.index < uarts.size() ? std::optional(console.index) : std::nullopt;
  const auto found = std::ranges::find(uarts, *described->address, &Device::address);
  return found == uarts.end() ? std::nullopt : std::optional(static_cast<unsigned>(found - uarts.begin()));
}

void wire_consoles(const board::Node& node, const Mach& mach, EnginePlan& plan) {
  for (std::size_t i = 0; i < node.consoles.size(); ++i) {
    auto console = node.consoles[i];
    const auto uart = uart_of(node, console, mach);
    if (uart && std::ranges::find(plan.consoles, *uart, &board::Console::index) == plan.consoles.end()) {
      console.index = *uart;
      plan.consoles.push_back(std::move(console));
      continue;
    }
    std::vector<std::string> all;
    for (const auto& each : mach.consoles()) all.push_back(fmt::format("{} at {}", each.name, hex_address(each.address)));
    plan.findings.push_back({Severity::missing, fmt::format("/nodes/0/consoles/{}", i),
                             all.empty() ? fmt::format("SkyEye passes on one UART of {}", mach.name) : fmt::format("of the UARTs of {}, SkyEye passes on {}", mach.name, fmt::join(all, ", "))});
  }
  if (node.consoles.empty()) plan.consoles.push_back({"uart0", "", 0});
  std::ranges::sort(plan.consoles, {}, &board::Console::index);
  const auto wanted = std::ranges::find(plan.consoles, node.default_console, &board::Console::name);
  if (!plan.consoles.empty()) plan.default_console = (wanted != plan.consoles.end() ? *wanted : plan.consoles.front()).name;
}

void list_devices(const Mach& mach, EnginePlan& plan) {
  for (unsigned i = 0; i < mach.devices.size(); ++i) {
    const auto& device = mach.devices[i];
    plan.devices.push_back({std::string(device.name), std::string(device.model), std::string(device.kind), device.address, device.size, false,
                            i < mach.uarts ? std::optional(i) : std::nullopt});
  }
  std::ranges::sort(plan.devices, {}, &DeviceRegion::address);
}

}  // namespace

Result<EnginePlan> plan_board(const board::Board& board, const Installation& installation) {
  const auto& node = board.nodes.front();
  EnginePlan plan;
  plan.backend = "skyeye";
  const auto* target = target_of(node);
  const std::string machine = target ? text_at(*target, "mach") : std::string();
  const auto* mach = find_mach(machine);
  if (!mach) {
    std::vector<std::string> all;
    for (const auto& each : machs()) all.emplace_back(each.name);
    plan.findings.push_back({Severity::error, std::string(target_pointer) + "/mach",
                             machine.empty() ? fmt::format("it names none of SkyEye's machines in targets.skyeye.mach: {}", fmt::join(all, ", "))
                                             : fmt::format("SkyEye has no machine {}; it has {}", machine, fmt::join(all, ", "))});
    return fail(unplannable(plan.findings));
  }
  Conf conf;
  conf.arch = mach->arch;
  conf.mach = mach->name;
  conf.cpu = choose_cpu(node, *target, *mach, plan.findings);
  for (std::size_t i = 0; i < node.memory.size(); ++i)
    conf.banks.push_back({Bank::Kind::memory, node.memory[i].name, node.memory[i].address, node.memory[i].size, fmt::format("/nodes/0/memory/{}", i)});
  add_registers(*target, *mach, conf, plan.findings);
  std::ranges::sort(conf.banks, {}, &Bank::address);
  for (auto& finding : check(conf, installation)) plan.findings.push_back(std::move(finding));
  if (!node.processor.id.empty() && node.processor.architecture != mach->architecture)
    plan.findings.push_back({Severity::error, "/nodes/0/processor", fmt::format("SkyEye's machine {} has a processor of another architecture", mach->name)});
  if (node.processor.cores > 1) plan.findings.push_back({Severity::error, "/nodes/0/processor/cores", "a SkyEye machine has one processor"});
  if (!mach->tried) plan.findings.push_back({Severity::info, std::string(target_pointer) + "/mach", fmt::format("nobody has tried the machine {} with VirServer yet", mach->name)});
  const bool fails = std::ranges::find(plan.findings, Severity::error, &Finding::severity) != plan.findings.end();
  if (fails) return fail(unplannable(plan.findings));

  plan.architecture = mach->architecture;
  plan.profile = mach->architecture == Architecture::arm ? (conf.cpu == "cortex_a9" ? 'A' : 'C') : 0;
  plan.big_endian = mach->architecture == Architecture::sparc || mach->architecture == Architecture::ppc;
  for (const auto& bank : conf.banks)
    if (bank.kind == Bank::Kind::memory) plan.memory.push_back({bank.name, bank.address, bank.size, true});
  if (std::ranges::find(node.memory, board::MemoryType::ram, &board::Memory::type) == node.memory.end() || std::ranges::any_of(node.memory, [](const board::Memory& m) { return m.type != board::MemoryType::ram; }))
    plan.findings.push_back({Severity::approximated, "/nodes/0/memory", "flash and ROM are memory that a program can write"});
  list_devices(*mach, plan);
  wire_consoles(node, *mach, plan);
  for (auto& finding : peripheral_findings(board, plan, mach->name)) plan.findings.push_back(std::move(finding));
  json::array readable, banks;
  for (const auto& bank : conf.banks) banks.push_back({bank.address, bank.size});
  for (const auto& path : installation.needed) readable.emplace_back(path.string());
  plan.minimum_memory_mb = host_memory_mb;
  plan.data = {{"launcher", installation.launcher.string()}, {"version", installation.version}, {"machine", machine}, {"conf", to_text(conf)}, {"input_gap_ms", mach->input_gap_ms},
               {"banks", std::move(banks)}, {"readable", std::move(readable)}};
  return plan;
}

}  // namespace virserver::backend::skyeye
