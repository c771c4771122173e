#include "backend/qemu/exit_cause.hpp"

#include <gtest/gtest.h>

#include <csignal>

#include "backend/qemu/machine_facts.hpp"

namespace virserver::backend::qemu {
namespace {

// As QEMU 7.2.22 printed it.
constexpr std::string_view lockup =
    "qemu: fatal: Lockup: can't escalate 3 to HardFault (current priority -1)\n\n"
    "R00=f0000000 R01=00000000 R02=00000000 R03=00000000\n"
    "R04=00000000 R05=00000000 R06=00000000 R07=00000000\n"
    "XPSR=41000003 -Z-- T handler\n";

ExitReport explain(process::ExitStatus status, Witness witness = {}, std::string_view output = "") { return explain_exit(status, witness, output); }

TEST(ExitCause, LockupHasRegisters) {
  auto report = explain({std::nullopt, SIGABRT, false}, {}, lockup);
  EXPECT_EQ(report.cause, ExitCause::lockup);
  EXPECT_EQ(report.message, "the processor locked up: Lockup: can't escalate 3 to HardFault (current priority -1)");
  EXPECT_TRUE(report.registers.starts_with("R00=f0000000"));
  EXPECT_EQ(report.signal, SIGABRT);
}

TEST(ExitCause, AbortWithoutLockupIsACrash) {
  EXPECT_EQ(explain({std::nullopt, SIGABRT, false}, {}, "qemu: fatal: Trying to execute code outside RAM or ROM at 0x08000000\n").cause, ExitCause::crashed);
  EXPECT_EQ(explain({std::nullopt, SIGABRT, false}, {}, "ERROR:../hw/x.c:1: assertion failed\n").cause, ExitCause::crashed);
  EXPECT_EQ(explain({std::nullopt, SIGSEGV, false}).message, "QEMU crashed (SIGSEGV)");
  EXPECT_EQ(explain({std::nullopt, SIGSYS, false}).cause, ExitCause::crashed);
}

TEST(ExitCause, ALockupPrintedEarlierExplainsNoOtherEnd) {
  EXPECT_EQ(explain({std::nullopt, SIGKILL, false}, {}, lockup).cause, ExitCause::killed);
}

TEST(ExitCause, SemihostingExitCode) {
  Witness witness;
  witness.semihosting = true;
  for (int code : {0, 1, 42}) {
    auto report = explain({code, std::nullopt, false}, witness);
    EXPECT_EQ(report.cause, ExitCause::guest_exit);
    EXPECT_EQ(report.exit_code, code);
  }
}

TEST(ExitCause, ErrorsOfQemuItself) {
  auto report = explain({1, std::nullopt, false}, {}, "qemu-system-arm: warning: x\nqemu-system-arm: unsupported machine type\nUse -machine help to list\n");
  EXPECT_EQ(report.cause, ExitCause::crashed);
  EXPECT_EQ(report.message, "QEMU ended with an error: unsupported machine type");
  EXPECT_EQ(error_line("qemu-system-arm: warning: nic lan9118.0 has no peer\n"), "");
}

TEST(ExitCause, GuestShutdownAndItsCode) {
  Witness witness;
  witness.shutdown = "guest-shutdown";
  EXPECT_EQ(explain({0, std::nullopt, false}, witness).cause, ExitCause::guest_shutdown);
  auto code = explain({3, std::nullopt, false}, witness);
  EXPECT_EQ(code.cause, ExitCause::guest_exit);
  EXPECT_EQ(code.exit_code, 3);
}

TEST(ExitCause, KilledByOthers) {
  EXPECT_EQ(explain({std::nullopt, std::nullopt, true}).cause, ExitCause::killed);
  EXPECT_EQ(explain({std::nullopt, SIGKILL, false}).cause, ExitCause::killed);
  EXPECT_EQ(explain({0, std::nullopt, false}, {}, "qemu-system-arm: terminating on signal 15 from pid 9 (bash)\n").cause, ExitCause::killed);
}

TEST(ExitCause, OursWinsOverWhateverItPrinted) {
  Witness witness;
  witness.we_ended_it = true;
  EXPECT_EQ(explain({std::nullopt, SIGKILL, false}, witness, lockup).cause, ExitCause::powered_off);
  Witness hung;
  hung.we_ended_it = true;
  hung.why_killed = "it did not answer";
  EXPECT_EQ(explain({std::nullopt, SIGKILL, false}, hung).message, "it did not answer");
}

TEST(ExitCause, PanicIsNamed) {
  Witness witness;
  witness.panicked = true;
  EXPECT_EQ(explain({0, std::nullopt, false}, witness).cause, ExitCause::guest_panic);
}

TEST(ExitCause, OutputIsBounded) {
  std::string much(100'000, 'x');
  EXPECT_LE(explain({1, std::nullopt, false}, {}, much).output.size(), 4096u);
}

}  // namespace
}  // namespace virserver::backend::qemu
