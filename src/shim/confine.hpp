// What the shim does to itself and to the emulator where no namespaces surround them.
#pragma once
#include "shim/options.hpp"

namespace virserver::shim {

// Restricts file access of this process and its children to what an engine needs. False when the kernel has no Landlock.
bool confine_by_landlock(const Options& options);

// Resource limits of the calling process; used between fork and exec.
void apply_rlimits(const Options& options);

}  // namespace virserver::shim
