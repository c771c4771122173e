#include "backend/register_models.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "board/register_models.hpp"

namespace virserver::backend {
namespace {

const MemoryRegion* memory_under(const EnginePlan& plan, const registers::Block& block) {
  for (const auto& region : plan.memory)
    if (region.size && block.base <= region.address + (region.size - 1) && region.address <= block.base + (block.size - 1)) return &region;
  return nullptr;
}

}  // namespace

std::string model_text(const registers::Block& block) {
  return block.model.empty() ? "the board's own register model" : fmt::format("the register model {}", block.model);
}

void plan_register_models(const board::Board& board, std::string_view version, const Feature& player, EnginePlan& plan) {
  const board::Node& node = board.nodes.front();
  const auto blocks = board::models_for(node, plan.backend, version);
  if (blocks.empty()) return;
  const std::string list = "/nodes/0/register_models";
  if (!player.available || plan.big_endian) {
    plan.findings.push_back({Severity::missing, list, fmt::format("the register models are not played: {}", plan.big_endian ? "they are little-endian, the processor is not" : player.reason)});
    return;
  }
  for (const auto& block : blocks) {
    const std::string pointer = fmt::format("{}/{}", list, block.entry);
    if (const auto* region = memory_under(plan, block)) {
      plan.findings.push_back({Severity::missing, pointer, fmt::format("{} at {} is not played: the machine has memory there ({})", block.name, hex_address(block.base), region->name)});
      continue;
    }
    plan.register_models.push_back(block.name);
    plan.findings.push_back({Severity::approximated, pointer, fmt::format("{} is played by {}{}{}", block.name, model_text(block), block.description.empty() ? "" : ": ", block.description)});
  }
}

std::vector<registers::Block> played_models(const board::Board& board, const EnginePlan& plan) {
  std::vector<registers::Block> blocks;
  if (board.nodes.empty()) return blocks;
  for (const auto& block : board.nodes.front().register_blocks)
    if (std::ranges::find(plan.register_models, block.name) != plan.register_models.end()) blocks.push_back(block);
  return blocks;
}

}  // namespace virserver::backend
