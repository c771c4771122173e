// What each part of a board becomes on the machine of a plan: the answer to "would this run here", part by part.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "backend/types.hpp"

namespace virserver::backend {

enum class PartState {
  runs,          // as the board says
  approximated,  // there, but different
  missing,       // not there, or a stub
  unknown,       // the board gives no address to compare, or the backend does not tell what it has
};
std::string_view to_string(PartState state);

struct Part {
  std::string pointer;  // into the BoardConfig
  std::string kind;     // processor, memory, peripheral, console
  std::string name;
  PartState state = PartState::unknown;
  std::string on;       // what stands for it on the machine; empty if nothing does
  std::string reason;   // for every state but `runs`
  bool modelled = false;  // a register model stands for it
};

// Every processor, memory, peripheral and console of the board's first node, in this order. Memory and processor follow
// the plan's findings; a peripheral is compared by its address with plan.devices.
std::vector<Part> parts_of(const board::Board& board, const EnginePlan& plan);

// The device of the machine that answers at `address`; null if none does.
const DeviceRegion* device_at(const EnginePlan& plan, std::uint64_t address);

// One finding for the peripherals that are stubs, one for those that are not there, one for those that are something
// else. `machine` is the name to use for it.
std::vector<Finding> peripheral_findings(const board::Board& board, const EnginePlan& plan, std::string_view machine);

}  // namespace virserver::backend
