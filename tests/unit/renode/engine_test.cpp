#include "backend/renode/engine.hpp"

#include <boost/json.hpp>

#include <csignal>
#include <fstream>

#include "fake_robot.hpp"

namespace virserver::backend::renode {
namespace {

using namespace std::chrono_literals;
using testing::failed;
using testing::FakeProcess;
using testing::FakeRobot;
using testing::http;
using testing::passed;
using Kind = EngineEvent::Kind;
using Then = FakeRobot::Step::Then;

class RenodeEngineTest : public ::testing::Test {
 protected:
  RenodeEngineTest() {
    char name[] = "/tmp/vs-renode-unit-XXXXXX";
    consoles = ::mkdtemp(name);
    robot.by_line["version"] = {http(passed("Renode, version 1.16.1")), Then::go_on};
    robot.by_line["emulation IsStarted"] = {http(passed("True")), Then::go_on};
    auto owned = std::make_unique<FakeProcess>(io);
    fake = owned.get();
    const auto connect = robot.dial();
    fake->dial_port = [connect, this](std::uint16_t port, std::chrono::milliseconds timeout) {
      dialled.push_back(port);
      return connect(timeout);
    };
    fake->on_terminate = [this] {
      if (!stubborn) fake->end({0, std::nullopt, false});
    };
    RenodeEngine::Options options;
    options.engine_dir = options.console_dir = consoles;
    options.version = "1.16.1";
    options.memory = {{"sram", 0x20000000, 0x1000, true}};
    options.devices = {{"usart2", "STM32_UART", "uart", 0x40004400, 0x400, false, std::nullopt}};
    options.cpus = {*Name::parse("sysbus.cpu")};
    options.command_timeout = 300ms;
    engine = std::make_unique<RenodeEngine>(io.get_executor(), std::move(owned), std::move(options));
    engine->on_event = [this](const EngineEvent& event) {
      kinds.push_back(event.kind);
      for (const auto& access : event.accesses) accesses.push_back(access);
      if (event.kind == Kind::warning) warnings.push_back(event.message);
      if (event.report) report = event.report;
    };
  }
  ~RenodeEngineTest() override {
    testing::run(io, engine->stop());
    io.restart();
    io.run_for(20ms);
    std::filesystem::remove_all(consoles);
  }
  void connect() {
    auto done = testing::run(io, engine->connect(2s));
    ASSERT_TRUE(done) << done.error().message;
  }
  void started() {
    connect();
    ASSERT_TRUE(testing::run(io, engine->resume()));
    kinds.clear();
  }
  // As the shim writes Renode's output.
  void log(std::string_view text) {
    std::ofstream(consoles / "emulator.0000000000000000.log", std::ios::app | std::ios::binary) << text;
    if (engine->process().on_emulator_output) engine->process().on_emulator_output();
    io.restart();
    io.run_for(250ms);
  }

