// The first draft of register models, from what a board's loops were seen waiting for. Pure.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "backend/types.hpp"
#include "session/diagnosis.hpp"

namespace virserver::session {

// YAML of a node's `register_models` (docs/register-models.md), with comments that say where each rule comes from: a built-in
// model where one has the register, else a block of its own with the awaited bits as constants where the machine has nothing
// or a stub. Empty when there is nothing of both.
std::string draft_models(std::span<const PolledView> polled, const backend::EnginePlan& plan, std::string_view soc);

}  // namespace virserver::session
