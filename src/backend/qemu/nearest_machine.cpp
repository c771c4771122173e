#include "backend/qemu/nearest_machine.hpp"

#include <algorithm>

#include "backend/qemu/tables.hpp"
#include "board/templates.hpp"

namespace virserver::backend::qemu {

namespace {

constexpr std::size_t max_machines = 12;

struct List {
  std::vector<std::string> names;
  void add(std::string_view name) {
    if (!name.empty() && std::ranges::find(names, name) == names.end()) names.emplace_back(name);
  }
};

void add_target(List& list, const boost::json::object& targets) {
  const auto* qemu = targets.if_contains("qemu");
  if (!qemu || !qemu->is_object()) return;
  if (const auto* preferred = qemu->get_object().if_contains("preferred_machines"); preferred && preferred->is_array())
    for (const auto& name : preferred->get_array())
      if (name.is_string()) list.add(std::string_view(name.get_string()));
  if (const auto* machine = qemu->get_object().if_contains("machine"); machine && machine->is_string())
    list.add(std::string_view(machine->get_string()));
}

}  // namespace

std::vector<std::string> nearby_machines(const board::Node& node, const std::vector<std::shared_ptr<const Binary>>& binaries) {
  List list;
  for (const auto& name : machines_for(node.processor.id, node.soc)) list.add(name);
  for (const auto& known : board::builtin_templates())
    if (const auto& other = known.config.nodes.front(); other.processor.id == node.processor.id) add_target(list, other.targets);
  for (const auto& binary : binaries)
    for (const auto& entry : binary->machines)
      if (entry.default_processor == node.processor.id) list.add(entry.name);
  const bool any = std::ranges::any_of(list.names, [&](const std::string& name) {
    return std::ranges::any_of(binaries, [&](const auto& binary) { return binary->find_machine(name) != nullptr; });
  });
  if (!any)
    for (const auto& known : board::builtin_templates()) {
      const auto& other = known.config.nodes.front().processor;
      if (other.architecture == node.processor.architecture && other.profile == node.processor.profile)
        add_target(list, known.config.nodes.front().targets);
    }
  std::erase_if(list.names, [&](const std::string& name) {
    return std::ranges::none_of(binaries, [&](const auto& binary) { return binary->find_machine(name) != nullptr; });
  });
  if (list.names.size() > max_machines) list.names.resize(max_machines);
  return std::move(list.names);
}

unsigned long distance_of(const board::Node& node, const MachineFacts& facts, const std::vector<Finding>& findings) {
  unsigned long distance = 0;
  for (const auto& finding : findings) {
    if (finding.severity == Severity::error) distance += 100'000;
    else if (finding.severity == Severity::missing) distance += 2'000;
    else if (finding.severity == Severity::approximated) distance += finding.pointer.starts_with("/nodes/0/processor") ? 5'000 : 500;
  }
  for (const auto& wanted : node.peripherals) {
    if (!wanted.address) continue;
    const auto device = std::ranges::find_if(facts.devices, [&](const DeviceRegion& each) {
      return *wanted.address >= each.address && *wanted.address - each.address < each.size;
    });
    const bool uart = wanted.type == "uart";
    if (device == facts.devices.end()) distance += uart ? 200 : 20;
    else if (device->stub || (uart && device->kind != "uart")) distance += uart ? 150 : 10;
  }
  return std::min(distance, impossible - 1);
}

}  // namespace virserver::backend::qemu
