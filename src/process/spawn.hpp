// Starting a sandbox: posix_spawn with nothing inherited but what is listed.
#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/fd.hpp"

namespace virserver::process {

struct Spawned {
  pid_t pid = -1;
  Fd output;  // read end of its stdout and stderr, non-blocking
};

// argv[0] is looked up in PATH. `inherited` becomes descriptor 3; stdin is /dev/null; own session; minimal environment.
Result<Spawned> spawn(const std::vector<std::string>& argv, int inherited);

// A child whose owner is gone is reaped by whoever calls reap_abandoned next. Thread-safe.
void abandon_child(pid_t pid);
void reap_abandoned();

}  // namespace virserver::process
