#include "process/cpu_time.hpp"

#include <fmt/format.h>
#include <time.h>

#include <fstream>

namespace virserver::process {

std::optional<std::chrono::nanoseconds> children_cpu_time(pid_t shim) {
  std::ifstream children(fmt::format("/proc/{0}/task/{0}/children", shim));
  std::optional<std::chrono::nanoseconds> sum;
  for (pid_t child; children >> child;) {
    clockid_t clock;
    timespec used;
    if (clock_getcpuclockid(child, &clock) != 0 || clock_gettime(clock, &used) != 0) continue;
    sum = sum.value_or(std::chrono::nanoseconds(0)) + std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
  }
  return sum;
}

}  // namespace virserver::process
