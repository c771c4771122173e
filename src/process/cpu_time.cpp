#include "process/cpu_time.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace virserver::process {

std::optional<std::chrono::nanoseconds> busiest_thread_time(pid_t shim) {
  std::ifstream children(fmt::format("/proc/{0}/task/{0}/children", shim));
  std::optional<std::chrono::nanoseconds> most;
  for (pid_t child; children >> child;) {
    std::error_code ec;
    // It may end at any moment: no call that throws.
    for (std::filesystem::directory_iterator thread(fmt::format("/proc/{}/task", child), ec), end; !ec && thread != end; thread.increment(ec)) {
      std::ifstream schedule(thread->path() / "schedstat");
      std::chrono::nanoseconds::rep on_processor;
      if (schedule >> on_processor) most = std::max(most.value_or(std::chrono::nanoseconds(0)), std::chrono::nanoseconds(on_processor));
    }
  }
  return most;
}

}  // namespace virserver::process
