// A board of one node onto a platform that Renode ships.
#pragma once
#include "backend/renode/installation.hpp"
#include "board/board.hpp"

namespace virserver::backend::renode {

// The file below Renode's platforms that the node names in targets.renode.platform: "boards/stm32f4_discovery.repl".
// Error: BOARD_UNPLANNABLE (none named, or no such platform; near ones are offered).
Result<std::string> platform_file(const board::Node& node, const Installation& installation);

// Errors: BOARD_UNPLANNABLE with all findings. Pure.
Result<EnginePlan> plan_platform(const board::Board& board, const Installation& installation, const std::string& file, const Library::Platform& platform);

// A console and the UART behind it.
struct Wire {
  board::Console console;
  std::string peripheral;  // "sysbus.usart2"
};
// The node's consoles by the address of their UART, else by its name, else by their index; without any, every UART of the
// platform is one.
std::vector<Wire> wire_consoles(const board::Node& node, const ProbeFacts& facts, std::vector<Finding>& findings);

}  // namespace virserver::backend::renode
