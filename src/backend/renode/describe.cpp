// What the API tells about the installed Renode.
#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "backend/renode/installation.hpp"
#include "backend/renode/tables.hpp"
#include "board/processors.hpp"

namespace virserver::backend::renode {

namespace fs = std::filesystem;

namespace {

constexpr int max_includes = 16;

std::map<std::string, Feature> features(bool available, const std::string& why_not) {
  std::map<std::string, Feature> all;
  for (const char* name : feature_names) all[name] = Feature{false, available ? "this version of VirServer does not offer it on Renode" : why_not};
  if (!available) return all;
  for (const char* name : {"power", "pause", "reset", "console", "console_input", "programs", "multiple_images", "adoption", "breakpoints", "watchpoints",
                           "registers", "memory", "step", "gdb", "rtt", "diagnosis", "irq", "devices", "run_for", "virtual_time", "deterministic"})
    all[name] = Feature{true, ""};
  all["semihosting"].reason = "Renode's semihosting writes to a UART of its own, which the platforms do not have";
  return all;
}

// `name: CPU.Type @ sysbus` and the cpuType in the lines that are indented below it.
void scan(const fs::path& root, const fs::path& file, PlatformHint& hint, int& includes) {
  std::ifstream in(file);
  std::string line;
  bool inside = false;
  while (std::getline(in, line) && line.size() < 4096) {
    std::erase(line, '\r');
    if (line.starts_with("using \"") && ++includes <= max_includes) {
      const std::string wanted = line.substr(7, line.find('"', 7) - 7);
      for (const auto& place : {file.parent_path() / wanted, root / wanted}) {
        std::error_code ec;
        if (!fs::is_regular_file(place, ec)) continue;
        scan(root, place, hint, includes);
        break;
      }
    }
    if (!line.empty() && line.front() != ' ') {
      const auto cpu = line.find(": CPU.");
      inside = cpu != line.npos && hint.processor.empty();
      if (inside) {
        std::istringstream type(line.substr(cpu + 6));
        type >> hint.architecture;
      }
    } else if (inside) {
      const auto key = line.find("cpuType: \"");
      if (key != line.npos) hint.processor = line.substr(key + 10, line.find('"', key + 10) - key - 10);
    }
  }
}

// A .NET type of a processor: "CortexM", "VexRiscv".
Architecture architecture_of_class(std::string_view name) {
  if (name == "CortexM" || name == "ARMv7A" || name == "ARMv7R" || name == "ARMv7Experimental" || name == "ARMv8R") return Architecture::arm;
  if (name == "ARMv8A") return Architecture::aarch64;
  if (name.contains("64") && (name.contains("RiscV") || name.contains("RISCV"))) return Architecture::riscv64;
  if (name.contains("Risc") || name.contains("RISC") || name.contains("Minerva") || name.contains("CV32") || name.contains("Ri5cy")) return Architecture::riscv32;
  if (name.contains("PowerPc")) return Architecture::ppc;
  if (name.contains("Sparc")) return Architecture::sparc;
  if (name.contains("Xtensa")) return Architecture::xtensa;
  if (name == "X86_64" || name == "X86_64KVM") return Architecture::x86_64;
  if (name.starts_with("X86")) return Architecture::x86;
  return Architecture::other;
}

}  // namespace

std::optional<PlatformHint> read_platform_hint(const fs::path& root, const std::string& file) {
  PlatformHint hint;
  int includes = 0;
  scan(root, root / "platforms" / file, hint, includes);
  if (hint.architecture.empty()) return std::nullopt;
  return hint;
}

BackendInfo describe(const Installation* installation, const std::string& absent_reason) {
  BackendInfo info;
  info.name = "renode";
  if (!installation) {
    info.status = Status::absent;
    info.reason = absent_reason;
  } else if (!installation->error.empty()) {
    info.status = Status::broken;
    info.reason = installation->error;
    info.executables.emplace_back(installation->launcher.string(), installation->version);
  } else {
    info.status = absent_reason.empty() ? Status::available : Status::broken;
    info.reason = absent_reason;
    info.version = installation->version;
    info.executables.emplace_back(installation->launcher.string(), installation->version);
  }
  info.features = features(info.status == Status::available, info.reason);
  info.limits = {{"nodes", 1}, {"consoles", 8}};
  if (!installation || !installation->error.empty()) return info;

  std::map<std::string, ProcessorInfo> processors;
  for (const auto& file : installation->facts.platforms) {
    const auto hint = read_platform_hint(installation->facts.root, file);
    if (!hint) continue;  // a part that other platforms include
    PlatformInfo platform;
    platform.id = file.substr(0, file.size() - 5);
    platform.description = fmt::format("Renode's {}", fs::path(platform.id).filename().string());
    platform.architecture = architecture_of_class(hint->architecture);
    platform.default_processor = hint->processor.empty() ? hint->architecture : hint->processor;
    info.platforms.push_back(platform);
    const std::string id = processor_id(platform.default_processor, platform.architecture);
    ProcessorInfo& processor = processors[id];
    if (!processor.id.empty()) continue;
    const auto* known = board::find_processor(id);
    processor = {id, known ? std::string(known->name) : id, hint->architecture, known ? std::string(known->vendor) : "", platform.architecture, 1, {}};
    if (const char profile = profile_of(platform.default_processor)) processor.features.push_back(fmt::format("profile-{}", static_cast<char>(profile - 'A' + 'a')));
  }
  for (auto& [id, processor] : processors) info.processors.push_back(std::move(processor));
  std::set<std::string> buses;
  for (const auto& type : installation->facts.types) {
    const std::string kind = kind_of_type(type.name);
    if (type.is("ICPU")) continue;
    info.peripherals.push_back({type.name, short_type(type.name), kind, "Renode peripheral", {}});
    if (kind == "spi" || kind == "i2c" || kind == "can" || kind == "usb" || kind == "pci") buses.insert(kind);
  }
  info.buses.push_back({"sysbus", "sysbus", "system", "Renode's system bus", 0});
  for (const auto& kind : buses) info.buses.push_back({kind, kind, kind, "Renode bus", 0});
  return info;
}

}  // namespace virserver::backend::renode
