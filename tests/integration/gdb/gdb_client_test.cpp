// Debian's gdb-multiarch on every processor: what a user does in a session.
#include <gmock/gmock.h>

#include "support.hpp"

namespace virserver::gdb::test {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

class Gdb : public testing::TestWithParam<std::string> {
 protected:
  const Machine& machine_ = machine(GetParam());
};
INSTANTIATE_TEST_SUITE_P(Machines, Gdb,
                         testing::Values("cortex-m0", "cortex-m3", "cortex-m4", "cortex-a15", "cortex-a53", "riscv32", "riscv64", "sparc",
                                         "powerpc"),
                         [](const auto& param) {
                           auto name = param.param;
                           std::erase(name, '-');
                           return name;
                         });

TEST_P(Gdb, ASessionFromAttachToDetach) {
  Board board(machine_);
  const auto out = run_gdb(machine_, board.port(),
                           {"break add", "continue", "bt", "finish", "delete", "print/x pattern", "set var counter = 1000", "print counter",
                            "stepi", "stepi", "watch watched", "continue", "print watched", "delete", "info registers pc",
                            "set var $saved = $pc", "stepi", "set var $pc = $saved", "print $pc == $saved", "info threads", "detach"});
  EXPECT_THAT(out, ContainsRegex("Breakpoint 1, (0x[0-9a-f]+ in )?add"));
  EXPECT_THAT(out, ContainsRegex("#1 .* work"));
  EXPECT_THAT(out, ContainsRegex("#2 .* main"));
  EXPECT_THAT(out, HasSubstr("Value returned is"));
  EXPECT_THAT(out, HasSubstr("= 0x1122334455667788"));
  EXPECT_THAT(out, HasSubstr("= 1000"));
  EXPECT_THAT(out, ContainsRegex("[Ww]atchpoint [0-9]+: watched"));
  EXPECT_THAT(out, ContainsRegex("New value = [0-9]+"));
  EXPECT_THAT(out, HasSubstr("= 1\n"));
  EXPECT_THAT(out, HasSubstr("[Inferior 1 (process 1) detached]"));
  EXPECT_THAT(out, Not(HasSubstr("emote failure")));
  EXPECT_TRUE(board.qemu().running()) << "the only gdb left, the machine runs on";
}

TEST_P(Gdb, LoadsAProgramAndResetsIntoIt) {
  Board board(machine_, false);
  const auto out = run_gdb(machine_, board.port(),
                           {"load", "compare-sections .text", "monitor reset halt", "maintenance flush register-cache", "tbreak main", "continue", "bt 1",
                            "print counter", "detach"});
  EXPECT_THAT(out, HasSubstr("Start address"));
  EXPECT_THAT(out, HasSubstr("Transfer rate"));
  EXPECT_THAT(out, ContainsRegex("Temporary breakpoint 1, (0x[0-9a-f]+ in )?main"));
  EXPECT_THAT(out, Not(HasSubstr("MIS-MATCHED")));
}

TEST_P(Gdb, AttachesAgain) {
  Board board(machine_);
  for (int i = 0; i < 3; ++i) {
    const auto out = run_gdb(machine_, board.port(), {"break work", "continue", "detach"});
    EXPECT_THAT(out, ContainsRegex("Breakpoint 1, (0x[0-9a-f]+ in )?work")) << i;
    EXPECT_TRUE(board.qemu().running()) << i;
  }
}

}  // namespace
}  // namespace virserver::gdb::test
