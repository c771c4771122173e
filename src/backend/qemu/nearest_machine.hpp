// Which machines come into question for a board that names none, and how far each is from it.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "backend/qemu/discover.hpp"
#include "backend/qemu/machine_facts.hpp"

namespace virserver::backend::qemu {

// By SoC and processor: from the table of tables.hpp, the library's boards, and the machines whose own processor it is;
// where there is none, those of the same Arm profile or architecture. Best first, at most 12: each costs a probe.
std::vector<std::string> nearby_machines(const board::Node& node, const std::vector<std::shared_ptr<const Binary>>& binaries);

// 0: everything the board lists is there. Errors weigh most, then processor, memory, UARTs, other peripherals.
inline constexpr unsigned long impossible = 1'000'000'000;
unsigned long distance_of(const board::Node& node, const MachineFacts& facts, const std::vector<Finding>& findings);

}  // namespace virserver::backend::qemu
