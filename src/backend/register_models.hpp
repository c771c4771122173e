// Which register models of a board count on the machine of a plan, and what is said of them.
#pragma once
#include <string_view>
#include <vector>

#include "backend/types.hpp"

namespace virserver::backend {

// Of the first node: fills plan.register_models and adds findings: one that names all that are played, and one for each that is left out:
// models over memory of the machine, and all of them where `player` is not available or the processor is big-endian. A model that is not for this version of the backend is no news.
void plan_register_models(const board::Board& board, std::string_view version, const Feature& player, EnginePlan& plan);

// Nothing is played after all, and the findings say so.
void switch_register_models_off(EnginePlan& plan);

// The blocks of plan.register_models.
std::vector<registers::Block> played_models(const board::Board& board, const EnginePlan& plan);

// The block of plan.register_models at an address; null: none.
const ModelledBlock* model_at(const EnginePlan& plan, std::uint64_t address);

}  // namespace virserver::backend
