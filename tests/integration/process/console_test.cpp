// Consoles: nothing lost, input at the guest's pace, every kind of connection.
#include <sys/socket.h>
#include <unistd.h>

#include "fixture.hpp"
#include "support/needs.hpp"

namespace virserver::process {
namespace {

class Consoles : public ProcessTest {};

Bytes bytes(std::string_view s) {
  const auto span = as_bytes(s);
  return {span.begin(), span.end()};
}

TEST_P(Consoles, KeepEveryByteFromTheStartForALateReader) {
  run([this]() -> Task<> {
    auto engine = co_await prepare();
    co_await exec(*engine, command({"write", "7", "3000000", "exit", "0"}));
    EXPECT_EQ((co_await engine->wait_exit()).code, 0);
    const auto all = text("uart0");
    EXPECT_EQ(all.size(), 3000000u);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < all.size(); ++i) wrong += all[i] != pattern_byte(i);
    EXPECT_EQ(wrong, 0u);
    EXPECT_EQ(ends["uart0"], 3000000u);
    co_await engine->stop();
  });
}

TEST_P(Consoles, RespectTheirBoundUnderAFlood) {
  run([this]() -> Task<> {
    auto engine = co_await prepare();
    auto spec = command({"write", "7", "67108864", "exit", "0"});
    spec.log_bound = 1 << 20;
    spec.consoles[0].first_offset = 500;
    co_await exec(*engine, spec);
    EXPECT_EQ((co_await engine->wait_exit()).code, 0);
    const ConsoleLog log(console_dir, "uart0");
    EXPECT_EQ(log.end(), 67108864u + 500);
    EXPECT_LE(log.end() - log.begin(), 1u << 20);
    EXPECT_GE(log.end() - log.begin(), (3u << 20) / 4 - (1u << 18));
    std::uintmax_t on_disk = 0;
    for (const auto& entry : std::filesystem::directory_iterator(console_dir)) on_disk += entry.file_size();
    EXPECT_LE(on_disk, 1u << 20);
    const auto chunk = log.read(0, 100);  // a reader behind the bound learns where output begins
    EXPECT_TRUE(chunk);
    if (chunk) {
      EXPECT_EQ(chunk->offset, log.begin());
      EXPECT_EQ(static_cast<char>(chunk->bytes.at(0)), pattern_byte(chunk->offset - 500));
    }
    co_await engine->stop();
  });
}

TEST_P(Consoles, AreDrainedWhileTheServerReadsNothing) {
  run([this]() -> Task<> {
    auto engine = co_await prepare();
    constexpr std::uint64_t kTotal = 256u << 20;
    auto spec = command({"write", "7", std::to_string(kTotal), "pause"});
    spec.log_bound = 1 << 20;
    co_await exec(*engine, spec);
    // This thread is the server's event loop: while it stays here, no notice is taken from the control socket.
    const ConsoleLog log(console_dir, "uart0");
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (log.end() < kTotal && std::chrono::steady_clock::now() < deadline) usleep(1000);
    EXPECT_EQ(log.end(), kTotal);
    co_await wait_output("uart0", kTotal);  // the last notice comes once there is room
    co_await engine->kill();
    co_await engine->stop();
  });
}

TEST_P(Consoles, OfARealEmulatorSpeak) {
  const std::string qemu = "/usr/bin/qemu-system-arm", uboot = "/usr/lib/u-boot/qemu_arm/u-boot.bin";
  NEEDS(qemu);
  NEEDS(uboot);
  run([&, this]() -> Task<> {
    Limits limits;
    limits.memory_mb = 512;
    auto engine = co_await prepare(host_config(), limits);
    auto spec = command({});
    spec.argv = {qemu, "-M", "virt", "-m", "64", "-accel", "tcg,tb-size=32",  // the default of 1 GiB breaks a memory limit
                 "-display", "none", "-nodefaults", "-chardev", "socket,id=c,fd=7", "-serial",
                 "chardev:c", "-bios", uboot, "-sandbox",
                 "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"};
    co_await exec(*engine, spec);
    auto report = [&]() -> Task<> {  // fails at once, with what it printed, should it end
      co_await engine->wait_exit();
      ends["uart0"] = ~0ull;
      grown.cancel();
    };
    asio::co_spawn(io, report, asio::detached);
    while (text("uart0").find("autoboot") == std::string::npos && ends["uart0"] != ~0ull)
      co_await wait_output("uart0", ends["uart0"] + 1);
    EXPECT_NE(ends["uart0"], ~0ull) << text("emulator");
    EXPECT_TRUE(co_await engine->write("uart0", bytes(" \nversion\n")));
    while (text("uart0").find("arm-linux-gnueabi") == std::string::npos && ends["uart0"] != ~0ull)
      co_await wait_output("uart0", ends["uart0"] + 1);
    co_await engine->kill();
    co_await engine->stop();
  });
}

TEST_P(Consoles, GoOnOverPowerCycles) {
  run([this]() -> Task<> {
    std::uint64_t first = 0;
    for (int cycle = 0; cycle < 3; ++cycle) {
      auto engine = co_await prepare();
      auto spec = command({"say", "7", "power on\n", "exit", "0"});
      spec.consoles[0].first_offset = first;
      co_await exec(*engine, spec);
      co_await engine->wait_exit();
      first = ConsoleLog(console_dir, "uart0").end();
      co_await engine->stop();
    }
    EXPECT_EQ(text("uart0"), "power on\npower on\npower on\n");
    EXPECT_EQ(first, 27u);
  });
}

TEST_P(Consoles, AcknowledgeInputWhenTheEmulatorHasReadIt) {
  run([this]() -> Task<> {
    auto engine = co_await prepare();
    // Reads five bytes, then waits for two of another console before it reads the rest.
    auto spec = command({"read", "7", "5", "say", "7", "five", "read", "8", "2", "read", "7", "5", "exit", "0"});
    ConsoleSpec second;
    second.name = "uart1";
    second.child_fd = 8;
    spec.consoles.push_back(second);
    co_await exec(*engine, spec);
    bool acknowledged = false;
    auto writer = [&]() -> Task<> {
      EXPECT_TRUE(co_await engine->write("uart0", bytes("0123456789")));
      acknowledged = true;
    };
    asio::co_spawn(io, writer, asio::detached);
    co_await wait_output("uart0", 4);
    EXPECT_FALSE(acknowledged);
    EXPECT_TRUE(co_await engine->write("uart1", bytes("go")));
    EXPECT_EQ((co_await engine->wait_exit()).code, 0);
    EXPECT_TRUE(acknowledged);
    const auto late = co_await engine->write("uart0", bytes("x"));
    EXPECT_FALSE(late);
    if (!late) EXPECT_EQ(late.error().code, ErrorCode::CONSOLE_CLOSED);
    co_await engine->stop();
  });
}

TEST_P(Consoles, EchoLargeInputAndRefuseUnknownNames) {
  run([this]() -> Task<> {
    auto engine = co_await prepare();
    co_await exec(*engine, command({"echo", "7"}));
    const auto unknown = co_await engine->write("uart9", bytes("x"));
    EXPECT_FALSE(unknown);
    if (!unknown) EXPECT_EQ(unknown.error().code, ErrorCode::CONSOLE_NOT_FOUND);
    std::string large(500000, '\0');
    for (std::size_t i = 0; i < large.size(); ++i) large[i] = pattern_byte(i);
    EXPECT_TRUE(co_await engine->write("uart0", bytes(large)));
    co_await wait_output("uart0", large.size());
    EXPECT_TRUE(text("uart0") == large);
    co_await engine->kill();
    co_await engine->stop();
  });
}

TEST_P(Consoles, RefuseInputThatPilesUp) {
  run([this]() -> Task<> {
    auto engine = co_await prepare();
    co_await exec(*engine, command({"say", "7", "x", "pause"}));
    int busy = 0, ended = 0;
    auto writer = [&]() -> Task<> {
      const auto result = co_await engine->write("uart0", Bytes(32 << 10));
      busy += !result && result.error().code == ErrorCode::TOO_MANY_REQUESTS;
      ++ended;
      grown.cancel();
    };
    for (int i = 0; i < 60; ++i) asio::co_spawn(io, writer, asio::detached);
    while (busy == 0) co_await grown.async_wait(tuple_awaitable);
    co_await engine->kill();
    while (ended < 60) co_await grown.async_wait(tuple_awaitable);
    EXPECT_LT(busy, 30);  // a megabyte was taken
    co_await engine->stop();
  });
}

TEST_P(Consoles, TheEmulatorsOwnOneCanBeATerminal) {
  run([this]() -> Task<> {
    auto engine = co_await prepare();
    auto spec = command({"tty", "/proc/self/fd/1"});
    spec.consoles.clear();
    spec.terminal = true;
    co_await exec(*engine, spec);
    co_await wait_output("emulator", 12);
    EXPECT_TRUE(co_await engine->write("emulator", bytes("ping\r\n")));
    co_await wait_output("emulator", 18);
    EXPECT_EQ(text("emulator"), "pty console\nping\r\n");
    co_await engine->kill();
    co_await engine->stop();
  });
}

TEST_P(Consoles, OfPtyAndTcpKindWork) {
  run([this]() -> Task<> {
    auto engine = co_await prepare();
    auto spec = command({"tty", (engine_dir / "pty/uart0").string()});
    spec.consoles[0].kind = ConsoleKind::pty;
    co_await exec(*engine, spec);
    co_await wait_output("uart0", 12);
    EXPECT_TRUE(co_await engine->write("uart0", bytes("ping\r\n")));
    co_await wait_output("uart0", 18);
    EXPECT_EQ(text("uart0"), "pty console\nping\r\n");
    co_await engine->kill();
    co_await engine->stop();

    engine = co_await prepare();
    ends.clear();
    spec = command({"tcp", "34567"});
    spec.consoles[0].name = "net0";
    spec.consoles[0].kind = ConsoleKind::tcp;
    spec.consoles[0].port = 34567;
    co_await exec(*engine, spec);
    co_await wait_output("net0", 12);
    EXPECT_TRUE(co_await engine->write("net0", bytes("pong\n")));
    co_await wait_output("net0", 17);
    EXPECT_EQ(text("net0"), "tcp console\npong\n");
    co_await engine->kill();
    co_await engine->stop();
  });
}

TEST_P(Consoles, DialReachesTheEmulatorsSockets) {
  run([this]() -> Task<> {
    auto engine = co_await prepare();
    co_await exec(*engine, command({"unix", "qmp", "tcp", "34568"}));
    const auto none = co_await engine->dial("nothing", std::chrono::milliseconds(20));
    EXPECT_FALSE(none);
    if (!none) EXPECT_EQ(none.error().code, ErrorCode::ENGINE_TIMEOUT);
    char buffer[16] = {};
    {
      auto fd = co_await engine->dial("qmp", std::chrono::seconds(5));
      EXPECT_TRUE(fd);
      if (!fd) co_return;
      asio::posix::stream_descriptor stream(io, fd->release());
      const auto hello = asio::buffer("hello", 5);
      co_await asio::async_write(stream, hello, tuple_awaitable);
      const auto target = asio::buffer(buffer, 5);
      co_await asio::async_read(stream, target, tuple_awaitable);
      EXPECT_STREQ(buffer, "hello");
    }
    auto fd = co_await engine->dial(std::uint16_t{34568}, std::chrono::seconds(5));
    EXPECT_TRUE(fd);
    if (!fd) co_return;
    asio::posix::stream_descriptor stream(io, fd->release());
    const auto target = asio::buffer(buffer, 12);
    co_await asio::async_read(stream, target, tuple_awaitable);
    EXPECT_EQ(std::string_view(buffer, 12), "tcp console\n");
    co_await engine->kill();
    const auto dead = co_await engine->dial("qmp", std::chrono::seconds(5));
    EXPECT_FALSE(dead);
    if (!dead) EXPECT_EQ(dead.error().code, ErrorCode::ENGINE_DIED);
    co_await engine->stop();
  });
}

INSTANTIATE_TEST_SUITE_P(Sandbox, Consoles, testing::Values("full", "reduced"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace virserver::process
