// Several subscribers on one machine.
#include "gdb/bridge.hpp"

#include "board.hpp"
#include "runner.hpp"

namespace virserver::gdb::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Role = Bridge::Role;
using Leave = Bridge::Leave;
using Resume = Bridge::Resume;
using Kind = FakeStub::Kind;

constexpr Breakpoint kBreak{BreakpointType::software, 0x110, 2};
constexpr Breakpoint kElsewhere{BreakpointType::software, 0x9000, 2};

class BridgeTest : public testing::Test {
 protected:
  asio::io_context io{1};
};

#define BRIDGE_TEST(name)                        \
  Task<> name(asio::io_context& io);             \
  TEST_F(BridgeTest, name) { run(io, name(io)); } \
  Task<> name(asio::io_context& io)

#define EXPECT_OK(result) EXPECT_TRUE(result.has_value()) << (result ? "" : result.error().message)

BRIDGE_TEST(AttachingLeavesTheMachineAsItWas) {
  TestBoard board(io, Kind::qemu7, true);
  Recorder one;
  board.bridge.join(one, Role::other);
  auto attached = co_await board.bridge.attach();
  EXPECT_OK(attached);
  co_await settle();
  EXPECT_TRUE(board.stub->running());
  EXPECT_EQ(board.bridge.state(), TargetState::running);
  EXPECT_THAT(one.take(), testing::Not(testing::Contains(testing::HasSubstr("stopped"))));
  co_await board.stop();
}

BRIDGE_TEST(AStoppedMachineStaysStopped) {
  TestBoard board(io, Kind::qemu7, false);
  auto attached = co_await board.bridge.attach();
  EXPECT_OK(attached);
  EXPECT_EQ(board.bridge.state(), TargetState::stopped);
  EXPECT_FALSE(board.stub->running());
  co_await board.stop();
}

BRIDGE_TEST(ABreakpointIsInTheMachineOnceForTwo) {
  TestBoard board(io, Kind::qemu7, false);
  Recorder a, b;
  const auto first = board.bridge.join(a, Role::gdb), second = board.bridge.join(b, Role::gdb);
  auto done = co_await board.bridge.insert(first, kBreak);
  EXPECT_OK(done);
  done = co_await board.bridge.insert(second, kBreak);
  EXPECT_OK(done);
  EXPECT_EQ(board.stub->count("Z0,110"), 1u);
  done = co_await board.bridge.remove(first, kBreak);
  EXPECT_OK(done);
  done = co_await board.bridge.remove(first, kBreak);
  EXPECT_EQ(done.error().code, ErrorCode::BREAKPOINT_NOT_FOUND);
  Resume go;
  done = co_await board.bridge.resume(second, go);
  EXPECT_OK(done);
  auto stop = co_await board.bridge.wait_stopped(std::chrono::seconds(1));
  EXPECT_OK(stop);
  EXPECT_EQ(board.stub->pc(), 0x110u) << "the second one's is still there";
  EXPECT_THAT(b.take(), testing::Contains("stopped 5 waiting"));
  EXPECT_THAT(a.take(), testing::Contains("stopped 5"));
  co_await board.stop();
}

// gdb takes its breakpoints out at each stop and puts them in before each resume.
BRIDGE_TEST(BreakpointsThatComeBackAreNotSentAgain) {
  TestBoard board(io, Kind::qemu7, false);
  Recorder a;
  const auto owner = board.bridge.join(a, Role::gdb);
  for (int i = 0; i < 5; ++i) {
    auto done = co_await board.bridge.insert(owner, kBreak);
    EXPECT_OK(done);
    Resume step{.kind = Resume::Kind::step};
    done = co_await board.bridge.resume(owner, step);
    EXPECT_OK(done);
    auto stop = co_await board.bridge.wait_stopped(std::chrono::seconds(1));
    EXPECT_OK(stop);
    done = co_await board.bridge.remove(owner, kBreak);
    EXPECT_OK(done);
  }
  EXPECT_EQ(board.stub->count("Z0"), 1u);
  EXPECT_EQ(board.stub->count("z0"), 0u);
  Resume step{.kind = Resume::Kind::step};
  auto done = co_await board.bridge.resume(owner, step);
  EXPECT_OK(done);
  EXPECT_EQ(board.stub->count("z0"), 1u) << "nobody wants it when the machine runs";
  co_await board.stop();
}

