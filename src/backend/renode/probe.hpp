// A Renode that is started to be asked about itself, by probe.py, over pipes: it opens no port and runs no guest.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend/renode/command.hpp"
#include "backend/renode/start.hpp"
#include "base/asio.hpp"
#include "process/engine_process.hpp"

namespace virserver::backend::renode {

struct TypeFact {
  std::string name;                     // "Antmicro.Renode.Peripherals.UART.STM32_UART"
  std::vector<std::string> interfaces;  // "IUART", "IBusPeripheral"
  bool is(std::string_view interface) const;
};
struct PeripheralFact {
  std::string name;  // "sysbus.gpioPortA.led"
  TypeFact type;
};
struct CpuFact {
  std::string name, model, architecture;  // "sysbus.cpu", "cortex-m4", "arm-m"
  bool big_endian = false;
};
struct RangeFact {
  std::string name;  // of a peripheral on the system bus
  std::uint64_t address = 0, size = 0;
};

// What the lines of probe.py said; the rest of the output is left aside. At most 20,000 facts of a kind.
struct ProbeFacts {
  std::string program, runtime, root;  // directories: Renode's program, the .NET runtime it runs on, its platforms and scripts
  std::vector<std::string> platforms;  // below root/platforms: "boards/stm32f4_discovery.repl"
  std::vector<TypeFact> types;
  std::vector<PeripheralFact> peripherals;
  std::vector<CpuFact> cpus;
  std::vector<RangeFact> ranges;
  std::vector<std::string> finished;   // lists that are complete: "install", "types", "machine"
  bool has(std::string_view list) const;
};
ProbeFacts parse_probe(std::string_view output);

// A script of ours for Renode, by its name: probe.py, machine.py.
std::string_view script_text(std::string_view name);

struct ProbeAnswer {
  ProbeFacts facts;
  std::string text;  // all it printed, at most 4 MiB
};
// A description of a platform may run code, as part of what it describes: what loads one is confined like an engine.
struct Confinement {
  process::HostConfig host;
  process::SandboxSupport sandbox;
  std::vector<std::filesystem::path> readable;  // besides /usr
};
// Runs the commands one after another in a directory of its own below `work`, with the files. One that fails does not stop the next.
// Errors: ENGINE_START_FAILED, ENGINE_TIMEOUT, STORAGE_ERROR.
Task<Result<ProbeAnswer>> ask_renode(std::filesystem::path launcher, std::filesystem::path work, std::vector<Command> commands,
                                     std::chrono::milliseconds timeout, std::optional<Confinement> confinement = {}, std::vector<SourceFile> files = {});

}  // namespace virserver::backend::renode
