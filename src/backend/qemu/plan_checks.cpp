// The checks of a board against what a machine really is.
#include <algorithm>

#include "backend/qemu/guest_watch.hpp"
#include "backend/qemu/plan.hpp"
#include "backend/qemu/tables.hpp"
#include "base/bytes.hpp"
#include "board/processors.hpp"
#include "board/templates.hpp"

namespace virserver::backend::qemu {

namespace {

namespace json = boost::json;

// Names reach QEMU's command line: nothing that separates options.
bool plain_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && name.front() != '-' && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  });
}

std::optional<std::uint64_t> number(const json::value& value) {
  if (const auto* n = value.if_uint64()) return *n;
  if (const auto* n = value.if_int64(); n && *n >= 0) return static_cast<std::uint64_t>(*n);
  if (const auto* text = value.if_string()) return parse_u64(std::string_view(*text));
  return std::nullopt;
}

std::string size_text(std::uint64_t bytes) {
  if (bytes >= 1u << 20 && bytes % (1u << 20) == 0) return fmt::format("{} MiB", bytes >> 20);
  if (bytes % 1024 == 0) return fmt::format("{} KiB", bytes >> 10);
  return fmt::format("{} bytes", bytes);
}

}  // namespace

bool from_builtin_template(const board::Node& node) {
  for (const auto& entry : board::builtin_templates())
    for (const auto& candidate : entry.config.nodes)
      if (!node.targets.empty() && candidate.targets == node.targets) return true;
  return false;
}

Target read_target(const board::Node& node, bool trusted, std::vector<Finding>& findings) {
  Target target;
  const auto* value = node.targets.if_contains("qemu");
  const auto* object = value ? value->if_object() : nullptr;
  if (!object) return target;
  auto complain = [&](std::string_view key, std::string what) {
    findings.push_back({Severity::error, fmt::format("/nodes/0/targets/qemu/{}", key), std::move(what)});
  };
  auto name = [&](std::string_view key, const json::value& item) -> std::string {
    if (item.is_string() && plain_name(std::string_view(item.get_string()))) return std::string(item.get_string());
    complain(key, fmt::format("{} must be a name as QEMU lists it", key));
    return {};
  };
  auto machine = [&](std::string_view key, const json::value& item) {
    if (auto found = name(key, item); !found.empty() && std::ranges::find(target.machines, found) == target.machines.end())
      target.machines.push_back(std::move(found));
  };
  if (const auto* list = object->if_contains("preferred_machines"); list && list->is_array())
    for (const auto& item : list->get_array()) machine("preferred_machines", item);
  if (const auto* item = object->if_contains("machine")) machine("machine", *item);
  if (const auto* item = object->if_contains("cpu")) target.processor = name("cpu", *item);
  if (const auto* item = object->if_contains("memory")) {
    std::string text = item->is_string() ? std::string(item->get_string()) : "";
    const bool unit = !text.empty() && (text.back() == 'M' || text.back() == 'G' || text.back() == 'K');
    const auto amount = unit ? parse_u64(text.substr(0, text.size() - 1)) : std::nullopt;
    if (amount && *amount > 0 && *amount <= 1u << 20) target.memory = std::to_string(*amount) + text.back();
    else complain("memory", "memory must be a number with a unit, for example \"512M\"");
  }
  if (const auto* item = object->if_contains("reset_address")) target.reset_address = number(*item);
  if (const auto* item = object->if_contains("vector_table")) target.vector_table = number(*item);
  if (const auto* item = object->if_contains("load_address")) target.load_address = number(*item);
  if (const auto* item = object->if_contains("bios_none"); item && item->is_bool()) target.bios_none = item->get_bool();
  if (const auto* item = object->if_contains("semihosting"); item && item->is_bool()) target.semihosting = item->get_bool();
  if (const auto* list = object->if_contains("machine_options"); list && list->is_array() && !list->get_array().empty()) {
    if (trusted) {
      for (const auto& item : list->get_array())
        if (item.is_string()) target.machine_options.emplace_back(item.get_string());
    } else {
      findings.push_back({Severity::missing, "/nodes/0/targets/qemu/machine_options",
                          "machine_options are taken from built-in templates only and were left out"});
    }
  }
  return target;
}

void check_memory(const board::Node& node, const MachineFacts& facts, std::string_view machine, std::vector<Finding>& findings) {
  std::vector<Finding> missing_ram;
  bool any_ram = false;
  for (std::size_t i = 0; i < node.memory.size(); ++i) {
    const auto& wanted = node.memory[i];
    if (wanted.size == 0) continue;
    // Walk the parts of the region that exist; the machine's regions are sorted and do not overlap.
    std::uint64_t covered = 0;
    bool writable = true;
    const std::uint64_t last = wanted.address + (wanted.size - 1);
    for (const auto& region : facts.memory) {
      const std::uint64_t region_last = region.address + (region.size - 1);
      if (region_last < wanted.address || region.address > last) continue;
      covered += std::min(last, region_last) - std::max(wanted.address, region.address) + 1;
      writable = writable && region.writable;
    }
    const std::string pointer = fmt::format("/nodes/0/memory/{}", i);
    const std::string what = fmt::format("{} at {}", size_text(wanted.size), hex_address(wanted.address));
    const bool ram = wanted.type == board::MemoryType::ram;
    any_ram = any_ram || (ram && covered > 0);
    if (covered == 0) {
      Finding finding{ram ? Severity::missing : Severity::error, pointer, fmt::format("the machine {} has no memory where the board has {}", machine, what)};
      if (ram) missing_ram.push_back(std::move(finding));
      else findings.push_back(std::move(finding));
    } else if (covered < wanted.size) {
      findings.push_back({Severity::approximated, pointer, fmt::format("the machine {} has only {} of the board's {}", machine, size_text(covered), what)});
    } else if (ram && !writable) {
      findings.push_back({Severity::approximated, pointer, fmt::format("the machine {} has read-only memory where the board has RAM, {}", machine, what)});
    }
  }
  for (auto& finding : missing_ram) {
    if (!any_ram) finding.severity = Severity::error;  // nothing left for data and stack
    findings.push_back(std::move(finding));
  }
}

