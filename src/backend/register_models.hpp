// Which register models of a board count on the machine of a plan, and what is said of them.
#pragma once
#include <string_view>
#include <vector>

#include "backend/types.hpp"

namespace virserver::backend {

// Of the first node: fills plan.register_models and adds findings. Left out, with a reason: models over memory of the machine, and all of
// them where `player` is not available or the processor is big-endian. A model that is not for this version of the backend is no news.
void plan_register_models(const board::Board& board, std::string_view version, const Feature& player, EnginePlan& plan);

// The blocks of plan.register_models.
std::vector<registers::Block> played_models(const board::Board& board, const EnginePlan& plan);

// "the register model stm32f4-rcc", or "the board's own register model".
std::string model_text(const registers::Block& block);

}  // namespace virserver::backend
