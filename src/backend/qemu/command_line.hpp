// QEMU's arguments for one start of a planned board. Pure: no file is touched.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "backend/backend.hpp"
#include "backend/qemu/boot_stub.hpp"

namespace virserver::backend::qemu {

// What a loaded image becomes: the file `name` in the engine's directory, loaded to `address` at every reset.
struct RegionFile {
  std::string name;
  std::uint64_t address = 0;
  const Bytes* bytes = nullptr;
};
std::vector<RegionFile> region_files(const std::vector<LoadImage>& images);

// The machine's boot stub for this start; null if it has none or an image takes its place.
const BootStub* stub_for(const EnginePlan& plan, const std::vector<LoadImage>& images);
inline constexpr const char* stub_file = "boot.bin";  // its name in the engine's directory

// Where the first processor starts, when that is not where the machine starts it by itself; never on Cortex-M, whose
// vector table decides. The bootloader's entry wins over the application's.
std::optional<std::uint64_t> start_address(const EnginePlan& plan, const std::vector<LoadImage>& images);

struct CommandLine {
  std::vector<std::string> argv;
  std::vector<process::ConsoleSpec> consoles;  // in the plan's order, "semihosting" last
};
// `semihosting`: false where the sandbox cannot confine its file calls. Sockets and files are relative to the engine's directory.
CommandLine command_line(const EnginePlan& plan, const LaunchSpec& spec, bool semihosting);

}  // namespace virserver::backend::qemu