BRIDGE_TEST(ContinueStepsOffABreakpoint) {
  TestBoard board(io, Kind::qemu7, false);
  Recorder a;
  const auto owner = board.bridge.join(a, Role::other);
  auto done = co_await board.bridge.insert(owner, kBreak);
  EXPECT_OK(done);
  board.stub->set_pc(0x110);
  Resume go;
  done = co_await board.bridge.resume(owner, go);
  EXPECT_OK(done);
  auto stop = co_await board.bridge.wait_stopped(std::chrono::seconds(1));
  EXPECT_OK(stop);
  EXPECT_EQ(board.stub->count("vCont;s"), 1u);
  EXPECT_EQ(board.stub->count("vCont;c"), 1u);
  EXPECT_THAT(a.take(), ElementsAre("attached", "stopped 5", "stopped 5 waiting")) << "the step is not told";
  co_await board.stop();
}

BRIDGE_TEST(WhileItRunsBreakpointsComeAndGoUnseen) {
  TestBoard board(io, Kind::qemu7, true);
  Recorder a, b;
  const auto first = board.bridge.join(a, Role::gdb), second = board.bridge.join(b, Role::other);
  auto attached = co_await board.bridge.attach();
  EXPECT_OK(attached);
  Resume go;
  auto done = co_await board.bridge.resume(first, go);
  EXPECT_OK(done);
  a.take(), b.take();
  done = co_await board.bridge.insert(second, kElsewhere);
  EXPECT_OK(done);
  EXPECT_THAT(board.stub->breakpoints(), ElementsAre("0,9000,2"));
  co_await settle();
  EXPECT_TRUE(board.stub->running());
  done = co_await board.bridge.remove(second, kElsewhere);
  EXPECT_OK(done);
  EXPECT_THAT(board.stub->breakpoints(), IsEmpty());
  co_await settle();
  EXPECT_TRUE(board.stub->running());
  EXPECT_THAT(a.take(), IsEmpty());
  EXPECT_THAT(b.take(), IsEmpty());
  co_await board.stop();
}

BRIDGE_TEST(OneRunsAndOthersJoin) {
  TestBoard board(io, Kind::qemu7, false);
  Recorder a, b, c;
  const auto first = board.bridge.join(a, Role::gdb), second = board.bridge.join(b, Role::gdb), third = board.bridge.join(c, Role::other);
  Resume go, step{.kind = Resume::Kind::step};
  auto done = co_await board.bridge.resume(first, go);
  EXPECT_OK(done);
  done = co_await board.bridge.resume(second, go);
  EXPECT_OK(done);
  co_await settle();
  EXPECT_EQ(board.stub->count("vCont;c"), 1u);
  done = co_await board.bridge.resume(third, step);
  EXPECT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::TARGET_RUNNING);
  auto pc = co_await board.bridge.read_register(*board.bridge.description().program_counter());
  EXPECT_FALSE(pc);
  EXPECT_EQ(pc.error().code, ErrorCode::TARGET_RUNNING);
  auto stop = co_await board.bridge.interrupt(third);
  EXPECT_OK(stop);
  EXPECT_TRUE(stop->interrupted());
  EXPECT_THAT(a.take(), testing::Contains("stopped 2 waiting"));
  EXPECT_THAT(b.take(), testing::Contains("stopped 2 waiting"));
  EXPECT_THAT(c.take(), testing::Contains("stopped 2"));
  co_await board.stop();
}

BRIDGE_TEST(DetachLetsTheMachineRunOn) {
  TestBoard board(io, Kind::qemu7, true);
  Recorder a;
  const auto owner = board.bridge.join(a, Role::gdb);
  auto stop = co_await board.bridge.interrupt(owner);
  EXPECT_OK(stop);
  auto done = co_await board.bridge.insert(owner, kBreak);
  EXPECT_OK(done);
  co_await board.bridge.leave(owner, Leave::detach);
  co_await settle();
  EXPECT_TRUE(board.stub->running());
  EXPECT_THAT(board.stub->breakpoints(), IsEmpty());
  co_await board.stop();
}

