// What the API tells about the installed SkyEye.
#include <algorithm>

#include "backend/skyeye/installation.hpp"
#include "backend/skyeye/tables.hpp"
#include "base/bytes.hpp"
#include "board/processors.hpp"

namespace virserver::backend::skyeye {

namespace {

std::map<std::string, Feature> features(bool available, const std::string& why_not, const std::string& why_no_debugger) {
  std::map<std::string, Feature> all;
  for (const char* name : feature_names) all[name] = Feature{false, available ? "this version of VirServer does not offer it on SkyEye" : why_not};
  if (!available) return all;
  for (const char* name : {"power", "pause", "reset", "console", "console_input", "programs", "multiple_images", "adoption"}) all[name] = Feature{true, ""};
  for (const char* name : {"breakpoints", "registers", "memory", "step", "gdb"}) all[name] = Feature{why_no_debugger.empty(), why_no_debugger};
  all["watchpoints"].reason = "SkyEye's debug stub has breakpoints only";
  all["semihosting"].reason = "SkyEye has no semihosting for bare machines";
  all["rtt"].reason = "SkyEye's memory cannot be read while its processor runs";
  all["irq"].reason = "SkyEye gives no way to drive an interrupt line from outside";
  all["virtual_time"].reason = "SkyEye counts instructions, not time";
  all["run_for"].reason = "SkyEye counts instructions, not time, and cannot stop its guest at a given one";
  all["devices"].reason = "SkyEye's open machines have no buttons, LEDs, pins or sensors that can be driven or seen from outside";
  all["deterministic"].reason = "SkyEye takes input as it comes";
  all["register_models"].reason = "SkyEye has no watchpoints, by which an access could be found";
  all["multi_node"].reason = all["shared_memory"].reason = "a SkyEye process has one machine";
  return all;
}

void list_processors(BackendInfo& info) {
  for (const auto& cpu : arm_cpus()) {
    const auto* known = board::find_processor(cpu.processor);
    ProcessorInfo processor;
    processor.id = cpu.processor;
    processor.name = known ? std::string(known->name) : std::string(cpu.processor);
    processor.type = cpu.name;
    processor.vendor = known ? std::string(known->vendor) : "";
    processor.architecture = Architecture::arm;
    info.processors.push_back(std::move(processor));
  }
}

}  // namespace

BackendInfo describe(const Installation* installation, const std::string& absent_reason, const std::string& why_no_debugger) {
  BackendInfo info;
  info.name = "skyeye";
  info.limits = {{"nodes", 1}, {"consoles", 3}};
  if (!installation) {
    info.status = Status::absent;
    info.reason = absent_reason;
  } else {
    info.version = installation->version;
    info.executables.emplace_back(installation->launcher.string(), installation->version);
    if (installation->commercial) {
      info.status = Status::absent;
      info.reason = fmt::format("found, version {}, not driven yet: this release is controlled by a library inside its process, for which VirServer has no adapter; "
                                "the open SkyEye 1.3 is driven",
                                installation->version);
    } else {
      info.status = installation->error.empty() ? Status::available : Status::broken;
      info.reason = installation->error;
    }
  }
  info.features = features(info.status == Status::available, info.reason, why_no_debugger);
  if (info.status != Status::available) return info;
  list_processors(info);
  for (const auto& name : installation->machines) {
    const auto* known = find_mach(name);
    PlatformInfo platform;
    platform.id = name;
    platform.description = known ? fmt::format("SkyEye's {}", known->description) : fmt::format("SkyEye's {}", name);
    platform.architecture = known ? known->architecture : Architecture::other;
    if (known && !known->default_cpu.empty()) platform.default_processor = find_cpu(known->default_cpu)->processor;
    info.platforms.push_back(std::move(platform));
    if (!known) continue;
    for (const auto& device : known->devices) {
      PeripheralInfo peripheral{fmt::format("{}.{}", name, device.name), fmt::format("{} {}", known->description, device.name), std::string(device.kind),
                                fmt::format("SkyEye's {} at {}", device.model, hex_address(device.address)), {name}};
      info.peripherals.push_back(std::move(peripheral));
    }
  }
  info.buses.push_back({"bus", "bus", "system", "SkyEye's bus", 32});
  return info;
}

}  // namespace virserver::backend::skyeye
