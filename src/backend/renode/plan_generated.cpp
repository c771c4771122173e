// A board onto a platform of its own.
#include <boost/json.hpp>

#include <algorithm>

#include "backend/renode/plan.hpp"
#include "backend/renode/platform.hpp"

namespace virserver::backend::renode {

namespace json = boost::json;

namespace {

constexpr std::size_t max_consoles = 8;

}  // namespace

bool names_platform(const board::Node& node) {
  const auto* target = node.targets.if_contains("renode");
  const auto* object = target ? target->if_object() : nullptr;
  return object && object->contains("platform");
}

Result<EnginePlan> plan_generated(const board::Board& board, const Installation& installation) {
  const auto& node = board.nodes.front();
  Platform platform = generate_platform(board);
  if (!platform.usable()) {
    const auto first = std::ranges::find(platform.findings, Severity::error, &Finding::severity);
    return fail(unplannable(platform.findings, fmt::format("Renode cannot run this board: {}", first->message)));
  }
  EnginePlan plan;
  plan.backend = "renode";
  plan.findings.push_back({Severity::info, "", fmt::format("Renode {} runs a platform made of the board's own description", installation.version)});
  for (auto& finding : platform.findings) plan.findings.push_back(std::move(finding));
  plan.architecture = node.processor.architecture;
  plan.profile = node.processor.profile;
  plan.big_endian = platform.big_endian;
  plan.memory = std::move(platform.memory);
  plan.devices = std::move(platform.devices);
  json::array uarts, cpus, readable;
  for (auto& wire : platform.consoles) {
    if (plan.consoles.size() == max_consoles) {
      plan.findings.push_back({Severity::info, "/nodes/0/consoles", fmt::format("the first {} consoles are there", max_consoles)});
      break;
    }
    uarts.push_back({{"console", wire.console.name}, {"peripheral", wire.path}});
    plan.consoles.push_back(std::move(wire.console));
  }
  for (const auto& name : platform.processors) cpus.emplace_back("sysbus." + name);
  for (const auto& path : needed_paths(installation)) readable.emplace_back(path.string());
  plan.default_console = plan.consoles.empty() ? "" : plan.consoles.front().name;
  if (std::ranges::find(plan.consoles, node.default_console, &board::Console::name) != plan.consoles.end()) plan.default_console = node.default_console;
  plan.minimum_memory_mb = host_memory_mb;
  plan.data = {{"launcher", installation.launcher.string()}, {"version", installation.version}, {"machine", "generated"}, {"processor", node.processor.id}, {"text", std::move(platform.text)},
               {"pointers", json::array(platform.pointers.begin(), platform.pointers.end())}, {"cpus", std::move(cpus)},
               {"uarts", std::move(uarts)}, {"readable", std::move(readable)}, {"vector_table_from_image", true}};
  const auto flash = std::ranges::find(node.memory, board::MemoryType::flash, &board::Memory::type);
  if (plan.profile == 'M' && !plan.memory.empty())  // of an image that names no address
    plan.data["load_address"] = flash == node.memory.end() ? plan.memory.front().address : flash->address;
  return plan;
}

}  // namespace virserver::backend::renode