BRIDGE_TEST(DetachLeavesWhatOthersHold) {
  TestBoard board(io, Kind::qemu7, true);
  Recorder a, b;
  const auto first = board.bridge.join(a, Role::gdb);
  const auto rest = board.bridge.join(b, Role::other);
  auto stop = co_await board.bridge.interrupt(rest);
  EXPECT_OK(stop);
  co_await board.bridge.leave(first, Leave::detach);
  co_await settle();
  EXPECT_FALSE(board.stub->running()) << "it was paused by another";
  co_await board.stop();
}

BRIDGE_TEST(AVanishedGdbLeavesTheMachineAsItIs) {
  TestBoard board(io, Kind::qemu7, true);
  Recorder a;
  const auto owner = board.bridge.join(a, Role::gdb);
  auto stop = co_await board.bridge.interrupt(owner);
  EXPECT_OK(stop);
  co_await board.bridge.leave(owner, Leave::vanish);
  co_await settle();
  EXPECT_FALSE(board.stub->running());
  co_await board.stop();
}

BRIDGE_TEST(WhoVanishesWhileItRunsTakesBreakpointsAlong) {
  TestBoard board(io, Kind::qemu7, false);
  Recorder a, b;
  const auto first = board.bridge.join(a, Role::gdb), second = board.bridge.join(b, Role::gdb);
  auto done = co_await board.bridge.insert(first, kElsewhere);
  EXPECT_OK(done);
  Resume go;
  done = co_await board.bridge.resume(second, go);
  EXPECT_OK(done);
  co_await board.bridge.leave(first, Leave::vanish);
  EXPECT_THAT(board.stub->breakpoints(), IsEmpty());
  co_await settle();
  EXPECT_TRUE(board.stub->running());
  co_await board.stop();
}

BRIDGE_TEST(APowerCycleKeepsBreakpointsAndWaiters) {
  TestBoard board(io, Kind::qemu7, false);
  Recorder a;
  const auto owner = board.bridge.join(a, Role::gdb);
  auto done = co_await board.bridge.insert(owner, kElsewhere);
  EXPECT_OK(done);
  Resume go;
  done = co_await board.bridge.resume(owner, go);
  EXPECT_OK(done);
  a.take();
  co_await board.power_off();
  EXPECT_EQ(board.bridge.state(), TargetState::detached);
  EXPECT_THAT(a.take(), ElementsAre("lost waiting"));
  auto memory = co_await board.bridge.read_memory(kMemory, 4);
  EXPECT_FALSE(memory);
  EXPECT_EQ(memory.error().code, ErrorCode::TARGET_OFF);
  done = co_await board.bridge.insert(owner, kBreak);
  EXPECT_TRUE(done.has_value()) << "kept for the next engine";
  board.power_on(false);
  done = co_await board.bridge.attach(Bridge::Then::run);
  EXPECT_OK(done);
  EXPECT_THAT(board.stub->breakpoints(), testing::Contains("0,110,2"));
  auto stop = co_await board.bridge.wait_stopped(std::chrono::seconds(1));
  EXPECT_OK(stop);
  EXPECT_EQ(board.stub->pc(), 0x110u);
  EXPECT_THAT(a.take(), ElementsAre("attached", "resumed", "stopped 5 waiting"));
  co_await board.stop();
}

BRIDGE_TEST(AStubThatHangsUpIsDialledAgain) {
  TestBoard board(io, Kind::qemu7, false);
  Recorder a;
  const auto owner = board.bridge.join(a, Role::gdb);
  auto done = co_await board.bridge.insert(owner, kBreak);
  EXPECT_OK(done);
  board.stub->hang_up();
  co_await settle();
  EXPECT_EQ(board.bridge.state(), TargetState::detached);
  auto memory = co_await board.bridge.read_memory(kMemory, 4);
  EXPECT_OK(memory);
  EXPECT_THAT(board.stub->breakpoints(), ElementsAre("0,110,2"));
  co_await board.stop();
}

