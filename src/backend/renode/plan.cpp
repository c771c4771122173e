#include "backend/renode/plan.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <set>

#include "backend/parts.hpp"
#include "backend/renode/tables.hpp"
#include "base/bytes.hpp"
#include "shim/protocol.hpp"

namespace virserver::backend::renode {

namespace json = boost::json;

namespace {

constexpr std::size_t max_consoles = 8;

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

std::string local_name(std::string_view name) { return std::string(name.substr(name.rfind('.') + 1)); }

const RangeFact* range_of(const ProbeFacts& facts, std::string_view name) {
  const auto found = std::ranges::find(facts.ranges, name, &RangeFact::name);
  return found == facts.ranges.end() ? nullptr : &*found;
}
const PeripheralFact* peripheral_of(const ProbeFacts& facts, std::string_view name) {
  const auto found = std::ranges::find(facts.peripherals, name, &PeripheralFact::name);
  return found == facts.peripherals.end() ? nullptr : &*found;
}

bool reads_only(std::string_view name) {
  const std::string small = lower(name);
  return small.contains("flash") || small.contains("rom") || small.contains("xip");
}

void fill_memory_and_devices(EnginePlan& plan, const ProbeFacts& facts) {
  for (const auto& range : facts.ranges) {
    const auto* peripheral = peripheral_of(facts, range.name);
    if (!peripheral) continue;
    if (peripheral->type.is("IMemory")) {
      plan.memory.push_back({local_name(range.name), range.address, range.size, !reads_only(local_name(range.name))});
    } else {
      plan.devices.push_back({local_name(range.name), short_type(peripheral->type.name), kind_of_type(peripheral->type.name), range.address, range.size, false, std::nullopt});
    }
  }
  std::ranges::sort(plan.memory, {}, &MemoryRegion::address);
  std::ranges::sort(plan.devices, {}, &DeviceRegion::address);
}

void check_processor(const board::Node& node, const CpuFact& cpu, Architecture architecture, std::size_t cores, std::string_view platform, std::vector<Finding>& findings) {
  const std::string pointer = "/nodes/0/processor";
  if (node.processor.id.empty()) return;  // whatever the platform has
  if (node.processor.architecture != architecture) {
    findings.push_back({Severity::error, pointer, fmt::format("the platform {} has a processor of another architecture: {}", platform, cpu.model)});
    return;
  }
  const std::string id = processor_id(cpu.model, architecture);
  if (id != node.processor.id)
    findings.push_back({Severity::approximated, pointer, fmt::format("the platform {} has a {}, the board a {}", platform, cpu.model, node.processor.id)});
  if (node.processor.cores > cores)
    findings.push_back({Severity::error, pointer + "/cores", fmt::format("the platform {} has {} processors, the board {}", platform, cores, node.processor.cores)});
}

void check_memory(const board::Node& node, const EnginePlan& plan, std::string_view platform, std::vector<Finding>& findings) {
  for (std::size_t i = 0; i < node.memory.size(); ++i) {
    const auto& wanted = node.memory[i];
    const auto found = std::ranges::find_if(plan.memory, [&](const MemoryRegion& r) { return wanted.address >= r.address && wanted.address - r.address < r.size; });
    const std::string pointer = fmt::format("/nodes/0/memory/{}", i);
    if (found == plan.memory.end()) {
      findings.push_back({Severity::missing, pointer, fmt::format("the platform {} has no memory at {}", platform, hex_address(wanted.address))});
    } else if (const auto there = found->size - (wanted.address - found->address); there < wanted.size) {
      findings.push_back({Severity::approximated, pointer,
                          fmt::format("the platform {} has {} bytes at {}, the board {}", platform, there, hex_address(wanted.address), wanted.size)});
    }
  }
}

}  // namespace

Error unplannable(const std::vector<Finding>& findings, std::string message) {
  static constexpr std::string_view names[] = {"info", "approximated", "missing", "error"};
  json::array list;
  for (const auto& finding : findings)
    list.push_back({{"severity", names[static_cast<int>(finding.severity)]}, {"pointer", finding.pointer}, {"message", finding.message}});
  return Error{ErrorCode::BOARD_UNPLANNABLE, std::move(message), {{"backend", "renode"}, {"findings", std::move(list)}}};
}

std::vector<SourceFile> OwnPlatform::files() const {
  EnginePlan plan;
  plan.data = {{"text", text}, {"models", models}};
  return platform_files(plan);
}

std::optional<OwnPlatform> own_platform(const board::Node& node) {
  const auto* target = node.targets.if_contains("renode");
  const auto* text = target && target->is_object() ? target->get_object().if_contains("platform_text") : nullptr;
  if (!text || !text->is_string()) return std::nullopt;
  OwnPlatform own{std::string(text->get_string()), {}};
  if (const auto* models = target->get_object().if_contains("models"); models && models->is_object()) own.models = models->get_object();
  return own;
}

Result<std::string> platform_file(const board::Node& node, const Installation& installation) {
  constexpr const char* pointer = "/nodes/0/targets/renode/platform";
  auto refuse = [&](std::string message) {
    const std::vector<Finding> findings{{Severity::error, pointer, message}};
    return fail(unplannable(findings, "Renode cannot run this board: " + message));
  };
  const auto* target = node.targets.if_contains("renode");
  const auto* named = target && target->is_object() ? target->get_object().if_contains("platform") : nullptr;
  if (!named || !named->is_string())
    return refuse("it names no platform of Renode; name one in targets.renode.platform, such as \"boards/stm32f4_discovery\"");
  std::string name(named->get_string());
  if (name.ends_with(".repl")) name.resize(name.size() - 5);
  if (std::ranges::find(installation.facts.platforms, name + ".repl") != installation.facts.platforms.end()) return name + ".repl";
  std::vector<std::string> all;
  for (const auto& file : installation.facts.platforms) all.push_back(file.substr(0, file.size() - 5));
  const auto close = nearest(name, all);
  return refuse(fmt::format("this Renode ({}) has no platform {}{}{}", installation.version, name, close.empty() ? "" : "; near: ", fmt::join(close, ", ")));
}

std::vector<Wire> wire_consoles(const board::Node& node, const ProbeFacts& facts, std::vector<Finding>& findings) {
  std::vector<const PeripheralFact*> uarts;
  for (const auto& peripheral : facts.peripherals)
    if (peripheral.type.is("IUART") && Name::parse(peripheral.name)) uarts.push_back(&peripheral);
  std::vector<Wire> wires;
  auto taken = [&wires](const PeripheralFact* uart) { return std::ranges::find(wires, uart->name, &Wire::peripheral) != wires.end(); };
  if (node.consoles.empty()) {
    std::set<std::string> names;
    for (const auto* uart : uarts) {
      if (wires.size() == max_consoles) {
        findings.push_back({Severity::info, "/nodes/0/consoles", fmt::format("the platform has {} UARTs; the first {} are consoles", uarts.size(), max_consoles)});
        break;
      }
      std::string name = lower(local_name(uart->name));
      if (!shim::valid_console_name(name) || name == shim::kEmulatorConsole || !names.insert(name).second) name = fmt::format("uart{}", wires.size());
      wires.push_back({{name, local_name(uart->name), static_cast<unsigned>(wires.size())}, uart->name});
    }
    return wires;
  }
  for (std::size_t i = 0; i < node.consoles.size(); ++i) {
    const auto& console = node.consoles[i];
    const auto described = std::ranges::find(node.peripherals, console.peripheral, &board::Peripheral::name);
    const auto address = described == node.peripherals.end() ? std::nullopt : described->address;
    const PeripheralFact* found = nullptr;
    for (const auto* uart : uarts) {
      const auto* range = range_of(facts, uart->name);
      if (!found && address && range && range->address == *address) found = uart;
    }
    for (const auto* uart : uarts)
      if (!found && !console.peripheral.empty() && lower(local_name(uart->name)) == lower(console.peripheral)) found = uart;
    if (!found && !address && console.index < uarts.size()) found = uarts[console.index];
    if (!found || taken(found) || wires.size() == max_consoles) {
      findings.push_back({Severity::missing, fmt::format("/nodes/0/consoles/{}", i),
                          fmt::format("the platform has no {}UART for the console {}", found ? "further " : "", console.name)});
      continue;
    }
    wires.push_back({console, found->name});
  }
  return wires;
}

Result<EnginePlan> plan_platform(const board::Board& board, const Installation& installation, const std::string& file, const Library::Platform& platform,
                                 const std::optional<OwnPlatform>& own) {
  const auto& node = board.nodes.front();
  const auto& facts = platform.facts;
  const std::string name = own ? "platform_text" : file.substr(0, file.size() - 5);
  const auto& cpu = facts.cpus.front();
  EnginePlan plan;
  plan.backend = "renode";
  plan.architecture = architecture_of(cpu.architecture);
  plan.profile = profile_of(cpu.model);
  plan.big_endian = cpu.big_endian;
  fill_memory_and_devices(plan, facts);
  check_processor(node, cpu, plan.architecture, facts.cpus.size(), name, plan.findings);
  check_memory(node, plan, name, plan.findings);
  if (!platform.warning.empty())
    plan.findings.push_back({Severity::info, own ? "/nodes/0/targets/renode/platform_text" : "/nodes/0/targets/renode/platform", fmt::format("Renode loads the platform{}: {}", platform.warning.contains("Failed to download") ? " without its register names" : ", and says", platform.warning)});
  const auto wires = wire_consoles(node, facts, plan.findings);
  json::array uarts, cpus, readable;
  for (const auto& wire : wires) {
    plan.consoles.push_back(wire.console);
    uarts.push_back({{"console", wire.console.name}, {"peripheral", wire.peripheral}});
  }
  for (const auto& each : facts.cpus) {
    if (!Name::parse(each.name)) return fail(ErrorCode::BOARD_UNPLANNABLE, "Renode's platform {} has a processor of a name that cannot be used", name);
    cpus.emplace_back(each.name);
  }
  for (const auto& path : needed_paths(installation)) readable.emplace_back(path.string());
  plan.default_console = plan.consoles.empty() ? "" : plan.consoles.front().name;
  if (std::ranges::find(plan.consoles, node.default_console, &board::Console::name) != plan.consoles.end()) plan.default_console = node.default_console;
  plan.minimum_memory_mb = host_memory_mb;
  plan.data = {{"launcher", installation.launcher.string()}, {"version", installation.version}, {"machine", name}, {"platform", file}, {"cpus", std::move(cpus)},
               {"uarts", std::move(uarts)}, {"readable", std::move(readable)}, {"vector_table_from_image", true}};
  if (own) plan.data["text"] = own->text;
  if (own && !own->models.empty()) plan.data["models"] = own->models;
  for (auto& finding : peripheral_findings(board, plan, name)) plan.findings.push_back(std::move(finding));
  for (const auto& finding : plan.findings)
    if (finding.severity == Severity::error) return fail(unplannable(plan.findings, fmt::format("Renode cannot run this board: {}", finding.message)));
  return plan;
}

}  // namespace virserver::backend::renode
