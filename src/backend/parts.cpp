#include "backend/parts.hpp"

#include <algorithm>

#include "backend/register_models.hpp"
#include "base/bytes.hpp"

namespace virserver::backend {

namespace {

// The kinds whose names mean the same in boards and in models, so that a difference is one.
constexpr std::string_view comparable[] = {"uart", "gpio", "timer", "spi", "i2c", "adc", "rtc", "watchdog", "can"};

bool other_kind(std::string_view wanted, std::string_view real) {
  return wanted != real && std::ranges::find(comparable, wanted) != std::end(comparable) &&
         std::ranges::find(comparable, real) != std::end(comparable);
}

const MemoryRegion* memory_at(const EnginePlan& plan, std::uint64_t address) {
  for (const auto& region : plan.memory)
    if (address >= region.address && address - region.address < region.size) return &region;
  return nullptr;
}

std::string model_of(const DeviceRegion& device) { return device.model.empty() ? device.name : device.model; }

// Takes state and reason from the findings at or below the part's own place.
void judge(Part& part, const EnginePlan& plan) {
  part.state = PartState::runs;
  for (const auto& finding : plan.findings) {
    if (!finding.pointer.starts_with(part.pointer)) continue;
    const std::string_view rest = std::string_view(finding.pointer).substr(part.pointer.size());
    if (!rest.empty() && rest.front() != '/') continue;
    const auto state = finding.severity == Severity::info           ? PartState::runs
                       : finding.severity == Severity::approximated ? PartState::approximated
                                                                    : PartState::missing;
    if (state < part.state) continue;
    if (state > part.state) part.reason.clear();
    part.state = state;
    if (state == PartState::runs) continue;
    part.reason += (part.reason.empty() ? "" : "; ") + finding.message;
  }
}

Part processor_part(const board::Node& node, const EnginePlan& plan) {
  Part part{.pointer = "/nodes/0/processor", .kind = "processor", .name = node.processor.type};
  judge(part, plan);
  if (const auto* real = plan.data.if_contains("processor"); real && real->is_string()) part.on = real->get_string();
  return part;
}

Part memory_part(const board::Memory& memory, std::size_t index, const EnginePlan& plan) {
  Part part{.pointer = fmt::format("/nodes/0/memory/{}", index), .kind = "memory", .name = memory.name};
  if (part.name.empty()) part.name = hex_address(memory.address);
  judge(part, plan);
  if (const auto* region = memory_at(plan, memory.address)) part.on = region->name;
  return part;
}

Part peripheral_part(const board::Node& node, std::size_t index, const EnginePlan& plan) {
  const board::Peripheral& wanted = node.peripherals[index];
  Part part{.pointer = fmt::format("/nodes/0/peripherals/{}", index), .kind = "peripheral", .name = wanted.name};
  if (part.name.empty()) part.name = wanted.type;
  if (!wanted.address) {
    part.reason = "the board gives it no address to compare";
    return part;
  }
  if (plan.devices.empty()) {
    part.reason = fmt::format("{} does not tell which devices its machine has", plan.backend);
    return part;
  }
  const DeviceRegion* device = device_at(plan, *wanted.address);
  if (const auto* block = !device || device->stub ? model_at(plan, *wanted.address) : nullptr) {
    part.modelled = true;
    part.on = block->model;
    part.state = PartState::approximated;
    part.reason = fmt::format("{} answers what firmware waits for, and does no more", block->model);
    return part;
  }
  if (!device) {
    part.state = PartState::missing;
    const MemoryRegion* memory = memory_at(plan, *wanted.address);
    part.reason = memory ? fmt::format("the machine has memory at {} ({})", hex_address(*wanted.address), memory->name)
                         : fmt::format("nothing answers at {}", hex_address(*wanted.address));
    return part;
  }
  if (device->stub) {
    part.state = PartState::missing;
    part.reason = fmt::format("a stub ({}): it reads 0 and forgets what is written", device->name);
    return part;
  }
  part.on = model_of(*device);
  part.state = PartState::runs;
  if (other_kind(wanted.type, device->kind)) {
    part.state = PartState::approximated;
    part.reason = fmt::format("the machine has a {} ({}) at {}", device->kind, part.on, hex_address(*wanted.address));
  }
  for (const auto& console : plan.consoles)
    if (!wanted.name.empty() && console.peripheral == wanted.name) part.on += fmt::format(", serial port {}, console {}", console.index, console.name);
  return part;
}

Part console_part(const board::Console& wanted, std::size_t index, const EnginePlan& plan) {
  Part part{.pointer = fmt::format("/nodes/0/consoles/{}", index), .kind = "console", .name = wanted.name};
  judge(part, plan);
  const auto real = std::ranges::find(plan.consoles, wanted.name, &board::Console::name);
  if (real == plan.consoles.end()) {
    part.state = PartState::missing;
    if (part.reason.empty()) part.reason = "the machine has no serial port for it";
    return part;
  }
  part.on = fmt::format("serial port {}", real->index);
  for (const auto& device : plan.devices)
    if (device.serial == real->index && !device.stub) {
      part.on += fmt::format(" ({} at {})", model_of(device), hex_address(device.address));
      break;
    }
  return part;
}

void add_names(std::vector<Finding>& findings, Severity severity, std::string_view what, const std::vector<std::string>& names) {
  if (names.empty()) return;
  constexpr std::size_t most = 24;
  const auto shown = std::span(names).first(std::min(most, names.size()));
  std::string list = fmt::format("{}", fmt::join(shown, ", "));
  if (names.size() > most) list += fmt::format(" and {} more", names.size() - most);
  findings.push_back({severity, "/nodes/0/peripherals", fmt::format("{}: {}", what, list)});
}

}  // namespace

std::string_view to_string(PartState state) {
  static constexpr std::string_view names[] = {"runs", "approximated", "missing", "unknown"};
  return names[static_cast<int>(state)];
}

const DeviceRegion* device_at(const EnginePlan& plan, std::uint64_t address) {
  auto after = std::ranges::upper_bound(plan.devices, address, {}, &DeviceRegion::address);
  if (after == plan.devices.begin()) return nullptr;
  const DeviceRegion& device = *--after;
  return address - device.address < device.size ? &device : nullptr;
}

std::vector<Part> parts_of(const board::Board& board, const EnginePlan& plan) {
  std::vector<Part> parts;
  if (board.nodes.empty()) return parts;
  const board::Node& node = board.nodes.front();
  if (!node.processor.type.empty()) parts.push_back(processor_part(node, plan));
  for (std::size_t i = 0; i < node.memory.size(); ++i) parts.push_back(memory_part(node.memory[i], i, plan));
  for (std::size_t i = 0; i < node.peripherals.size(); ++i) parts.push_back(peripheral_part(node, i, plan));
  for (std::size_t i = 0; i < node.consoles.size(); ++i) parts.push_back(console_part(node.consoles[i], i, plan));
  return parts;
}

std::vector<Finding> peripheral_findings(const board::Board& board, const EnginePlan& plan, std::string_view machine) {
  std::vector<Finding> findings;
  std::vector<std::string> stubs, absent, different;
  const board::Node& node = board.nodes.front();
  for (std::size_t i = 0; i < node.peripherals.size(); ++i) {
    const Part part = peripheral_part(node, i, plan);
    if (part.modelled) continue;  // has a finding of its own
    if (part.state == PartState::approximated) different.push_back(fmt::format("{} ({})", part.name, part.reason));
    if (part.state == PartState::missing) (part.reason.starts_with("a stub") ? stubs : absent).push_back(part.name);
  }
  add_names(findings, Severity::approximated, fmt::format("the machine {} has something else in the place of", machine), different);
  add_names(findings, Severity::missing, fmt::format("the machine {} has only stubs, which read 0, for", machine), stubs);
  add_names(findings, Severity::missing, fmt::format("the machine {} has nothing at the addresses of", machine), absent);
  return findings;
}

}  // namespace virserver::backend