  asio::io_context io{1};
  FakeRobot robot{io};
  FakeProcess* fake = nullptr;
  std::filesystem::path consoles;
  std::unique_ptr<RenodeEngine> engine;
  std::vector<Kind> kinds;
  std::vector<GuestAccess> accesses;
  std::vector<std::string> warnings;
  std::optional<ExitReport> report;
  std::vector<std::uint16_t> dialled;
  bool stubborn = false;
};

TEST_F(RenodeEngineTest, PausesResumesResetsAndEnds) {
  connect();
  EXPECT_EQ(dialled.front(), 4001);
  EXPECT_TRUE(engine->paused()) << "nothing runs before it is told to";
  ASSERT_TRUE(testing::run(io, engine->resume()));
  EXPECT_FALSE(engine->paused());
  ASSERT_TRUE(testing::run(io, engine->pause()));
  ASSERT_TRUE(testing::run(io, engine->pause()));
  ASSERT_TRUE(testing::run(io, engine->reset()));
  EXPECT_FALSE(engine->paused());
  EXPECT_EQ(robot.lines, (std::vector<std::string>{"version", "start", "pause", "machine Reset", "start"}));
  testing::run(io, engine->power_off(1s));
  EXPECT_EQ(kinds, (std::vector{Kind::running, Kind::paused, Kind::reset, Kind::running, Kind::exited}));
  ASSERT_TRUE(report);
  EXPECT_EQ(report->cause, ExitCause::powered_off);
  EXPECT_EQ(fake->killed, 0);
}

TEST_F(RenodeEngineTest, AsksAnAdoptedOneWhetherItRuns) {
  connect();
  ASSERT_TRUE(testing::run(io, engine->ask_state()));
  EXPECT_FALSE(engine->paused());
  robot.by_line["emulation IsStarted"] = {http(passed("False")), Then::go_on};
  ASSERT_TRUE(testing::run(io, engine->ask_state()));
  EXPECT_TRUE(engine->paused());
}

TEST_F(RenodeEngineTest, OneThatDoesNotEndIsForced) {
  stubborn = true;
  started();
  testing::run(io, engine->power_off(50ms));
  EXPECT_EQ(fake->terminated, 1);
  EXPECT_EQ(fake->killed, 1);
  EXPECT_EQ(report->cause, ExitCause::powered_off);
}

TEST_F(RenodeEngineTest, OneThatHangsIsKilledAndSaysSo) {
  started();
  robot.by_line["pause"] = {"", Then::silence};
  auto paused = testing::run(io, engine->pause());
  ASSERT_FALSE(paused);
  EXPECT_EQ(paused.error().code, ErrorCode::ENGINE_TIMEOUT);
  EXPECT_EQ(fake->killed, 1);
  io.restart();
  io.run_for(100ms);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->cause, ExitCause::crashed);
  EXPECT_NE(report->message.find("could not be controlled"), std::string::npos);
  EXPECT_EQ(testing::run(io, engine->pause()).error().code, ErrorCode::ENGINE_DIED);
}

TEST_F(RenodeEngineTest, AStartThatEndsSaysWhatWasPrinted) {
  robot.refuse = true;
  std::ofstream(consoles / "emulator.0000000000000000.log") << "Unhandled exception. System.IO.IOException: No space left on device\n";
  fake->end({134, std::nullopt, false});
  auto done = testing::run(io, engine->connect(2s));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::ENGINE_START_FAILED);
  EXPECT_NE(done.error().message.find("No space left"), std::string::npos) << done.error().message;
  EXPECT_NE(done.error().details.at("output").as_string().find("No space left"), std::string::npos);
}

TEST_F(RenodeEngineTest, AServerThatDoesNotOpenIsKnown) {
  robot.refuse = true;
  std::ofstream(consoles / "emulator.0000000000000000.log")
      << "Unhandled exception. System.ArgumentNullException: Value cannot be null.\n   at System.Threading.Monitor.Enter(Object obj, Boolean& lockTaken)\n"
         "   at System.Net.HttpEndPointListener.ProcessAccept(SocketAsyncEventArgs args)\n";
  fake->end({std::nullopt, SIGABRT, false});
  EXPECT_FALSE(testing::run(io, engine->connect(2s)));
  EXPECT_TRUE(engine->server_did_not_open());
}

TEST_F(RenodeEngineTest, ASlowStartIsATimeout) {
  robot.by_line["version"] = {"", Then::silence};
  auto done = testing::run(io, engine->connect(50ms));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::ENGINE_TIMEOUT);
}

TEST_F(RenodeEngineTest, AStepThatFailsNamesItself) {
  connect();
  robot.by_line["mach create"] = {http(failed("KeywordException: Could not execute command 'mach create': no\n")), Then::go_on};
  std::vector<Step> steps{{Command("echo")}, {Command("mach create")}, {Command("never")}};
  auto done = testing::run(io, engine->perform(std::move(steps), 1s));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::ENGINE_START_FAILED);
  EXPECT_NE(done.error().message.find("`mach create`: Renode refused a command: no"), std::string::npos) << done.error().message;
  EXPECT_EQ(robot.lines.back(), "mach create");
}

TEST_F(RenodeEngineTest, TimeIsKnownFromTheStart) {
  connect();
  EXPECT_EQ(engine->virtual_time_ns(), std::nullopt);
  std::vector<Step> steps{{Command("echo")}};
  ASSERT_TRUE(testing::run(io, engine->perform(std::move(steps), 1s)));
  EXPECT_EQ(engine->virtual_time_ns(), 0u);
  robot.by_line["emulation GetTimeSourceInfo"] = {http(passed("Elapsed Virtual Time: 00:00:00.250000000\nElapsed Host Time: 00:00:01.0\n")), Then::go_on};
  testing::run(io, engine->look_at_time());
  EXPECT_EQ(engine->virtual_time_ns(), 250'000'000u);
}

