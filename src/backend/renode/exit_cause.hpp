// Why a Renode process ended, from its exit status and what was seen.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "backend/engine.hpp"

namespace virserver::backend::renode {

struct Witness {
  bool we_ended_it = false;
  std::string why_killed;            // we killed it because of this
  std::optional<std::string> abort;  // the processor could not go on: Renode's words
  std::string registers;             // of that processor
  bool attended = true;              // a server was connected until the end
};

// `output`: the end of Renode's own output.
ExitReport explain_exit(const process::ExitStatus& status, const Witness& witness, std::string_view output);

}  // namespace virserver::backend::renode
