// The text of QEMU's `info registers -a`, which each processor family writes in its own way.
#pragma once
#include <string_view>
#include <vector>

#include "backend/processor_sample.hpp"

namespace virserver::backend::qemu {

// One entry for each "CPU#N", at most 64; at most 128 registers each, floating point and system ones left out where their
// names tell. What is not understood is skipped. Hostile input.
std::vector<ProcessorSample> parse_registers(std::string_view text);

}  // namespace virserver::backend::qemu
