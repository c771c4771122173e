// Several gdbs at once, gdbs that are killed, boards that are reset and power-cycled below them.
#include <gmock/gmock.h>

#include "support.hpp"

namespace virserver::gdb::test {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

const Machine& kBoard = machine("cortex-m3");

TEST(SeveralGdbs, HaveBreakpointsOfTheirOwn) {
  Board board(kBoard);
  GdbProcess first(kBoard, board.port(), {"break add", "continue", "echo first stopped\\n", "continue 5", "continue", "detach"});
  ASSERT_TRUE(first.wait_for("first stopped"));
  // The second sets another and runs the machine too; it stops at both, as the machine is one.
  const auto out = run_gdb(kBoard, board.port(), {"info registers pc", "break work", "continue", "bt 1", "detach"});
  EXPECT_THAT(out, ContainsRegex("Breakpoint 1, (0x[0-9a-f]+ in )?work"));
  EXPECT_THAT(out, HasSubstr("detached"));
  const auto rest = first.wait();
  EXPECT_THAT(rest, HasSubstr("detached"));
  EXPECT_TRUE(board.qemu().running());
}

TEST(SeveralGdbs, AKilledOneTakesItsBreakpointsAlong) {
  Board board(kBoard);
  GdbProcess first(kBoard, board.port(), {"break add", "continue", "echo first stopped\\n", "continue 1000000"});
  ASSERT_TRUE(first.wait_for("first stopped"));
  first.kill();
  const auto out = run_gdb(kBoard, board.port(), {"break work", "continue", "continue", "continue", "bt 1", "detach"});
  EXPECT_THAT(out, Not(ContainsRegex("SIGTRAP|SIGINT"))) << "no stop at what the killed one wanted";
  EXPECT_THAT(out, ContainsRegex("Breakpoint 1, (0x[0-9a-f]+ in )?work"));
}

TEST(SeveralGdbs, AnInterruptReachesTheMachine) {
  Board board(kBoard);
  GdbProcess gdb(kBoard, board.port(), {"echo goes on\\n", "continue", "info registers pc", "detach"});
  ASSERT_TRUE(gdb.wait_for("goes on"));
  while (!board.qemu().running()) {}
  gdb.interrupt();
  const auto out = gdb.wait();
  EXPECT_THAT(out, HasSubstr("SIGINT"));
  EXPECT_THAT(out, ContainsRegex("pc +0x"));
}

TEST(SeveralGdbs, APowerCycleUnderAGdbThatWaits) {
  Board board(kBoard, true);
  GdbProcess gdb(kBoard, board.port(), {"break work", "continue", "delete", "break main", "echo goes on\\n", "continue", "bt 1", "detach"});
  ASSERT_TRUE(gdb.wait_for("goes on"));
  while (!board.qemu().running()) {}
  board.power_off();
  ASSERT_TRUE(gdb.wait_for("waiting for the board")) << gdb.output();
  board.power_on(true);
  const auto attached = board.on_bridge<Result<void>>([](Bridge& bridge) { return bridge.attach(Bridge::Then::run); });
  ASSERT_TRUE(attached) << attached.error().message;
  const auto out = gdb.wait();
  EXPECT_THAT(out, ContainsRegex("Breakpoint 2, (0x[0-9a-f]+ in )?main"));
}

TEST(SeveralGdbs, ABoardThatIsOffSaysSo) {
  Board board(kBoard);
  board.power_off();
  const auto out = run_gdb(kBoard, board.port(), {"info registers pc"});
  EXPECT_THAT(out, HasSubstr("The target is not running"));
}

TEST(SeveralGdbs, MonitorCommands) {
  Board board(kBoard);
  const auto out = run_gdb(kBoard, board.port(), {"monitor help", "monitor info status", "monitor reset halt", "maintenance flush register-cache",
                                                  "info registers pc", "monitor nonsense", "detach"});
  EXPECT_THAT(out, HasSubstr("reset init"));
  EXPECT_THAT(out, HasSubstr("VM status: paused"));
  EXPECT_THAT(out, ContainsRegex("pc .*<reset>"));
  EXPECT_THAT(out, HasSubstr("unknown command: 'nonsense'"));
}

TEST(SeveralGdbs, ExtendedRemoteRestartsTheProgram) {
  Board board(kBoard);
  const auto out = run_gdb(kBoard, board.port(), {"disconnect", fmt::format("target extended-remote 127.0.0.1:{}", board.port()), "break main",
                                                  "run", "bt 1", "print counter", "detach"});
  EXPECT_THAT(out, ContainsRegex("Breakpoint 1, (0x[0-9a-f]+ in )?main"));
}

}  // namespace
}  // namespace virserver::gdb::test
