// The common debugger's bridge over SkyEye's stub.
#include "fixture.hpp"
#include "gdb/bridge.hpp"

namespace virserver::backend {
namespace {

struct Listener : gdb::Subscriber {
  int stops = 0, resets = 0, losses = 0;
  gdb::StopReply last;
  void on_stopped(const gdb::StopReply& stop, bool) override { ++stops, last = stop; }
  void on_reset() override { ++resets; }
  void on_lost(const Error&, bool) override { ++losses; }
};

class SkyEyeDebugTest : public SkyEyeTest {
 protected:
  void start(bool paused) {
    launch(paused);
    ASSERT_TRUE(engine);
    gdb::Target target;
    target.dial = [this]() -> Task<Result<gdb::Target::Connection>> {
      auto stub = co_await engine->machine()->open_stub();
      if (!stub) co_return pass(stub);
      co_return gdb::Target::Connection{std::move(stub->socket), stub->was_running};
    };
    target.reset = [this] { return engine->machine()->reset(); };
    target.read_register = [this](std::string name) { return engine->machine()->read_register(std::move(name)); };
    target.interrupt = [this] { return engine->machine()->interrupt(); };
    target.quirks = engine->machine()->quirks();
    target.architecture = the_plan.architecture;
    bridge = std::make_unique<gdb::Bridge>(io.get_executor(), std::move(target));
    owner = bridge->join(listener, gdb::Bridge::Role::gdb);
    auto attached = run(bridge->attach());
    ASSERT_TRUE(attached) << attached.error().message;
  }
  void TearDown() override {
    if (bridge) run(bridge->stop());
    bridge.reset();
    SkyEyeTest::TearDown();
  }
  std::uint32_t value(const char* name) {
    const auto* reg = bridge->description().find(name);
    if (!reg) throw std::runtime_error(name);
    auto bytes = run(bridge->read_register(*reg));
    if (!bytes) throw std::runtime_error(bytes.error().message);
    std::uint32_t number = 0;
    std::memcpy(&number, bytes->data(), 4);
    return number;
  }
  void go() {
    const auto before = listener.stops;
    auto resumed = run(bridge->resume(owner, {}));
    ASSERT_TRUE(resumed) << resumed.error().message;
    wait([&] { return listener.stops > before || listener.losses; }, "a stop");
  }
  void step() {
    const auto before = listener.stops;
    gdb::Bridge::Resume how;
    how.kind = gdb::Bridge::Resume::Kind::step;
    auto stepped = run(bridge->resume(owner, how));
    ASSERT_TRUE(stepped) << stepped.error().message;
    wait([&] { return listener.stops > before || listener.losses; }, "the end of a step");
  }

