#include "process/cpu_time.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace virserver::process {
namespace {

TEST(CpuTime, OfAChildThatWorksGrowsAndWithoutOneThereIsNone) {
  EXPECT_FALSE(busiest_thread_time(-1));
  const pid_t child = fork();
  if (child == 0) {
    for (volatile unsigned i = 0;; i = i + 1) {
    }
  }
  std::optional<std::chrono::nanoseconds> first, later;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while ((!first || !later || *later <= *first) && std::chrono::steady_clock::now() < end) {
    later = busiest_thread_time(getpid());
    if (!first) first = later;
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  ASSERT_TRUE(first);  // where this fails, the kernel has no `children` or `schedstat`
  EXPECT_GT(*later, *first);
}

}  // namespace
}  // namespace virserver::process
