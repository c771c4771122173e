// A board of one node onto a platform that Renode ships.
#pragma once
#include "backend/renode/installation.hpp"
#include "board/board.hpp"

namespace virserver::backend::renode {

// The file below Renode's platforms that the node names in targets.renode.platform: "boards/stm32f4_discovery.repl".
// Error: BOARD_UNPLANNABLE (none named, or no such platform; near ones are offered).
Result<std::string> platform_file(const board::Node& node, const Installation& installation);

// The description of a platform that the node brings in targets.renode.platform_text, and the models in C# beside it. What they
// make Renode do is not looked at: like the guest's code it runs in the sandbox.
struct OwnPlatform {
  std::string text;
  boost::json::object models;  // name -> source
  std::vector<SourceFile> files() const;
};
std::optional<OwnPlatform> own_platform(const board::Node& node);

// `own`: the platform is a user's; `file` is then not looked at. Errors: BOARD_UNPLANNABLE with all findings. Pure.
Result<EnginePlan> plan_platform(const board::Board& board, const Installation& installation, const std::string& file, const Library::Platform& platform,
                                 const std::optional<OwnPlatform>& own = {});

// A board of one node onto a platform made from its own processor, memory and peripherals. The platform travels in the plan:
// data.text, and data.pointers for explain_platform_error. Errors: BOARD_UNPLANNABLE with all findings. Pure.
Result<EnginePlan> plan_generated(const board::Board& board, const Installation& installation);
bool names_platform(const board::Node& node);  // false: it is generated

// BOARD_UNPLANNABLE with `findings` in its details.
Error unplannable(const std::vector<Finding>& findings, std::string message);

// Measured with a processor that waits: 240 MB resident of Renode and its runtime, besides the guest's memory.
inline constexpr std::uint64_t host_memory_mb = 512;

// A console and the UART behind it.
struct Wire {
  board::Console console;
  std::string peripheral;  // "sysbus.usart2"
};
// The node's consoles by the address of their UART, else by its name, else by their index; without any, every UART of the
// platform is one.
std::vector<Wire> wire_consoles(const board::Node& node, const ProbeFacts& facts, std::vector<Finding>& findings);

}  // namespace virserver::backend::renode
