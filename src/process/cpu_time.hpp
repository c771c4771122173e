// How much processor time an emulator has had: the host's clock says nothing about its progress on a loaded host.
#pragma once
#include <sys/types.h>

#include <chrono>
#include <optional>

namespace virserver::process {

// Of the children of `shim` together; null: none is there, or the kernel does not list children. Blocks for some microseconds.
// Source: /proc/<pid>/task/<tid>/children in proc(5).
std::optional<std::chrono::nanoseconds> children_cpu_time(pid_t shim);

}  // namespace virserver::process
