// What the API tells about the installed QEMU.
#include <algorithm>
#include <map>
#include <tuple>

#include "backend/qemu/discover.hpp"
#include "backend/qemu/tables.hpp"

namespace virserver::backend::qemu {

namespace {

std::map<std::string, Feature> features(bool available, const std::string& why_not) {
  std::map<std::string, Feature> all;
  for (const char* name : feature_names)
    all[name] = Feature{false, available ? "this version of VirServer does not offer it on QEMU" : why_not};
  if (!available) return all;
  for (const char* name : {"power", "pause", "reset", "console", "console_input", "semihosting", "programs", "multiple_images", "adoption",
                           "breakpoints", "watchpoints", "registers", "memory", "step", "gdb", "rtt", "diagnosis", "irq"})
    all[name] = Feature{true, ""};
  all["register_models"] = register_model_player();
  all["virtual_time"].reason = "QEMU does not tell the time of its guest";
  all["run_for"].reason = "QEMU has no way to stop its guest at a given time";
  all["devices"].reason = "QEMU's machines have no buttons and few LEDs, sensors or pins that can be driven or seen from outside, and VirServer drives none of them";
  all["deterministic"].reason = "QEMU's guest follows the host's clock and takes input as it comes";
  all["shared_memory"].reason = "a QEMU process emulates one machine; this version of VirServer does not connect several";
  all["multi_node"].reason = all["shared_memory"].reason;
  return all;
}

std::string bus_kind(std::string_view name) {
  std::string kind = device_kind(name);
  if (kind == "other" && (name == "System")) kind = "system";
  return kind;
}

}  // namespace

Feature register_model_player() { return {true, ""}; }

BackendInfo describe(const std::vector<std::shared_ptr<const Binary>>& binaries) {
  BackendInfo info;
  info.name = "qemu";
  std::string broken;
  for (const auto& binary : binaries) {
    info.executables.emplace_back(binary->path.string(), binary->version);
    if (!binary->error.empty()) broken += fmt::format("{}{}: {}", broken.empty() ? "" : "; ", binary->path.filename().string(), binary->error);
    if (binary->error.empty() && (info.version.empty() || binary->target == "arm")) info.version = binary->version;
  }
  if (binaries.empty()) {
    info.status = Status::absent;
    info.reason = "no qemu-system-* was found; install it with: apt-get install qemu-system-arm qemu-system-misc";
  } else if (info.version.empty()) {
    info.status = Status::broken;
    info.reason = broken;
  } else {
    info.status = Status::available;
    info.reason = broken;
  }
  info.features = features(info.status == Status::available, info.reason);
  info.limits = {{"nodes", 1}, {"consoles", 8}};

  std::map<std::string, ProcessorInfo> processors;
  std::map<std::string, PeripheralInfo> peripherals;
  std::map<std::string, BusInfo> buses;
  std::map<std::pair<std::string, Architecture>, PlatformInfo> platforms;
  // A 64-bit executable also lists the 32-bit names of its family: the smaller one, asked first, keeps them.
  auto ordered = binaries;
  auto rank = [](const auto& binary) { return std::tuple(binary->architecture == Architecture::other, binary->target != "arm", binary->target); };
  std::ranges::sort(ordered, std::ranges::less{}, rank);
  for (const auto& binary : ordered) {
    if (!binary->error.empty()) continue;
    unsigned most = 1;
    for (const auto& machine : binary->machines) {
      if (machine.name == "virt") most = machine.max_cores;
      if (binary->target == "aarch64" && platforms.contains({machine.name, Architecture::arm}) && arm_profile(machine.default_processor) != 'A') continue;
      PlatformInfo& platform = platforms[{machine.name, binary->architecture}];
      if (platform.id.empty()) platform = {machine.name, machine.description, binary->architecture, machine.default_processor, machine.max_cores};
    }
    for (const auto& [name, type] : binary->processors) {
      ProcessorInfo& processor = processors[name];
      if (!processor.id.empty()) continue;
      processor = {name, name, type, vendor_of(name, binary->architecture), binary->architecture, 1, {}};
      const char profile = arm_profile(name);
      if (profile) processor.features.push_back(fmt::format("profile-{}", static_cast<char>(profile - 'A' + 'a')));
      processor.max_cores = profile == 'M' ? 1 : most;
    }
    for (const auto& [name, parent] : binary->devices) {
      PeripheralInfo& peripheral = peripherals[name];
      if (peripheral.id.empty()) peripheral = {name, name, device_kind(name), parent.empty() ? "" : "QEMU device, a " + parent, {}};
      peripheral.platforms.push_back(binary->target);
    }
    for (const auto& name : binary->buses)
      if (!name.empty()) buses[name] = {name, name, bus_kind(name), "QEMU bus", 0};
  }
  for (auto& [key, value] : processors) info.processors.push_back(std::move(value));
  for (auto& [key, value] : peripherals) info.peripherals.push_back(std::move(value));
  for (auto& [key, value] : buses) info.buses.push_back(std::move(value));
  for (auto& [key, value] : platforms) info.platforms.push_back(std::move(value));
  return info;
}

}  // namespace virserver::backend::qemu
