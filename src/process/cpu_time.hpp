// How much processor time an emulator has had: the host's clock says nothing about its progress on a loaded host.
#pragma once
#include <sys/types.h>

#include <chrono>
#include <optional>

namespace virserver::process {

// Of the busiest thread among the children of `shim`: the one that executes the guest. Null: no child is there, or the kernel does
// not tell. Blocks for some microseconds. Source: proc(5), /proc/<pid>/task/<tid>/children and schedstat.
std::optional<std::chrono::nanoseconds> busiest_thread_time(pid_t shim);

}  // namespace virserver::process
