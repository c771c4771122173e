// Prints what the supervision costs: not a test, run by hand (build target process_measure).
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "fixture.hpp"

namespace virserver::process {
namespace {

using Clock = std::chrono::steady_clock;
double ms_since(Clock::time_point start) { return std::chrono::duration<double, std::milli>(Clock::now() - start).count(); }
double median(std::vector<double> v) {
  std::sort(v.begin(), v.end());
  return v[v.size() / 2];
}

// PSS and RSS in KiB of all processes that mention `path`.
std::string memory_of(const std::filesystem::path& path) {
  std::string report;
  long total = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream in(entry.path() / "cmdline");
    std::string line;
    std::getline(in, line, '\n');  // unlike an iterator it does not throw when the process ends meanwhile
    if (line.find(path.string()) == line.npos) continue;
    std::ifstream rollup(entry.path() / "smaps_rollup");
    long rss = 0, pss = 0;
    for (std::string field; rollup >> field;) {
      if (field == "Rss:") rollup >> rss;
      if (field == "Pss:") rollup >> pss;
    }
    total += pss;
    report += fmt::format("  {}: RSS {} KiB, PSS {} KiB\n", line.c_str(), rss, pss);
  }
  return report + fmt::format("  together: PSS {} KiB\n", total);
}

class Measure : public ProcessTest {};

TEST_P(Measure, Costs) {
  std::vector<double> prepares, firsts, direct;
  for (int i = 0; i < 21; ++i)
    run([&, this]() -> Task<> {
      auto start = Clock::now();
      auto engine = co_await prepare();
      prepares.push_back(ms_since(start));
      if (i == 20) fmt::print("{} waiting:\n{}", GetParam(), memory_of(engine_dir));
      ends.clear();
      auto spec = command({"say", "7", "x", "pause"});
      start = Clock::now();
      co_await exec(*engine, spec);
      co_await wait_output("uart0", 1);
      firsts.push_back(ms_since(start));
      std::filesystem::remove_all(console_dir);
      std::filesystem::create_directory(console_dir);
      co_await engine->kill();
      co_await engine->stop();
    });
  for (int i = 0; i < 21; ++i) {
    int pair[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    const auto start = Clock::now();
    const pid_t pid = fork();
    if (pid == 0) {
      if (pair[1] == 7) fcntl(7, F_SETFD, 0);
      else dup2(pair[1], 7);
      execl(child.c_str(), child.c_str(), "say", "7", "x", nullptr);
      _exit(1);
    }
    close(pair[1]);
    char byte;
    ASSERT_EQ(read(pair[0], &byte, 1), 1);
    direct.push_back(ms_since(start));
    close(pair[0]);
    waitpid(pid, nullptr, 0);
  }
  constexpr double kMegabytes = 512;
  double drained = 0, plain = 0;
  run([&, this]() -> Task<> {
    auto engine = co_await prepare();
    const auto start = Clock::now();
    auto spec = command({"write", "7", std::to_string(static_cast<long>(kMegabytes) << 20), "exit", "0"});
    co_await exec(*engine, spec);
    const ConsoleLog log(console_dir, "uart0");
    std::uint64_t at = 0, gaps = 0;
    while (at < static_cast<std::uint64_t>(kMegabytes) << 20) {
      co_await wait_output("uart0", at + 1);
      const auto chunk = log.read(at, 256 << 10);
      if (!chunk) break;
      gaps += chunk->offset - at;
      at = chunk->offset + chunk->bytes.size();
    }
    drained = kMegabytes / ms_since(start) * 1000;
    fmt::print("{} bytes fell out of the log before they were read\n", gaps);
    co_await engine->wait_exit();
    co_await engine->stop();
  });
  {
    int pair[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    const auto start = Clock::now();
    const pid_t pid = fork();
    if (pid == 0) {
      if (pair[1] == 7) fcntl(7, F_SETFD, 0);
      else dup2(pair[1], 7);
      execl(child.c_str(), child.c_str(), "write", "7", std::to_string(static_cast<long>(kMegabytes) << 20).c_str(), nullptr);
      _exit(1);
    }
    close(pair[1]);
    std::vector<char> buffer(256 << 10);
    while (read(pair[0], buffer.data(), buffer.size()) > 0) {}
    plain = kMegabytes / ms_since(start) * 1000;
    close(pair[0]);
    waitpid(pid, nullptr, 0);
  }
  fmt::print("{}: prepare {:.2f} ms; exec to first byte {:.2f} ms, plain fork and exec {:.2f} ms; {:.0f} MB/s drained and read, {:.0f} read directly\n",
             GetParam(), median(prepares), median(firsts), median(direct), drained, plain);
}

INSTANTIATE_TEST_SUITE_P(Sandbox, Measure, testing::Values("full", "reduced"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace virserver::process
