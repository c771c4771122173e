// The memory map of a QEMU machine, from the text of `info mtree -f`.
#pragma once
#include <string_view>
#include <vector>

#include "backend/types.hpp"

namespace virserver::backend::qemu {

// RAM, ROM and flash as the first processor sees them, sorted by address; adjacent parts of one region are one.
// Memory behind a protection controller counts as memory. Lines that are not understood are skipped; at most 256 regions.
std::vector<MemoryRegion> parse_memory_map(std::string_view text);

}  // namespace virserver::backend::qemu
