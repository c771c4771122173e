// What to emulate, independent of any emulator: the BoardConfig of the API.
#pragma once
#include <boost/json/value.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/architecture.hpp"
#include "base/error.hpp"
#include "registers/model.hpp"

namespace virserver::board {

struct Processor {
  std::string type;     // as written: "ARM Cortex-M4", "RISC-V RV32", "cortex-a53"
  std::string id;       // canonical: "cortex-m4", "rv32", "cortex-a53" (see processors.hpp)
  Architecture architecture = Architecture::other;
  char profile = 0;     // Arm: 'A', 'R', 'M', 'C' (classic); else 0
  unsigned cores = 1;
  std::optional<std::uint64_t> frequency_hz;
  boost::json::object features;
};

enum class MemoryType { flash, ram, rom };
struct Memory {
  MemoryType type = MemoryType::ram;
  std::string name;     // may be empty
  std::uint64_t address = 0;
  std::uint64_t size = 0;
  bool read = true, write = true, execute = true;
};

struct Peripheral {
  std::string type;     // canonical lower case: uart, gpio, timer, ...
  std::string name;
  std::optional<std::uint64_t> address;
  std::vector<unsigned> irq;
  boost::json::object properties;
};

// A console of the node and the UART it belongs to. `index` is the emulator's serial number (QEMU's -serial order).
struct Console {
  std::string name;        // uart0, usart2, ...
  std::string peripheral;  // may be empty
  unsigned index = 0;
};

struct Node {
  std::string id;
  std::string backend;          // "auto" or a backend's name
  std::string soc;
  Processor processor;
  std::vector<Memory> memory;
  std::vector<Peripheral> peripherals;
  boost::json::object targets;  // backend name -> what the node is there; {"qemu": {"machine": ...}}
  std::vector<Console> consoles;
  std::string default_console;  // empty: the first
  boost::json::value register_models;           // as written: a list, "off", or null
  std::vector<registers::Block> register_blocks;  // what that means, checked; those switched off are left out
};

struct Resources {
  std::optional<double> cpu_cores;
  std::optional<std::uint64_t> memory_mb, disk_gb, timeout_sec;
};

struct Board {
  std::string system_id, name, description;
  std::vector<Node> nodes;            // at least one
  boost::json::object interconnect;   // validated, kept as written
  boost::json::object boot;           // bootrom, bootargs, env; bootargs never reach an emulator's command line
  Resources resources;
};

boost::json::object to_json(const Board& board);

}  // namespace virserver::board
