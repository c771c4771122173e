// What the backends tell about themselves and about a planned board.
#pragma once
#include <boost/json/object.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/architecture.hpp"
#include "board/board.hpp"

namespace virserver::backend {

struct Feature {
  bool available = false;
  std::string reason;  // why not; empty when available
};

struct ProcessorInfo {
  std::string id, name, type, vendor;   // id as BoardConfig takes it; type: the emulator's own name
  Architecture architecture = Architecture::other;
  unsigned max_cores = 1;
  std::vector<std::string> features;
};
struct PeripheralInfo {
  std::string id, name, type, description;  // type: uart, gpio, timer, ... or "other"
  std::vector<std::string> platforms;
};
struct BusInfo {
  std::string id, name, type, description;
  unsigned width = 0;  // bits; 0 unknown
};
struct PlatformInfo {  // a machine that the emulator has by name
  std::string id, description;
  Architecture architecture = Architecture::other;
  std::string default_processor;
  unsigned max_cores = 1;
};

enum class Status { probing, available, absent, broken };

struct BackendInfo {
  std::string name;                         // "qemu"
  Status status = Status::probing;
  std::string version;
  std::string reason;                       // absent or broken: why, and what to install or do
  std::vector<std::pair<std::string, std::string>> executables;  // path, version
  std::map<std::string, Feature> features;  // every name of feature_names, always
  std::map<std::string, std::int64_t> limits;
  std::vector<ProcessorInfo> processors;
  std::vector<PeripheralInfo> peripherals;
  std::vector<BusInfo> buses;
  std::vector<PlatformInfo> platforms;
};

// The names every backend answers for, in the order they are shown.
inline constexpr const char* feature_names[] = {
    "power", "pause", "reset", "console", "console_input", "semihosting", "programs", "multiple_images",
    "adoption", "breakpoints", "watchpoints", "registers", "memory", "step", "gdb", "rtt", "snapshot", "fork",
    "coverage", "trace", "irq", "deterministic", "record", "shared_memory", "multi_node", "virtual_time", "run_for",
    "devices", "diagnosis", "register_models"};

enum class Severity { info, approximated, missing, error };
struct Finding {
  Severity severity = Severity::info;
  std::string pointer;  // into the BoardConfig, may be empty
  std::string message;
};

// Where the machine really has memory.
struct MemoryRegion {
  std::string name;
  std::uint64_t address = 0, size = 0;
  bool writable = true;  // false: flash or ROM; loadable all the same
};

// Registers that the machine really answers, and with what.
struct DeviceRegion {
  std::string name;          // the emulator's name of the region: "RCC", "stm32f2xx-usart"
  std::string model;         // the emulator's type of the device; empty where it does not say
  std::string kind;          // uart, gpio, timer, ... or "other", by the model's name
  std::uint64_t address = 0, size = 0;
  bool stub = false;         // reads 0 and forgets what is written: nothing is emulated
  std::optional<unsigned> serial;  // the emulator's serial port that this UART is
};

// Registers that a model of the board answers where the machine does not.
struct ModelledBlock {
  std::string name, model;   // "RCC"; "the register model stm32f4-rcc"
  std::uint64_t address = 0, size = 0;
};

// One board made ready for one backend. `data` is the backend's own and opaque to everybody else; it is kept with the
// session so that an engine can be adopted.
struct EnginePlan {
  std::string backend;
  std::vector<Finding> findings;
  Architecture architecture = Architecture::other;
  char profile = 0;                      // Arm profile of the first node
  bool big_endian = false;
  std::vector<MemoryRegion> memory;
  std::vector<DeviceRegion> devices;     // sorted by address; empty where the backend does not tell
  std::vector<board::Console> consoles;  // that the engine will have, semihosting not included
  std::vector<ModelledBlock> register_models;  // that are played (register_models.hpp)
  bool semihosting = false;
  std::string default_console;
  std::uint64_t minimum_memory_mb = 0;   // host memory below which the engine does not run
  boost::json::object data;
};

}  // namespace virserver::backend