TEST_F(RenodeEngineTest, ASuccessThatWasNoneIsAFailure) {
  connect();
  robot.by_line["sysbus ReadDoubleWord 0x08000000"] = {http(passed("0x00000000")), Then::go_on};
  std::vector<Step> steps{{Command("sysbus ReadDoubleWord").address(0x08000000), false, "0x20001000"}};
  auto done = testing::run(io, engine->perform(std::move(steps), 1s));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::ENGINE_START_FAILED);
}

TEST_F(RenodeEngineTest, OnlyAPlatformMayLackItsDownload) {
  connect();
  robot.by_line["x"] = {http(failed("KeywordException: There was an error: Failed to download https://a.svd.gz, see log for details.\n")), Then::go_on};
  std::vector<Step> platform{{Command("x"), true}}, other{{Command("x")}};
  EXPECT_TRUE(testing::run(io, engine->perform(std::move(platform), 1s)));
  EXPECT_FALSE(testing::run(io, engine->perform(std::move(other), 1s)));
}

TEST_F(RenodeEngineTest, ItsWarningsAreEvents) {
  started();
  log("[02:28:35.0594] [WARNING] sysbus: [cpu: 0x800000C] ReadDoubleWord from non existing peripheral at 0x50000000.\n[02:28:35.1] [INFO] Script: machine reset\n");
  EXPECT_EQ(kinds, (std::vector{Kind::access, Kind::reset}));
  ASSERT_EQ(accesses.size(), 1u);
  EXPECT_EQ(accesses[0].address, 0x50000000u);
}

TEST_F(RenodeEngineTest, AResetIsToldOnce) {
  started();
  ASSERT_TRUE(testing::run(io, engine->machine()->reset()));
  EXPECT_EQ(kinds, std::vector{Kind::reset}) << "when it is done";
  log("[02:28:35.1] [INFO] Script: machine reset\n");
  EXPECT_EQ(kinds.size(), 1u);
  log("[02:28:36.1] [INFO] Script: machine reset\n");
  EXPECT_EQ(kinds.size(), 2u) << "the guest's own";
}

TEST_F(RenodeEngineTest, WhatIsSaidBeforeTheGuestRunsIsNotItsDoing) {
  connect();
  log("[02:28:35.0594] [WARNING] sysbus: something about the platform\n");
  EXPECT_TRUE(kinds.empty());
}

TEST_F(RenodeEngineTest, AnAbortEndsTheRunWithItsRegisters) {
  started();
  robot.by_line["sysbus.cpu GetRegistersValues"] = {http(passed("| PC | 15 | 0xDEAD0000 |")), Then::go_on};
  log("[02:28:36.1000] [ERROR] cpu: CPU abort [PC=0xDEAD0000]: Trying to execute code outside RAM or ROM at 0xDEAD0000.\n");
  ASSERT_TRUE(report);
  EXPECT_EQ(report->cause, ExitCause::lockup);
  EXPECT_NE(report->message.find("outside RAM or ROM"), std::string::npos);
  EXPECT_NE(report->registers.find("0xDEAD0000"), std::string::npos);
}

TEST_F(RenodeEngineTest, WithADebuggerAnAbortIsAWarning) {
  started();
  auto stub = testing::run(io, engine->machine()->open_stub());
  ASSERT_TRUE(stub);
  EXPECT_TRUE(stub->was_running);
  EXPECT_EQ(dialled.back(), 4002);
  log("[02:28:36.1000] [ERROR] cpu: CPU abort [PC=0xDEAD0000]: Trying to execute code outside RAM or ROM at 0xDEAD0000.\n");
  EXPECT_FALSE(report);
  EXPECT_EQ(warnings.size(), 1u);
}