  Listener listener;
  std::unique_ptr<gdb::Bridge> bridge;
  gdb::Owner owner = 0;
};

TEST_F(SkyEyeDebugTest, StandsAtTheFirstInstructionAndSteps) {
  if (!needs_debugger()) GTEST_SKIP();
  start(true);
  EXPECT_EQ(value("pc"), 0u);
  step();
  EXPECT_EQ(value("pc"), 0x20u) << "the branch to reset";
  step();
  EXPECT_EQ(value("pc"), 0x24u);
}

TEST_F(SkyEyeDebugTest, BreaksAgainAndAgainAndIsInterrupted) {
  if (!needs_debugger()) GTEST_SKIP();
  start(true);
  const gdb::Breakpoint at_reset{gdb::BreakpointType::software, 0x24, 4};
  ASSERT_TRUE(run(bridge->insert(owner, at_reset)));
  go();
  EXPECT_EQ(value("pc"), 0x24u);
  EXPECT_FALSE(listener.last.interrupted());
  step();
  EXPECT_EQ(value("pc"), 0x28u) << "a step off a breakpoint";
  ASSERT_TRUE(run(bridge->resume(owner, {})));
  expect_output("usart0", greeting);
  auto stopped = run(bridge->interrupt(owner));
  ASSERT_TRUE(stopped) << stopped.error().message;
  EXPECT_TRUE(stopped->interrupted());
  type("usart0", "version\r");
  ASSERT_TRUE(run(bridge->resume(owner, {})));
  expect_output("usart0", "VirServer hello 1 on at91eb40a");
}

TEST_F(SkyEyeDebugTest, ReadsAndWritesMemoryAndRegisters) {
  if (!needs_debugger()) GTEST_SKIP();
  start(true);
  auto first = run(bridge->read_memory(0, 4));
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ((*first)[3], std::byte{0xea}) << "the branch to reset";
  Bytes written(3000);
  for (std::size_t i = 0; i < written.size(); ++i) written[i] = static_cast<std::byte>(i * 7);
  ASSERT_TRUE(run(bridge->write_memory(0x20001, written)));
  EXPECT_EQ(run(bridge->read_memory(0x20001, written.size())).value(), written);
  const auto* r4 = bridge->description().find("r4");
  ASSERT_TRUE(r4);
  ASSERT_TRUE(run(bridge->write_register(*r4, Bytes{std::byte{0xef}, std::byte{0xbe}, std::byte{0xad}, std::byte{0xde}})));
  EXPECT_EQ(value("r4"), 0xdeadbeefu);
  EXPECT_EQ(value("pc"), 0u) << "the other registers stay";
  EXPECT_EQ(value("cpsr") & 0x1f, 0x13u);
  auto packet = run(bridge->request("g"));
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->substr(2 * 164), "d3000000");
  EXPECT_EQ(packet->substr(2 * 64, 24), std::string(24, 'x'));
  EXPECT_FALSE(run(bridge->write_register(*bridge->description().find("cpsr"), Bytes(4))));
  const auto* pc = bridge->description().find("pc");
  ASSERT_TRUE(run(bridge->write_register(*pc, Bytes{std::byte{0x24}, std::byte{0}, std::byte{0}, std::byte{0}})));
  step();
  EXPECT_EQ(value("pc"), 0x28u);
}

TEST_F(SkyEyeDebugTest, AResetKeepsBreakpointsAndThoseWhoDebug) {
  if (!needs_debugger()) GTEST_SKIP();
  start(false);
  expect_output("usart0", greeting);
  const gdb::Breakpoint at_reset{gdb::BreakpointType::software, 0x24, 4};
  ASSERT_TRUE(run(bridge->insert(owner, at_reset)));
  EXPECT_EQ(bridge->state(), gdb::TargetState::running);
  const auto before = listener.stops;
  auto done = run(bridge->reset(owner, gdb::Bridge::Reset::keep));
  ASSERT_TRUE(done) << done.error().message;
  wait([&] { return listener.stops > before; }, "the breakpoint after the reset");
  EXPECT_EQ(value("pc"), 0x24u);
  EXPECT_EQ(listener.losses, 0);
  done = run(bridge->reset(owner, gdb::Bridge::Reset::halt));
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(bridge->state(), gdb::TargetState::stopped);
  EXPECT_EQ(value("pc"), 0u);
}

TEST_F(SkyEyeDebugTest, LettingGoLetsItRunAndAttachingFindsIt) {
  if (!needs_debugger()) GTEST_SKIP();
  start(false);
  expect_output("usart0", greeting);
  for (int round = 0; round < 3; ++round) {
    run(bridge->detach());
    const auto seen = console("usart0").size();
    type("usart0", "version\r");
    wait([&] { return console("usart0").size() > seen; }, "the guest to run on");
    auto attached = run(bridge->attach(gdb::Bridge::Then::halt, owner));
    ASSERT_TRUE(attached) << attached.error().message;
    EXPECT_EQ(bridge->state(), gdb::TargetState::stopped);
    ASSERT_TRUE(run(bridge->resume(owner, {})));
  }
}

TEST_F(SkyEyeDebugTest, ThereIsAnEndToBreakpointsAndAResetBeginsAnew) {
  if (!needs_debugger()) GTEST_SKIP();
  start(true);
  for (std::uint64_t i = 0; i < 255; ++i) ASSERT_TRUE(run(bridge->insert(owner, {gdb::BreakpointType::software, 0x8000 + 4 * i, 4}))) << i;
  const gdb::Breakpoint one_more{gdb::BreakpointType::software, 0x9000, 4};
  auto refused = run(bridge->insert(owner, one_more));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::BREAKPOINT_REFUSED);
  EXPECT_NE(refused.error().message.find("reset"), std::string::npos) << refused.error().message;
  step();
  EXPECT_EQ(value("pc"), 0x20u);
  for (std::uint64_t i = 0; i < 100; ++i) ASSERT_TRUE(run(bridge->remove(owner, {gdb::BreakpointType::software, 0x8000 + 4 * i, 4})));
  ASSERT_TRUE(run(bridge->reset(owner, gdb::Bridge::Reset::keep)));
  EXPECT_TRUE(run(bridge->insert(owner, one_more)));
}

TEST_F(SkyEyeDebugTest, NothingOfItIsReachableFromOutside) {
  if (!needs_debugger()) GTEST_SKIP();
  start(false);
  const asio::ip::tcp::endpoint stub(asio::ip::address_v4::loopback(), 12345);
  asio::ip::tcp::socket socket(io);
  error_code ec;
  socket.connect(stub, ec);
  EXPECT_TRUE(ec) << "SkyEye's debug stub listens where everybody reaches it";
  // The process of the shim has a network of its own, in which only loopback is.
  const auto network = [](std::string process) { return std::filesystem::read_symlink("/proc/" + process + "/ns/net").string(); };
  EXPECT_NE(network(std::to_string(engine->process().pid())), network("self"));
}

}  // namespace
}  // namespace virserver::backend
