// A platform description (.repl) that a user brings: targets.renode.platform_text of a board.
#pragma once
#include <optional>
#include <string_view>
#include <vector>

#include "backend/types.hpp"
#include "board/board.hpp"

namespace virserver::backend::renode {

// The text, or nothing when the node brings none.
std::optional<std::string> own_platform(const board::Node& node);

// What in the text would do more than describe a platform, each with its line: Python models, and commands of the monitor in
// `init` and `reset` that could run others or name files. And what cannot work: `using` of a file that Renode does not ship.
// A description is loaded by Renode itself, once outside a sandbox. Pure.
struct PlatformConcern {
  unsigned line = 0;  // from 1
  bool code = false;  // runs what the user wrote; only where the operator permits it
  std::string message;
};
std::vector<PlatformConcern> platform_concerns(std::string_view text, const std::vector<std::string>& shipped);

}  // namespace virserver::backend::renode
