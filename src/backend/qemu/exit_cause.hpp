// Why a QEMU process ended, from its exit status, what it said over QMP and what it printed.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "backend/engine.hpp"

namespace virserver::backend::qemu {

// What was seen while it ran; all empty for a QEMU that ended while no server was there.
struct Witness {
  bool we_ended_it = false;
  std::string why_killed;             // we killed it because of this
  std::optional<std::string> shutdown;  // reason of the SHUTDOWN event
  bool panicked = false;
  bool attended = true;               // a server was connected until the end
  bool semihosting = false;           // the guest can end with a status of its own
};

// `output`: the emulator's own output of this run (its end is enough).
ExitReport explain_exit(const process::ExitStatus& status, const Witness& witness, std::string_view output);

}  // namespace virserver::backend::qemu
