#include "backend/qemu/plan.hpp"

#include <algorithm>

#include "backend/parts.hpp"
#include "backend/register_models.hpp"
#include "backend/qemu/nearest_machine.hpp"
#include "backend/qemu/tables.hpp"
#include "base/bytes.hpp"

namespace virserver::backend::qemu {

namespace json = boost::json;

namespace {

constexpr std::chrono::milliseconds probe_timeout(10'000);

Error unplannable(const std::vector<Finding>& findings, std::string message) {
  static constexpr std::string_view names[] = {"info", "approximated", "missing", "error"};
  json::array list;
  for (const auto& finding : findings)
    list.push_back({{"severity", names[static_cast<int>(finding.severity)]}, {"pointer", finding.pointer}, {"message", finding.message}});
  return Error{ErrorCode::BOARD_UNPLANNABLE, std::move(message), {{"backend", "qemu"}, {"findings", std::move(list)}}};
}

bool has_error(const std::vector<Finding>& findings) {
  return std::ranges::any_of(findings, [](const auto& f) { return f.severity == Severity::error; });
}

std::string first_error(const std::vector<Finding>& findings) {
  for (const auto& finding : findings)
    if (finding.severity == Severity::error) return finding.message;
  return "no machine fits";
}

struct Candidate {
  MachineChoice choice;
  std::shared_ptr<const MachineFacts> facts;  // null: the machine could not be asked
  std::vector<Finding> findings;
};

bool knows(const Binary& binary, std::string_view processor) {
  return std::ranges::any_of(binary.processors, [&](const auto& row) { return row.first == processor; });
}

// More memory than the machine has by itself, where -m can give it: the RAM the board wants at the machine's largest RAM.
std::string larger_memory(const board::Node& node, const MachineFacts& facts) {
  for (const auto& wanted : node.memory) {
    if (wanted.type != board::MemoryType::ram || wanted.size > 64ull << 30) continue;
    for (const auto& region : facts.memory)
      if (region.writable && region.address == wanted.address && region.size < wanted.size && region.size >= 16u << 20)
        return fmt::format("{}M", (wanted.size + (1u << 20) - 1) >> 20);
  }
  return {};
}

// What a QEMU may ask for before it starts the machine, or loads into it, is added to the choice.
Task<Result<std::shared_ptr<const MachineFacts>>> settle(MachineChoice& choice, FactsCache& cache) {
  auto facts = co_await cache.get(choice, probe_timeout);
  if (!facts && facts.error().message.find("audio driver") != std::string::npos) {
    choice.no_audio = true;
    facts = co_await cache.get(choice, probe_timeout);
  }
  if (facts && (*facts)->ram_size == 0 && choice.memory.empty()) {
    auto other = choice;
    other.memory = "64M";
    if (auto better = co_await cache.get(other, probe_timeout)) {
      choice = std::move(other);
      facts = std::move(better);
    }
  }
  co_return facts;
}

// Starts the machine as the board wants it; adds -cpu or -m where that brings it nearer and the machine takes it.
Task<Result<Candidate>> try_machine(const board::Node& node, const Binary& binary, std::string machine, const Target& target, FactsCache& cache) {
  Candidate candidate;
  auto& choice = candidate.choice;
  choice.binary = binary.path;
  choice.version = binary.version;
  choice.machine = machine;
  choice.options = target.machine_options;
  choice.processor = target.processor;
  choice.memory = target.memory;
  choice.cores = node.processor.cores;
  choice.bios_none = target.bios_none;
  auto facts = co_await settle(choice, cache);
  if (!facts) co_return pass(facts);
  if (choice.processor.empty() && (*facts)->processor != node.processor.id && knows(binary, node.processor.id)) {
    auto other = choice;
    other.processor = node.processor.id;
    auto better = co_await cache.get(other, probe_timeout);
    if (better && (*better)->processor == node.processor.id) {
      choice = std::move(other);
      facts = std::move(better);
    }
  }
  if (choice.memory.empty()) {
    if (auto memory = larger_memory(node, **facts); !memory.empty()) {
      auto other = choice;
      other.memory = memory;
      if (auto better = co_await cache.get(other, probe_timeout)) {
        choice = std::move(other);
        facts = std::move(better);
      }
    }
  }
  candidate.facts = *facts;
  check_processor(node, *candidate.facts, machine, candidate.findings);
  if (!target.processor.empty() && target.processor != candidate.facts->processor)
    candidate.findings.push_back({Severity::error, "/nodes/0/targets/qemu/cpu",
                                  fmt::format("the machine {} has a fixed processor, {}; it does not take {}", machine, candidate.facts->processor, target.processor)});
  check_memory(node, *candidate.facts, machine, candidate.findings);
  co_return candidate;
}

EnginePlan make_plan(const board::Board& board, const Binary& binary, const Target& target, Candidate candidate, std::vector<Finding> findings) {
  const auto& node = board.nodes.front();
  EnginePlan plan;
  plan.backend = "qemu";
  plan.findings = std::move(findings);
  for (auto& finding : candidate.findings) plan.findings.push_back(std::move(finding));
  const auto& facts = *candidate.facts;
  const auto& choice = candidate.choice;
  plan.architecture = node.processor.architecture;
  plan.profile = arm_profile(facts.processor);
  if (!plan.profile) plan.profile = node.processor.profile;
  plan.big_endian = binary.architecture == Architecture::sparc || binary.architecture == Architecture::ppc ||
                    binary.architecture == Architecture::m68k || binary.target == "mips";
  plan.memory = facts.memory;
  plan.devices = facts.devices;
  plan.consoles = choose_consoles(node, facts, choice.machine, plan.findings);
  const bool can = plan.architecture == Architecture::arm || plan.architecture == Architecture::aarch64 ||
                   plan.architecture == Architecture::riscv32 || plan.architecture == Architecture::riscv64;
  plan.semihosting = can && target.semihosting.value_or(true);
  plan.default_console = plan.consoles.empty() ? (plan.semihosting ? "semihosting" : "") : plan.consoles.front().name;
  if (std::ranges::any_of(plan.consoles, [&](const auto& c) { return c.name == node.default_console; })) plan.default_console = node.default_console;
  plan.minimum_memory_mb = facts.host_memory_mb + 32;  // threads and what grows while the guest runs

  json::array options;
  for (const auto& option : choice.options) options.emplace_back(option);
  plan.data = {{"binary", choice.binary.string()}, {"version", choice.version},       {"machine", choice.machine},
               {"machine_options", options},       {"cpu", choice.processor},         {"memory", choice.memory},
               {"cores", choice.cores},            {"bios_none", choice.bios_none},   {"no_audio", choice.no_audio},     {"processor", facts.processor}};
  if (plan.profile == 'M') {
    // Without a word from the board: where flash begins for the boards that say so, else address 0.
    plan.data["vector_table"] = target.vector_table.value_or(target.reset_address.value_or(0));
  } else if (target.reset_address) {
    plan.data["reset_address"] = *target.reset_address;
  }
  if (target.load_address) plan.data["load_address"] = *target.load_address;
  for (const auto& region : facts.memory)
    if (region.name.ends_with(".uicr"))
      plan.findings.push_back({Severity::info, "", fmt::format("what an image writes to {} at {} is ignored", region.name, hex_address(region.address))});
  plan_register_models(board, choice.version, register_model_player(), plan);
  plan.data["qtest"] = true;  // costs nothing until a line is driven
  for (auto& finding : peripheral_findings(board, plan, choice.machine)) plan.findings.push_back(std::move(finding));
  return plan;
}

// One machine of one executable; findings with an error where it cannot be.
Task<Result<Candidate>> consider(const board::Node& node, const Binary& binary, const MachineEntry& entry, const Target& target, FactsCache& cache) {
  Candidate refused;
  refused.choice.machine = entry.name;
  if (node.processor.cores > entry.max_cores) {
    refused.findings.push_back({Severity::error, "/nodes/0/processor/cores",
                                fmt::format("the machine {} has at most {} cores, the board {}", entry.name, entry.max_cores, node.processor.cores)});
    co_return refused;
  }
  auto candidate = co_await try_machine(node, binary, entry.name, target, cache);
  if (candidate || candidate.error().code != ErrorCode::BOARD_UNPLANNABLE) co_return candidate;
  refused.findings.push_back({Severity::error, "/nodes/0/targets/qemu", std::move(candidate.error().message)});
  co_return refused;
}

}  // namespace

Task<Result<EnginePlan>> plan_board(const board::Board& board, std::vector<std::shared_ptr<const Binary>> binaries, FactsCache& cache) {
  if (board.nodes.size() != 1)
    co_return fail(ErrorCode::UNSUPPORTED_BY_BACKEND, "a QEMU process emulates one machine and the board has {} nodes; this version of VirServer runs boards of one node", board.nodes.size());
  const auto& node = board.nodes.front();
  std::vector<Finding> findings;
  const Target target = read_target(node, from_builtin_template(node), findings);
  if (has_error(findings)) {
    auto error = unplannable(findings, first_error(findings));
    co_return std::unexpected(std::move(error));
  }

  // A board that names machines runs on the first that takes it; else every machine that comes into question is looked
  // at, and the nearest is taken.
  const bool named = !target.machines.empty();
  std::optional<Candidate> best;
  std::shared_ptr<const Binary> best_binary;
  unsigned long best_distance = 0;
  std::vector<std::string> others;
  for (const auto& machine : named ? target.machines : nearby_machines(node, binaries)) {
    for (const auto& binary : binaries) {
      const auto* entry = binary->find_machine(machine);
      if (!entry) continue;
      auto candidate = co_await consider(node, *binary, *entry, target, cache);
      if (!candidate) co_return pass(candidate);
      const bool fits = !has_error(candidate->findings);
      if (named && fits) co_return make_plan(board, *binary, target, std::move(*candidate), std::move(findings));
      const auto distance = candidate->facts ? distance_of(node, *candidate->facts, candidate->findings) : impossible;
      if (!named && fits) others.push_back(machine);
      if (best && best_distance <= distance) continue;
      best = std::move(*candidate);
      best_binary = binary;
      best_distance = distance;
    }
    if (best && best_distance == 0) break;
  }
  if (!named && best && !has_error(best->findings)) {
    std::erase(others, best->choice.machine);
    std::string text = fmt::format("the board names no QEMU machine; {} is the nearest by processor and memory map", best->choice.machine);
    if (best_distance > 0 && !others.empty()) text += fmt::format(" (also possible: {})", fmt::join(others, ", "));
    findings.push_back({Severity::info, "/nodes/0/targets", std::move(text)});
    co_return make_plan(board, *best_binary, target, std::move(*best), std::move(findings));
  }

  if (best) {
    for (auto& finding : best->findings) findings.push_back(std::move(finding));
  } else if (named) {
    std::vector<std::string> all;
    for (const auto& binary : binaries)
      for (const auto& entry : binary->machines) all.push_back(entry.name);
    const auto close = nearest(target.machines.back(), all);
    findings.push_back({Severity::error, "/nodes/0/targets/qemu/machine",
                        fmt::format("this QEMU has no machine {}{}{}", target.machines.back(), close.empty() ? "" : "; near: ", fmt::join(close, ", "))});
  }
  if (!named)
    findings.push_back({Severity::error, "/nodes/0/targets/qemu/machine",
                        best ? fmt::format("no QEMU machine takes the board; the nearest is {}, and the differences are listed. Change the board, or name a "
                                           "machine in targets.qemu.machine", best->choice.machine)
                             : std::string("no QEMU machine has a processor like the board's; name a machine in targets.qemu.machine")});
  auto error = unplannable(findings, fmt::format("QEMU cannot run this board: {}", first_error(findings)));
  co_return std::unexpected(std::move(error));
}

}  // namespace virserver::backend::qemu
