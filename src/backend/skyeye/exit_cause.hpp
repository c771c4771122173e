// Why a SkyEye process ended, from its exit status and what was seen.
#pragma once
#include <string>
#include <string_view>

#include "backend/engine.hpp"

namespace virserver::backend::skyeye {

struct Witness {
  bool we_ended_it = false;
  std::string why_killed;  // we killed it because of this
};

// `output`: the end of what SkyEye printed, its command line among it.
ExitReport explain_exit(const process::ExitStatus& status, const Witness& witness, std::string_view output);

// The end of `output` without prompts, escape sequences and the words that VirServer types.
std::string shown_output(std::string_view output);

}  // namespace virserver::backend::skyeye
