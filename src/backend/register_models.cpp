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

constexpr std::string_view list = "/nodes/0/register_models";

}  // namespace

void plan_register_models(const board::Board& board, std::string_view version, const Feature& player, EnginePlan& plan) {
  const board::Node& node = board.nodes.front();
  const auto blocks = board::models_for(node, plan.backend, version);
  if (blocks.empty()) return;
  if (!player.available || plan.big_endian) {
    plan.findings.push_back({Severity::missing, std::string(list), fmt::format("the register models are not played: {}", plan.big_endian ? "they are little-endian, the processor is not" : player.reason)});
    return;
  }
  std::vector<std::pair<std::string, std::string>> played;  // model, names of its blocks
  for (const auto& block : blocks) {
    const std::string pointer = fmt::format("{}/{}", list, block.entry);
    if (const auto* region = memory_under(plan, block)) {
      plan.findings.push_back({Severity::missing, pointer, fmt::format("{} at {} is not played: the machine has memory there ({})", block.name, hex_address(block.base), region->name)});
      continue;
    }
    const std::string model = block.model.empty() ? "the board's own" : block.model;
    const auto same = std::ranges::find(played, model, [](const auto& entry) { return entry.first; });
    if (same == played.end()) played.emplace_back(model, block.name);
    else same->second += ", " + block.name;
    plan.register_models.push_back({block.name, block.model.empty() ? "the board's own register model" : "the register model " + block.model, block.base, block.size});
  }
  if (played.empty()) return;
  std::string names;
  for (const auto& [model, of] : played) names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", of, model);
  plan.findings.push_back({Severity::approximated, std::string(list), fmt::format("register models answer what firmware waits for, and do no more, in {}", names)});
}

std::vector<registers::Block> played_models(const board::Board& board, const EnginePlan& plan) {
  std::vector<registers::Block> blocks;
  if (board.nodes.empty()) return blocks;
  for (const auto& block : board.nodes.front().register_blocks)
    if (std::ranges::find(plan.register_models, block.name, &ModelledBlock::name) != plan.register_models.end()) blocks.push_back(block);
  return blocks;
}

void switch_register_models_off(EnginePlan& plan) {
  plan.register_models.clear();
  for (auto& finding : plan.findings)
    if (finding.severity == Severity::approximated && finding.pointer.starts_with(list)) {
      finding.severity = Severity::missing;
      finding.message = "switched off for this session: " + finding.message;
    }
}

const ModelledBlock* model_at(const EnginePlan& plan, std::uint64_t address) {
  for (const auto& block : plan.register_models)
    if (address >= block.address && address - block.address < block.size) return &block;
  return nullptr;
}

}  // namespace virserver::backend
