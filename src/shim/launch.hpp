// Starts the emulator.
#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

#include "shim/options.hpp"
#include "shim/protocol.hpp"

namespace virserver::shim {

struct ChildFd {
  int fd;      // ours, close-on-exec
  int number;  // what it becomes in the emulator
};

struct LaunchResult {
  pid_t pid = -1;
  int error = 0;               // errno, 0 when started
  const char* failed = "";     // which step
};

// `output` becomes stdout and stderr, and stdin where `what.terminal`, else that is /dev/null; every other descriptor than
// `child_fds` is closed.
LaunchResult launch(const Launch& what, const Options& options, const std::vector<ChildFd>& child_fds, int output);

}  // namespace virserver::shim