BRIDGE_TEST(ResetsInEveryWay) {
  TestBoard board(io, Kind::qemu7, true);
  Recorder a;
  const auto owner = board.bridge.join(a, Role::gdb);
  auto done = co_await board.bridge.reset(owner, Bridge::Reset::halt);
  EXPECT_OK(done);
  EXPECT_FALSE(board.stub->running());
  EXPECT_EQ(board.stub->pc(), kFirst);
  done = co_await board.bridge.reset(owner, Bridge::Reset::keep);
  EXPECT_OK(done);
  EXPECT_FALSE(board.stub->running());
  done = co_await board.bridge.reset(owner, Bridge::Reset::run);
  EXPECT_OK(done);
  co_await settle();
  EXPECT_TRUE(board.stub->running());
  EXPECT_EQ(board.resets, 3);
  co_await board.stop();
}

BRIDGE_TEST(WhatWasWrittenOverAnImageOutlivesResets) {
  TestBoard board(io, Kind::qemu7, true);
  board.reset_loads = true;
  Target target = board.target();
  target.images = {{kMemory + 0x10, 0x20}};
  target.vector_table = kMemory + 0x10;
  board.bridge.set_target(std::move(target));
  Recorder a;
  const auto owner = board.bridge.join(a, Role::gdb);
  const Bytes table{std::byte{0}, std::byte{4}, std::byte{0}, std::byte{0x20}, std::byte{0x15}, std::byte{1}, std::byte{0}, std::byte{0}};
  Bytes written(0x10, std::byte{7});
  written.insert(written.end(), table.begin(), table.end());
  auto done = co_await board.bridge.write_memory(kMemory, written);
  EXPECT_OK(done);
  Bytes expected(0x10, std::byte{0});  // no image lies there
  expected.insert(expected.end(), table.begin(), table.end());

  done = co_await board.bridge.reset(owner, Bridge::Reset::run);
  EXPECT_OK(done);
  co_await settle();
  EXPECT_TRUE(board.stub->running());
  done = co_await board.bridge.reset(owner, Bridge::Reset::halt);
  EXPECT_OK(done);
  auto memory = co_await board.bridge.read_memory(kMemory, written.size());
  EXPECT_EQ(memory.value_or(Bytes{}), expected);
  EXPECT_EQ(board.stub->pc(), 0x114u) << "the pc that the written vector table says";

  board.stub->load_memory();  // the machine resets itself
  board.bridge.machine_was_reset();
  co_await settle();
  memory = co_await board.bridge.read_memory(kMemory, written.size());
  EXPECT_EQ(memory.value_or(Bytes{}), expected);
  EXPECT_EQ(board.resets, 3);
  co_await board.stop();
}

// Stands for one that reads registers and code first, while the board is switched off.
class SlowPlayer : public Player {
 public:
  explicit SlowPlayer(TestBoard& board) : board_(board) {}
  Task<Played> play(Client&, StopReply stop) override {
    co_await board_.power_off();
    happened = co_await board_.bridge.let_access_happen({{kMemory, 4}});
    ++plays;
    co_return Played{Played::Outcome::failed, std::move(stop), {}};
  }
  Result<void> happened;
  int plays = 0;

 private:
  TestBoard& board_;
};

BRIDGE_TEST(AnAccessOfABoardThatIsSwitchedOff) {
  TestBoard board(io, Kind::qemu7, true);
  Recorder a;
  const auto owner = board.bridge.join(a, Role::other);
  SlowPlayer player(board);
  co_await board.bridge.set_player(&player, owner);
  auto attached = co_await board.bridge.attach();
  EXPECT_OK(attached);
  board.stub->send("T05watch:20000000;thread:p01.01;");
  co_await settle();
  EXPECT_EQ(player.plays, 1);
  EXPECT_FALSE(player.happened) << "the machine whose access it was is gone";
  co_await board.bridge.set_player(nullptr, 0);
  co_await board.stop();
}

