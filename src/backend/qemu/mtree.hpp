// The bus of a QEMU machine, from the text of `info mtree -f -o`.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "backend/types.hpp"

namespace virserver::backend::qemu {

// Registers: an address range that a device answers.
struct IoRegion {
  std::string name;   // QEMU's name of the region, often the device's
  std::uint64_t address = 0, size = 0;
  std::string owner;  // QOM path of the device; empty where QEMU does not say
};

// What lies behind a port of a peripheral protection controller: an address space of its own, from 0.
struct PortMap {
  std::string port;  // "tz-ppc-port[5]"; several controllers use the same names
  std::string root;  // name of the region that the port leads to
  std::vector<IoRegion> io;
};

struct MachineMap {
  std::vector<MemoryRegion> memory;  // RAM, ROM and flash; memory behind a protection controller counts; at most 256
  std::vector<IoRegion> io;          // at most 1024
  std::vector<PortMap> ports;        // at most 256
};

// As the first processor sees it (its secure side where it has two), sorted by address; adjacent parts of one region
// are one. Lines that are not understood are skipped.
MachineMap parse_machine_map(std::string_view text);

}  // namespace virserver::backend::qemu