TEST_F(RenodeEngineTest, AFloodOfLogIsBounded) {
  started();
  std::string flood;
  for (int i = 0; i < 40'000; ++i) flood += fmt::format("[02:28:35.0637] [WARNING] usart2: Unhandled read from offset 0x{:X}.\n", i);
  log(flood);
  EXPECT_LE(accesses.size(), GuestLog::max_distinct);
  EXPECT_FALSE(accesses.empty());
}

TEST_F(RenodeEngineTest, MemoryIsReadInPiecesAndOnlyWhereItIs) {
  started();
  robot.by_line["sysbus ReadBytes 0x20000000 2"] = {http(passed("[\r\r\n0x01, 0x02, \r\r\n]")), Then::go_on};
  EXPECT_EQ(testing::run(io, engine->machine()->read_memory(0x20000000, 2)).value(), (Bytes{std::byte{1}, std::byte{2}}));
  EXPECT_EQ(testing::run(io, engine->machine()->read_memory(0x20000ffe, 4)).error().code, ErrorCode::MEMORY_UNMAPPED);
  EXPECT_EQ(testing::run(io, engine->machine()->read_memory(0x20000004, 4)).error().code, ErrorCode::ENGINE_PROTOCOL) << "an answer that is no memory";
}

TEST_F(RenodeEngineTest, MuchMemoryComesAsAFile) {
  started();
  Bytes content(300, std::byte{7});
  std::ofstream(consoles / "memory0.bin", std::ios::binary).write(reinterpret_cast<const char*>(content.data()), 300);
  robot.by_line["vs_save 0x20000000 300 0"] = {http(passed("vs\tend\tsave")), Then::go_on};
  robot.by_line["vs_save 0x20000000 300 1"] = {http(passed("vs\tend\tsave")), Then::go_on};
  robot.by_line["vs_save 0x20000000 300 2"] = {http(passed("Exception")), Then::go_on};
  auto bytes = testing::run(io, engine->machine()->read_memory(0x20000000, 300));
  ASSERT_TRUE(bytes) << bytes.error().message;
  EXPECT_EQ(*bytes, content);
  EXPECT_FALSE(std::filesystem::exists(consoles / "memory0.bin"));
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(testing::run(io, engine->machine()->read_memory(0x20000000, 300)).error().code, ErrorCode::ENGINE_PROTOCOL) << "no file, and a refusal";
}

TEST_F(RenodeEngineTest, RegistersOfDevicesAreReadAsDriversDo) {
  started();
  robot.by_line["sysbus ReadDoubleWord 0x40004404"] = {http(passed("0x600DCAFE\r\r\n")), Then::go_on};
  robot.by_line["sysbus ReadWord 0x40004408"] = {http(passed("0x0102")), Then::go_on};
  robot.by_line["sysbus ReadByte 0x4000440a"] = {http(passed("0x03")), Then::go_on};
  const Bytes expected{std::byte{0xfe}, std::byte{0xca}, std::byte{0x0d}, std::byte{0x60}, std::byte{2}, std::byte{1}, std::byte{3}};
  auto bytes = testing::run(io, engine->machine()->read_memory(0x40004404, 7));
  ASSERT_TRUE(bytes) << bytes.error().message;
  EXPECT_EQ(*bytes, expected);
  EXPECT_EQ(testing::run(io, engine->machine()->read_memory(0x400047fe, 4)).error().code, ErrorCode::MEMORY_UNMAPPED);
  robot.by_line["sysbus ReadDoubleWord 0x40004400"] = {http(passed("none")), Then::go_on};
  EXPECT_EQ(testing::run(io, engine->machine()->read_memory(0x40004400, 4)).error().code, ErrorCode::ENGINE_PROTOCOL) << "an answer that is no number";
}

TEST_F(RenodeEngineTest, TheMonitorShowsRefusalsAndTakesOneLine) {
  started();
  robot.by_line["nosuch"] = {http(failed("KeywordException: Could not execute command 'nosuch': No such command or device: nosuch\n")), Then::go_on};
  auto text = testing::run(io, engine->machine()->monitor("nosuch"));
  ASSERT_TRUE(text);
  EXPECT_NE(text->find("No such command"), std::string::npos);
  const auto heard = robot.lines.size();
  EXPECT_EQ(testing::run(io, engine->machine()->monitor("a\nquit")).error().code, ErrorCode::INVALID_REQUEST);
  EXPECT_EQ(robot.lines.size(), heard);
}

TEST_F(RenodeEngineTest, AKilledOneIsKilled) {
  started();
  fake->end({std::nullopt, std::nullopt, true});
  io.restart();
  io.run_for(100ms);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->cause, ExitCause::killed);
  EXPECT_EQ(kinds, std::vector{Kind::exited});
}

}  // namespace
}  // namespace virserver::backend::renode
