// A board of one node onto a QEMU machine.
#pragma once
#include <memory>
#include <vector>

#include "backend/qemu/discover.hpp"
#include "backend/qemu/machine_facts.hpp"
#include "backend/types.hpp"
#include "board/board.hpp"

namespace virserver::backend::qemu {

// Errors: those of Backend::plan. `binaries` run the architecture of the board's node.
Task<Result<EnginePlan>> plan_board(const board::Board& board, std::vector<std::shared_ptr<const Binary>> binaries, FactsCache& facts);

// --- parts, public for their tests ---

// targets.qemu of a node, checked. What only built-in templates may say is left out, with a finding, elsewhere.
struct Target {
  std::vector<std::string> machines;  // by preference
  std::string processor, memory;
  std::optional<std::uint64_t> reset_address, vector_table, load_address;
  bool bios_none = false;
  std::optional<bool> semihosting;
  std::vector<std::string> machine_options;
};
Target read_target(const board::Node& node, bool trusted, std::vector<Finding>& findings);

// Whether a built-in template has a node with exactly these targets.
bool from_builtin_template(const board::Node& node);

// How the board's memory lies on the machine's: missing, smaller, elsewhere.
void check_memory(const board::Node& node, const MachineFacts& facts, std::string_view machine, std::vector<Finding>& findings);
void check_processor(const board::Node& node, const MachineFacts& facts, std::string_view machine, std::vector<Finding>& findings);
// The consoles the machine has ports for.
std::vector<board::Console> choose_consoles(const board::Node& node, const MachineFacts& facts, std::string_view machine,
                                            std::vector<Finding>& findings);

}  // namespace virserver::backend::qemu
