// What the real QEMU tells of a guest that hangs.
#include <algorithm>

#include "fixture.hpp"

namespace virserver::backend {
namespace {

class WatchTest : public QemuTest {
 protected:
  void SetUp() override {
    NEEDS(std::string(BOARD_FIRMWARE) + "/rcc_wait.elf");
    config.watch.interval = 100ms;
    QemuTest::SetUp();
  }
  void launch_waiting() {
    launch("stm32f4-disco", std::string(BOARD_FIRMWARE) + "/rcc_wait.elf");
    engine->on_event = [this](const EngineEvent& event) {
      kinds.push_back(event.kind);
      for (const auto& access : event.accesses) accesses.push_back(access);
    };
  }
  // QEMU 10's machine has an RCC that keeps what is written: nothing of it is unimplemented.
  bool rcc_is_stub() const {
    return std::ranges::any_of(the_plan.devices, [](const auto& device) { return device.address == 0x40023800 && device.stub; });
  }
  std::vector<GuestAccess> accesses;
};

TEST_F(WatchTest, AGuestThatWaitsForAStubIsSeen) {
  launch_waiting();
  expect_output("usart2", "rcc-wait starts");
  engine->watch_guest();
  if (rcc_is_stub()) {
    wait([&] { return !accesses.empty(); }, "an access");
    EXPECT_EQ(accesses[0].device, "RCC");
    EXPECT_EQ(accesses[0].kind, GuestAccess::Kind::unimplemented);
  }
  auto seen = run(engine->observe());
  ASSERT_TRUE(seen) << seen.error().message;
  EXPECT_TRUE(seen->watched);
  ASSERT_FALSE(seen->samples.empty());
  for (const auto& sample : seen->samples) {
    ASSERT_TRUE(sample.pc);
    EXPECT_GE(*sample.pc, 0x08000000u);
    EXPECT_LT(*sample.pc, 0x08001000u);
    EXPECT_EQ(sample.registers.at("r3"), 0x40023000u);
  }
  if (rcc_is_stub()) {
    ASSERT_FALSE(seen->accesses.empty());
    EXPECT_GT(seen->accesses[0].count, 1u);
  }
  EXPECT_EQ(console("emulator"), "") << "the log is kept out of the user's consoles";
}

TEST_F(WatchTest, WindowsClose) {
  launch_waiting();
  engine->watch_guest();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(run(engine->observe()));
  process::ConsoleLog log(console_dir, "diagnosis");
  // What was under way arrives; then, between the windows that come ever more seldom, nothing does.
  std::uint64_t end = log.end();
  int still = 0, looks = 0;
  wait([&] {
    const auto now = log.end();
    still = now == end ? still + 1 : 0;
    end = now;
    ++looks;
    return still >= 3 || looks > 200;
  }, "a pause of the log");
  EXPECT_GE(still, 3);
  EXPECT_LT(end, 8u << 20);
}

TEST_F(WatchTest, NothingIsLookedAtUnlessAskedFor) {
  launch_waiting();
  expect_output("usart2", "rcc-wait starts");
  auto seen = run(engine->observe());
  ASSERT_TRUE(seen) << seen.error().message;
  EXPECT_FALSE(seen->watched);
  EXPECT_FALSE(seen->why_not_watched.empty());
  EXPECT_TRUE(seen->accesses.empty());
  EXPECT_FALSE(seen->samples.empty());
  process::ConsoleLog log(console_dir, "diagnosis");
  EXPECT_EQ(log.end(), 0u);
}

TEST_F(WatchTest, APausedGuestStaysPausedAndIsSeen) {
  launch_waiting();
  expect_output("usart2", "rcc-wait starts");
  engine->watch_guest();
  ASSERT_TRUE(run(engine->pause()));
  auto seen = run(engine->observe());
  ASSERT_TRUE(seen) << seen.error().message;
  EXPECT_EQ(seen->samples.size(), 1u);
  EXPECT_TRUE(engine->paused());
}

// A server that died with a window open leaves a guest at a thirtieth of its speed: the next one closes it.
TEST_F(WatchTest, AnAdoptedEngineIsWatchedOn) {
  launch_waiting();
  expect_output("usart2", "rcc-wait starts");
  engine->watch_guest();
  ASSERT_TRUE(run(engine->observe()));
  run(engine->stop());
  engine.reset();
  auto adopted = run(qemu->adopt(io.get_executor(), the_plan, engine_dir, console_dir));
  ASSERT_TRUE(adopted) << adopted.error().message;
  engine = std::move(*adopted);
  engine->watch_guest();
  auto seen = run(engine->observe());
  ASSERT_TRUE(seen) << seen.error().message;
  EXPECT_TRUE(seen->watched);
  if (rcc_is_stub()) EXPECT_FALSE(seen->accesses.empty());
}

TEST_F(WatchTest, AnEngineThatEndedSaysSo) {
  launch_waiting();
  engine->watch_guest();
  run(engine->power_off(2s));
  auto seen = run(engine->observe());
  ASSERT_FALSE(seen);
  EXPECT_EQ(seen.error().code, ErrorCode::ENGINE_DIED);
}

}  // namespace
}  // namespace virserver::backend
