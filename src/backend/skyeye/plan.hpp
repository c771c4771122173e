// A board of one node onto one of SkyEye's machines.
#pragma once
#include "backend/skyeye/installation.hpp"
#include "board/board.hpp"

namespace virserver::backend::skyeye {

// The machine that the node names in targets.skyeye.mach, with the node's own memory: SkyEye's machines have registers only.
// The plan's data: launcher, version, machine, conf (skyeye.conf without UARTs), readable. Errors: BOARD_UNPLANNABLE with all
// findings. Pure.
Result<EnginePlan> plan_board(const board::Board& board, const Installation& installation);

}  // namespace virserver::backend::skyeye
