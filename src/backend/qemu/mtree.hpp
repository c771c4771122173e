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

struct MachineMap {
  std::vector<MemoryRegion> memory;  // RAM, ROM and flash; memory behind a protection controller counts; at most 256
  std::vector<IoRegion> io;          // at most 1024
};

// As the first processor sees it (its secure side where it has two), sorted by address; adjacent parts of one region
// are one. Lines that are not understood are skipped.
MachineMap parse_machine_map(std::string_view text);

}  // namespace virserver::backend::qemu
