// What an engine cannot do, and what is said where it can do more than it should.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "fixture.hpp"
#include "process/spawn.hpp"

namespace virserver::process {
namespace {

class Sandbox : public ProcessTest {};

TEST_P(Sandbox, HidesTheHost) {
  if (!full && !support().landlock) GTEST_SKIP() << "this kernel has no Landlock: a reduced sandbox hides nothing";
  const auto secret = root / "secret";
  std::ofstream(secret) << "of another session";
  std::filesystem::permissions(secret, std::filesystem::perms(0644));
  run([this, secret]() -> Task<> {
    auto engine = co_await prepare();
    co_await exec(*engine, command({"open", "/etc/shadow", "open", "/etc/passwd", "open", secret.string(), "remount", "/", "remount", "/usr", "open", "/usr/bin/env"}));
    EXPECT_EQ((co_await engine->wait_exit()).code, 0);
    auto said = text("emulator");
    const std::string usr = "open /usr/bin/env: POSSIBLE\n";
    EXPECT_TRUE(said.ends_with(usr)) << said;
    said.erase(said.size() - std::min(said.size(), usr.size()));
    EXPECT_EQ(said.find("POSSIBLE"), std::string::npos) << said;
    EXPECT_NE(said.find("remount /usr"), std::string::npos) << said;
    co_await engine->stop();
  });
}

TEST_P(Sandbox, HasNoNetworkButItsOwnLoopback) {
  if (!full) GTEST_SKIP() << "a reduced sandbox shares the host's network; the session says so";
  asio::ip::tcp::acceptor listener(io, {asio::ip::address_v4::loopback(), 0});
  run([this, port = listener.local_endpoint().port()]() -> Task<> {
    auto engine = co_await prepare();
    co_await exec(*engine, command({"connect", "127.0.0.1", std::to_string(port), "connect", "192.0.2.1", "80"}));
    EXPECT_EQ((co_await engine->wait_exit()).code, 0);
    EXPECT_EQ(text("emulator"), "connect 127.0.0.1: Connection refused\nconnect 192.0.2.1: Network is unreachable\n");
    co_await engine->stop();
  });
}

TEST_P(Sandbox, OfRootRunsAsAnotherUser) {
  if (geteuid() != 0 || !support().uid) GTEST_SKIP() << "not root, or no other user exists here";
  run([this]() -> Task<> {
    auto engine = co_await prepare();
    co_await exec(*engine, command({"say", "7", "x", "pause"}));
    co_await wait_output("uart0", 1);
    struct stat st {};
    EXPECT_EQ(stat((engine_dir / "lock").c_str(), &st), 0);
    EXPECT_EQ(st.st_uid, *support().uid);
    co_await engine->kill();
    co_await engine->stop();
  });
}

TEST_P(Sandbox, NamesTheDirectoryThatStandsInTheWay) {
  if (!support().uid) GTEST_SKIP() << "only a server that is root changes the user";
  const auto closed = root / "closed";
  std::filesystem::create_directory(closed);
  std::filesystem::permissions(closed, std::filesystem::perms(0700));
  engine_dir = closed / "engine";
  std::filesystem::create_directory(engine_dir);
  run([this, closed]() -> Task<> {
    PrepareSpec spec;
    spec.engine_dir = engine_dir;
    spec.console_dir = console_dir;
    auto config = host_config();
    auto engine = co_await EngineProcess::prepare(io.get_executor(), config, support(), spec);
    EXPECT_FALSE(engine);
    if (!engine) EXPECT_NE(engine.error().message.find("chmod o+x " + closed.string()), std::string::npos) << engine.error().message;
  });
}

TEST_P(Sandbox, StartsAShimThatItsUserCouldNotReach) {
  const auto closed = root / "closed";
  std::filesystem::create_directory(closed);
  auto config = host_config();
  config.shim = closed / "virserver-shim";
  std::filesystem::copy_file(VIRSERVER_SHIM, config.shim);
  std::filesystem::permissions(closed, std::filesystem::perms(0700));
  run([this, config]() -> Task<> {
    auto engine = co_await prepare(config);
    co_await exec(*engine, command({"exit", "4"}));
    EXPECT_EQ((co_await engine->wait_exit()).code, 4);
    co_await engine->stop();
  });
}

TEST_P(Sandbox, RefusesALinkInTheControlSocketsPlace) {
  run([this]() -> Task<> {
    auto engine = co_await prepare();
    co_await exec(*engine, command({"say", "7", "x", "pause"}));
    co_await wait_output("uart0", 1);
    std::filesystem::rename(engine_dir / "control", engine_dir / "elsewhere");
    std::filesystem::create_symlink("elsewhere", engine_dir / "control");
    auto adopted = co_await EngineProcess::adopt(io.get_executor(), engine_dir, console_dir);
    EXPECT_FALSE(adopted);
    if (!adopted) EXPECT_EQ(adopted.error().code, ErrorCode::ENGINE_PROTOCOL);
    co_await engine->kill();
    co_await engine->stop();
  });
}

TEST_P(Sandbox, DoesNotTakeItsEmulatorForTheServer) {
  run([this]() -> Task<> {
    auto engine = co_await prepare();
    co_await exec(*engine, command({"control", "exit", "6"}));
    EXPECT_EQ((co_await engine->wait_exit()).code, 6);
    EXPECT_EQ(text("emulator"), "control: closed\n");
    co_await engine->stop();
  });
}

TEST_P(Sandbox, LimitsMemory) {
  run([this]() -> Task<> {
    Limits limits;
    limits.memory_mb = 64;
    limits.file_size_mb = 1;
    auto engine = co_await prepare(host_config(), limits);
    auto spec = command({});
    spec.argv = {"/usr/bin/dd", "if=/dev/zero", "of=" + (engine_dir / "big").string(), "bs=1M", "count=3"};
    co_await exec(*engine, spec);
    const auto status = co_await engine->wait_exit();
    EXPECT_TRUE(status.signal == SIGXFSZ || status.code == 1);
    EXPECT_EQ(std::filesystem::file_size(engine_dir / "big"), 1u << 20);
    co_await engine->stop();

    engine = co_await prepare(host_config(), limits);
    spec.argv = {"/usr/bin/dd", "if=/dev/zero", "of=/dev/null", "bs=300M", "count=1"};
    co_await exec(*engine, spec);
    const auto out_of_memory = co_await engine->wait_exit();
    EXPECT_TRUE(out_of_memory.signal == SIGKILL || out_of_memory.code == 1) << text("emulator");
    co_await engine->stop();
  });
}

// Runs this very test program where namespaces are forbidden: the reduced sandbox must be found out and work.
TEST(SandboxProbe, FallsBackWhereNamespacesAreForbidden) {
  if (getenv("VIRSERVER_TEST_NO_NAMESPACES")) GTEST_SKIP() << "this is the inner run";
  if (!full_support().full) GTEST_SKIP() << "bubblewrap does not work here: " << full_support().cause;
  const Fd null(open("/dev/null", O_RDONLY));
  const auto self = std::filesystem::read_symlink("/proc/self/exe").string();
  auto inner = spawn({"bwrap", "--unshare-user", "--disable-userns", "--cap-drop", "ALL", "--dev-bind", "/", "/", "--setenv",
                      "VIRSERVER_TEST_NO_NAMESPACES", "1", self,
                      "--gtest_filter=Forbidden.*:Sandbox/Engine.ReportsTheExitCode/reduced:Sandbox/Sandbox.HidesTheHost/reduced"},
                     null.get());
  ASSERT_TRUE(inner);
  int status = 0;
  fcntl(inner->output.get(), F_SETFL, 0);
  std::string output;
  char buffer[4096];
  for (ssize_t n; (n = read(inner->output.get(), buffer, sizeof buffer)) > 0;) output.append(buffer, static_cast<std::size_t>(n));
  ASSERT_EQ(waitpid(inner->pid, &status, 0), inner->pid);
  EXPECT_EQ(status, 0) << output;
  EXPECT_NE(output.find("Forbidden.SaysReducedAndWhy"), std::string::npos) << output;
}

TEST(Forbidden, SaysReducedAndWhy) {
  if (!getenv("VIRSERVER_TEST_NO_NAMESPACES")) GTEST_SKIP() << "runs inside FallsBackWhereNamespacesAreForbidden";
  const auto support = probe_sandbox(host_config());
  EXPECT_FALSE(support.full);
  EXPECT_NE(support.cause.find("namespace"), std::string::npos) << support.cause;
  EXPECT_FALSE(support.remedy.empty());
}

TEST(SandboxProbe, NamesAMissingBubblewrap) {
  auto config = host_config();
  config.bwrap = "/usr/bin/no-such-bwrap";
  const auto support = probe_sandbox(config);
  EXPECT_FALSE(support.full);
  EXPECT_NE(support.cause.find("not installed"), std::string::npos) << support.cause;
  EXPECT_NE(support.remedy.find("bubblewrap"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Sandbox, Sandbox, testing::Values("full", "reduced"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace virserver::process