void check_processor(const board::Node& node, const MachineFacts& facts, std::string_view machine, std::vector<Finding>& findings) {
  const auto& wanted = node.processor;
  const std::string pointer = "/nodes/0/processor";
  const auto* known = board::find_processor(facts.processor);  // "LEON3", "e500v2_v30" are QEMU's spellings
  if ((known ? known->id : facts.processor) != wanted.id) {
    const char profile = arm_profile(facts.processor);
    const bool generic = wanted.id == "rv32" || wanted.id == "rv64" || wanted.id.empty();
    const bool other_kind = wanted.profile && profile && profile != wanted.profile;
    if (other_kind)
      findings.push_back({Severity::error, pointer, fmt::format("the machine {} has a {}, which does not run code for the board's {}", machine, facts.processor, wanted.id)});
    else
      findings.push_back({generic ? Severity::info : Severity::approximated, pointer,
                          fmt::format("the machine {} runs a {} where the board has {}", machine, facts.processor, wanted.type.empty() ? wanted.id : wanted.type)});
  }
  if (wanted.cores > facts.cores)
    findings.push_back({Severity::error, pointer + "/cores", fmt::format("the machine {} has {} of the board's {} cores", machine, facts.cores, wanted.cores)});
}

namespace {

// The serial port of the UART at an address, as the machine has it wired.
std::optional<unsigned> serial_at(const MachineFacts& facts, std::uint64_t address) {
  for (const auto& device : facts.devices)
    if (device.serial && address >= device.address && address - device.address < device.size) return device.serial;
  return std::nullopt;
}

// A board may give a UART another address than the machine does; its console is then still the port it asks for.
void wire(const board::Node& node, const MachineFacts& facts, std::string_view machine, std::size_t position, board::Console& console,
          std::vector<Finding>& findings) {
  const auto peripheral = std::ranges::find(node.peripherals, console.peripheral, &board::Peripheral::name);
  if (console.peripheral.empty() || peripheral == node.peripherals.end() || !peripheral->address) return;
  if (const auto serial = serial_at(facts, *peripheral->address)) {
    console.index = *serial;
    return;
  }
  const auto stands_in = std::ranges::find_if(facts.devices, [&](const DeviceRegion& device) { return device.serial == console.index; });
  if (stands_in == facts.devices.end()) return;
  findings.push_back({Severity::approximated, fmt::format("/nodes/0/consoles/{}", position),
                      fmt::format("the machine {} has no UART at {}; the console {} is its serial port {}, a {} at {}", machine,
                                  hex_address(*peripheral->address), console.name, console.index, stands_in->model, hex_address(stands_in->address))});
}

}  // namespace

std::vector<board::Console> choose_consoles(const board::Node& node, const MachineFacts& facts, std::string_view machine,
                                            std::vector<Finding>& findings) {
  std::vector<board::Console> wanted = node.consoles;
  if (wanted.empty()) {
    unsigned index = 0;
    for (const auto& peripheral : node.peripherals) {
      if (peripheral.type != "uart" && peripheral.type != "usart") continue;
      std::string name;
      for (char c : peripheral.name) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_') name += c;
      }
      if (name.empty()) name = fmt::format("uart{}", index);
      wanted.push_back({std::move(name), peripheral.name, index++});
    }
  }
  for (std::size_t i = 0; i < wanted.size(); ++i) wire(node, facts, machine, i, wanted[i], findings);
  if (wanted.empty() && !facts.serials.empty()) wanted.push_back({"uart0", "", facts.serials.front()});
  std::vector<board::Console> consoles;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    auto& console = wanted[i];
    const bool reserved = console.name == "emulator" || console.name == "semihosting" || console.name == GuestWatch::console;
    const bool wired = std::ranges::find(facts.serials, console.index) != facts.serials.end();
    const bool twice = std::ranges::any_of(consoles, [&](const auto& other) { return other.index == console.index || other.name == console.name; });
    std::string pointer = fmt::format("/nodes/0/consoles/{}", i);
    if (reserved)
      findings.push_back({Severity::error, std::move(pointer), fmt::format("a console cannot be called {}; choose another name", console.name)});
    else if (twice)
      findings.push_back({Severity::missing, std::move(pointer), fmt::format("the console {} uses a name or port that another one has, and was left out", console.name)});
    else if (!wired)
      findings.push_back({Severity::missing, std::move(pointer), fmt::format("the machine {} has no serial port {} for the console {}", machine, console.index, console.name)});
    else
      consoles.push_back(std::move(console));
  }
  return consoles;
}

}  // namespace virserver::backend::qemu
