// Life and death of an engine.
#include <dirent.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <fstream>

#include "fixture.hpp"

namespace virserver::process {
namespace {

class Engine : public ProcessTest {};

std::size_t open_descriptors() {
  std::size_t n = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++n;
  return n;
}

// Processes whose command line mentions `path`; a zombie has none.
std::size_t processes_of(const std::filesystem::path& path) {
  std::size_t n = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream in(entry.path() / "cmdline");
    std::string line;
    std::getline(in, line, '\n');  // unlike an iterator it does not throw when the process ends meanwhile
    if (line.find(path.string()) != line.npos) ++n;
  }
  return n;
}

TEST_P(Engine, ReportsTheExitCode) {
  run([this]() -> Task<> {
    auto engine = co_await prepare();
    EXPECT_EQ(engine->sandbox().mode, full ? "full" : "reduced");
    EXPECT_FALSE(engine->executed());
    co_await exec(*engine, command({"say", "1", "hello", "exit", "42"}));
    const auto status = co_await engine->wait_exit();
    EXPECT_EQ(status.code, 42);
    EXPECT_FALSE(status.unknown);
    EXPECT_EQ(text("emulator"), "hello");
    EXPECT_EQ(EngineProcess::read_exit(engine_dir).code, 42);
    co_await engine->stop();
  });
}

TEST_P(Engine, ReportsTheSignal) {
  run([this]() -> Task<> {
    auto engine = co_await prepare();
    co_await exec(*engine, command({"raise", "6"}));
    EXPECT_EQ((co_await engine->wait_exit()).signal, SIGABRT);
    co_await engine->stop();
  });
}

TEST_P(Engine, TerminatesByRequestAndKillsWhatDoesNotListen) {
  run([this]() -> Task<> {
    auto engine = co_await prepare();
    co_await exec(*engine, command({"pause"}));
    engine->terminate();
    EXPECT_EQ((co_await engine->wait_exit()).signal, SIGTERM);
    co_await engine->stop();

    engine = co_await prepare();
    co_await exec(*engine, command({"ignore", "15", "leave-child", "say", "7", "x", "pause"}));
    co_await wait_output("uart0", 1);
    engine->terminate();
    co_await engine->kill();
    const auto status = co_await engine->wait_exit();
    EXPECT_TRUE(status.unknown);
    EXPECT_FALSE(status.code || status.signal);
    EXPECT_EQ(processes_of(engine_dir), 0u);
    auto gone = co_await EngineProcess::adopt(io.get_executor(), engine_dir, console_dir);
    EXPECT_FALSE(gone);
    if (!gone) EXPECT_EQ(gone.error().code, ErrorCode::NOT_FOUND);
    co_await engine->stop();
  });
}

TEST_P(Engine, EndsWhatTheEmulatorLeavesBehind) {
  run([this]() -> Task<> {
    auto engine = co_await prepare();
    co_await exec(*engine, command({"leave-child", "exit", "3"}));
    EXPECT_EQ((co_await engine->wait_exit()).code, 3);
    EXPECT_EQ(processes_of(engine_dir), 0u);
    co_await engine->stop();
  });
}

TEST_P(Engine, SaysWhyItCannotStart) {
  run([this]() -> Task<> {
    auto engine = co_await prepare();
    auto spec = command({});
    spec.argv[0] = "/usr/bin/no-such-emulator";
    const auto failed = co_await engine->exec(spec);
    EXPECT_FALSE(failed);
    if (!failed) {
      EXPECT_EQ(failed.error().code, ErrorCode::ENGINE_START_FAILED);
      EXPECT_NE(failed.error().message.find("No such file"), std::string::npos) << failed.error().message;
    }
    co_await exec(*engine, command({"exit", "0"}));  // a second attempt may work
    EXPECT_EQ((co_await engine->wait_exit()).code, 0);
    co_await engine->stop();
  });
}

TEST_P(Engine, WaitingSandboxEndsWithItsServer) {
  run([this]() -> Task<> {
    auto engine = co_await prepare();
    EXPECT_GT(processes_of(engine_dir), 0u);
    co_await engine->stop();
    EXPECT_EQ(processes_of(engine_dir), 0u);
  });
}

TEST_P(Engine, IsFoundAgainAndHasLostNothing) {
  run([this]() -> Task<> {
    auto engine = co_await prepare();
    co_await exec(*engine, command({"say", "7", "before", "read", "7", "1", "write", "7", "300000", "read", "7", "1", "exit", "5"}));
    co_await wait_output("uart0", 6);
    const auto pid = engine->pid();
    const Bytes byte(1);
    EXPECT_TRUE(co_await engine->write("uart0", byte));
    co_await engine->stop();
    engine.reset();
    ends.clear();

    engine = co_await adopt();
    EXPECT_EQ(engine->pid(), pid);
    EXPECT_TRUE(engine->executed());
    EXPECT_EQ(engine->sandbox().mode, full ? "full" : "reduced");
    co_await wait_output("uart0", 300006);
    EXPECT_TRUE(co_await engine->write("uart0", byte));
    EXPECT_EQ((co_await engine->wait_exit()).code, 5);
    const auto all = text("uart0");
    EXPECT_EQ(all.size(), 300006u);
    bool right = all.starts_with("before");
    for (std::size_t i = 6; i < all.size(); ++i) right = right && all[i] == pattern_byte(i - 6);
    EXPECT_TRUE(right);
    co_await engine->stop();
  });
}

TEST_P(Engine, SurvivesItsServersCrash) {
  // The server is a process of its own that prepares, executes, and is killed.
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  const pid_t server = fork();
  if (server == 0) {
    asio::io_context own{1};
    auto life = [&]() -> Task<> {
      PrepareSpec spec;
      spec.engine_dir = engine_dir;
      spec.console_dir = console_dir;
      auto engine = co_await EngineProcess::prepare(own.get_executor(), host_config(), support(), spec);
      auto words = command({"say", "7", "alive", "read", "7", "1", "exit", "9"});
      if (engine && co_await (*engine)->exec(words)) (void)!::write(ready[1], "y", 1);
      co_await (*engine)->wait_exit();
    };
    asio::co_spawn(own, life, asio::detached);
    own.run();
    _exit(1);
  }
  char byte = 0;
  close(ready[1]);
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  close(ready[0]);
  kill(server, SIGKILL);
  waitpid(server, nullptr, 0);
  run([this]() -> Task<> {
    auto engine = co_await adopt();
    co_await wait_output("uart0", 5);
    const Bytes input(1);
    EXPECT_TRUE(co_await engine->write("uart0", input));
    EXPECT_EQ((co_await engine->wait_exit()).code, 9);
    EXPECT_EQ(text("uart0"), "alive");
    co_await engine->stop();
  });
  while (waitpid(-1, nullptr, 0) > 0) {}
  prctl(PR_SET_CHILD_SUBREAPER, 0);
}

TEST_P(Engine, OfAPrivateServerEndsWithIt) {
  run([this]() -> Task<> {
    auto config = host_config();
    config.die_with_server = true;
    auto engine = co_await prepare(config);
    co_await exec(*engine, command({"ignore", "15", "say", "7", "x", "pause"}));
    co_await wait_output("uart0", 1);
    co_await engine->stop();
    asio::steady_timer pause(io);
    for (int i = 0; i < 200 && processes_of(engine_dir) > 0; ++i) {
      pause.expires_after(std::chrono::milliseconds(10));
      co_await pause.async_wait(tuple_awaitable);
    }
    EXPECT_EQ(processes_of(engine_dir), 0u);
  });
}

TEST_P(Engine, LeavesNoDescriptorsAndNoProcesses) {
  const auto once = [this]() -> Task<> {
    auto engine = co_await prepare();
    co_await exec(*engine, command({"say", "7", "x", "exit", "0"}));
    EXPECT_EQ((co_await engine->wait_exit()).code, 0);
    co_await engine->stop();
  };
  run(once);
  const auto before = open_descriptors();
  for (int i = 0; i < 5; ++i) run(once);
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "a child was not reaped";
}

TEST_P(Engine, PassesLargeCommandLinesAndACleanEnvironment) {
  run([this]() -> Task<> {
    auto engine = co_await prepare();
    auto spec = command({"arguments"});
    for (int i = 0; i < 20; ++i) spec.argv.push_back(std::string(10000, 'a'));
    co_await exec(*engine, spec);
    EXPECT_EQ((co_await engine->wait_exit()).code, 0);
    EXPECT_TRUE(text("emulator").starts_with("22 arguments, 2000")) << text("emulator");
    co_await engine->stop();

    engine = co_await prepare();
    spec = command({"environment", "descriptors"});
    spec.env = {"LANG=C", "HOME=/elsewhere"};
    spec.emulator_first_offset = 1000000;
    co_await exec(*engine, spec);
    EXPECT_EQ((co_await engine->wait_exit()).code, 0);
    const auto dir = engine_dir.string();
    EXPECT_EQ(text("emulator", 1000000), "LANG=C\nHOME=" + dir + "\nTMPDIR=" + dir + "/tmp\nfd 0\nfd 1\nfd 2\nfd 7\n");
    co_await engine->stop();
  });
}

INSTANTIATE_TEST_SUITE_P(Sandbox, Engine, testing::Values("full", "reduced"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace virserver::process