BRIDGE_TEST(DetachingTheBridgeLeavesNothingInTheMachine) {
  TestBoard board(io, Kind::qemu7, true);
  Recorder a;
  const auto owner = board.bridge.join(a, Role::other);
  auto done = co_await board.bridge.insert(owner, kElsewhere);
  EXPECT_OK(done);
  co_await board.bridge.detach();
  EXPECT_THAT(board.stub->breakpoints(), IsEmpty());
  EXPECT_TRUE(board.stub->running());
  EXPECT_TRUE(board.bridge.breakpoints().has(owner, kElsewhere)) << "kept for the next attach";
  co_await board.stop();
}

// An interrupt is never lost, also when it comes while the bridge itself has the machine in its hands.
BRIDGE_TEST(AnInterruptAtAnyMoment) {
  for (int turns = 0; turns < 40; ++turns) {
    TestBoard board(io, Kind::qemu7, false);
    Recorder a, b;
    const auto first = board.bridge.join(a, Role::gdb), second = board.bridge.join(b, Role::gdb);
    board.stub->set_pc(0x110);
    auto done = co_await board.bridge.insert(first, {BreakpointType::software, 0x110, 2});
    EXPECT_OK(done);
    done = co_await board.bridge.remove(first, {BreakpointType::software, 0x110, 2});
    done = co_await board.bridge.insert(first, kElsewhere);
    auto resume = [](Bridge& bridge, Owner owner) -> Task<> {
      Resume go;
      auto resumed = co_await bridge.resume(owner, go);
      auto inserted = co_await bridge.insert(owner, {BreakpointType::software, 0xa000, 2});
    };
    asio::co_spawn(io, resume(board.bridge, first), asio::detached);
    for (int i = 0; i < turns; ++i) co_await asio::post(asio::use_awaitable);
    auto stop = co_await board.bridge.interrupt(second);
    EXPECT_OK(stop);
    co_await settle(std::chrono::milliseconds(2));
    EXPECT_FALSE(board.stub->running() && board.bridge.state() == TargetState::stopped) << turns;
    co_await board.stop();
  }
}

class EveryStub : public testing::TestWithParam<Kind> {
 protected:
  asio::io_context io{1};
};
INSTANTIATE_TEST_SUITE_P(Stubs, EveryStub, testing::Values(Kind::qemu7, Kind::qemu10, Kind::renode, Kind::skyeye), [](const auto& param) { return FakeStub::name(param.param); });

Task<> session(asio::io_context& io, Kind kind) {
  TestBoard board(io, kind, kind != Kind::skyeye);
  Recorder a;
  const auto owner = board.bridge.join(a, Role::gdb);
  auto done = co_await board.bridge.attach(Bridge::Then::halt, owner);
  EXPECT_OK(done);
  done = co_await board.bridge.insert(owner, kBreak);
  EXPECT_OK(done);
  for (int i = 0; i < 3; ++i) {
    Resume go, step{.kind = Resume::Kind::step};
    done = co_await board.bridge.resume(owner, go);
    EXPECT_OK(done);
    auto stop = co_await board.bridge.wait_stopped(std::chrono::seconds(1));
    EXPECT_OK(stop);
    EXPECT_EQ(board.stub->pc(), 0x110u);
    done = co_await board.bridge.resume(owner, step);
    EXPECT_OK(done);
    stop = co_await board.bridge.wait_stopped(std::chrono::seconds(1));
    EXPECT_OK(stop);
    EXPECT_EQ(board.stub->pc(), 0x112u);
  }
  done = co_await board.bridge.remove(owner, kBreak);
  EXPECT_OK(done);
  a.take();
  Resume go;
  done = co_await board.bridge.resume(owner, go);
  EXPECT_OK(done);
  co_await settle();
  EXPECT_TRUE(board.stub->running());
  auto stop = co_await board.bridge.interrupt(owner);
  EXPECT_OK(stop);
  co_await settle();
  EXPECT_EQ(a.take().size(), 1u);
  co_await board.stop();
}
TEST_P(EveryStub, IsDebuggedTheSameWay) { run(io, session(io, GetParam())); }

}  // namespace
}  // namespace virserver::gdb::test
