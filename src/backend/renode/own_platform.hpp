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

// What in the text might do more than describe a platform, each with its line: models in Python or that start programs, `preinit`,
// most commands of the monitor in `init` and `reset`, these in any other layout than indentation (Renode reads words, not lines:
// PreLexer.cs and Grammar.cs of its sources, 1.16.1), names of files. And what cannot work: `using` of a file that Renode does not ship. What is not understood
// counts as code. A description is loaded by Renode itself, once outside a sandbox: this is a filter for people who may use
// the server, no defence against those who must not. Pure.
struct PlatformConcern {
  unsigned line = 0;  // from 1
  bool code = false;  // runs what the user wrote; only where the operator permits it
  std::string message;
};
std::vector<PlatformConcern> platform_concerns(std::string_view text, const std::vector<std::string>& shipped);

}  // namespace virserver::backend::renode
