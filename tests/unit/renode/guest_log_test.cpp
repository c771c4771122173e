#include "backend/renode/guest_log.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "backend/renode/exit_cause.hpp"
#include "backend/renode/machine.hpp"

namespace virserver::backend::renode {
namespace {

constexpr std::string_view invalid = "[02:28:35.0594] [WARNING] sysbus: [cpu: 0x800000C] ReadDoubleWord from non existing peripheral at 0x50000000.\n";
constexpr std::string_view invalid_write = "[02:28:35.0594] [WARNING] sysbus: [cpu: 0x8000010] WriteByte to non existing peripheral at 0x50000004, value 0xFF.\n";
constexpr std::string_view unhandled = "[02:28:35.0637] [WARNING] usart2: Unhandled read from offset 0x20 (GuardTimeAndPrescaler+0x8).\n";
constexpr std::string_view unhandled_write = "[02:28:35.0637] [WARNING] machine/rcc: Unhandled write to offset 0x4, value 0x24003010.\n";
constexpr std::string_view aborted = "[02:28:36.1000] [ERROR] cpu: CPU abort [PC=0xDEAD0000]: Trying to execute code outside RAM or ROM at 0xDEAD0000.\n";

TEST(RenodeLog, TellsInvalidAccesses) {
  GuestLog log;
  auto news = log.add(invalid);
  ASSERT_EQ(news.accesses.size(), 1u);
  EXPECT_EQ(news.accesses[0].kind, GuestAccess::Kind::invalid);
  EXPECT_EQ(news.accesses[0].address, 0x50000000u);
  EXPECT_EQ(news.accesses[0].size, 4u);
  EXPECT_FALSE(news.accesses[0].write);
  EXPECT_EQ(news.accesses[0].pc, 0x800000Cu);
  news = log.add(invalid_write);
  ASSERT_EQ(news.accesses.size(), 1u);
  EXPECT_TRUE(news.accesses[0].write);
  EXPECT_EQ(news.accesses[0].size, 1u);
  EXPECT_EQ(news.accesses[0].text, "WriteByte to non existing peripheral at 0x50000004") << "without the value";
}

TEST(RenodeLog, TellsRegistersThatAreNotThere) {
  GuestLog log;
  const auto news = log.add(fmt::format("{}{}", unhandled, unhandled_write));
  ASSERT_EQ(news.accesses.size(), 2u);
  EXPECT_EQ(news.accesses[0].kind, GuestAccess::Kind::unimplemented);
  EXPECT_EQ(news.accesses[0].device, "usart2");
  EXPECT_EQ(news.accesses[0].offset, 0x20u);
  EXPECT_EQ(news.accesses[1].device, "rcc");
  EXPECT_TRUE(news.accesses[1].write);
}

TEST(RenodeLog, CountsInsteadOfRepeating) {
  GuestLog log;
  for (int i = 0; i < 1000; ++i) {
    const auto news = log.add(unhandled);
    EXPECT_EQ(news.accesses.size(), i == 0 ? 1u : 0u);
  }
  EXPECT_EQ(log.accesses().front().count, 1000u);
}

TEST(RenodeLog, OtherWarningsCountWithoutTheirNumbers) {
  GuestLog log;
  const auto first = log.add("[02:28:35.0637] [WARNING] nvic: Interrupt 17 is pending since 0x20 ticks.\n");
  ASSERT_EQ(first.accesses.size(), 1u);
  EXPECT_EQ(first.accesses[0].kind, GuestAccess::Kind::other);
  EXPECT_EQ(first.accesses[0].text, "nvic: Interrupt # is pending since # ticks.");
  EXPECT_TRUE(log.add("[02:28:35.0638] [WARNING] nvic: Interrupt 18 is pending since 0x21 ticks.\n").accesses.empty());
}

TEST(RenodeLog, RenodesOwnTroublesAreNotTheGuests) {
  GuestLog log;
  const auto news = log.add(
      "[02:28:32.5742] [ERROR] Failed to download from https://example.invalid/a.svd.gz, reason: server name resolution error (attempt 1/5)\n"
      "[02:28:32.5742] [ERROR] Download failed 5 times, aborting.\n[02:28:33.4216] [INFO] machine: GDB server with all CPUs started on port :4002\nno log line\n");
  EXPECT_TRUE(news.accesses.empty());
  EXPECT_FALSE(news.abort);
}

TEST(RenodeLog, TellsAborts) {
  GuestLog log;
  const auto news = log.add(aborted);
  ASSERT_TRUE(news.abort);
  EXPECT_EQ(news.abort->pc, 0xDEAD0000u);
  EXPECT_EQ(news.abort->text, "CPU abort [PC=0xDEAD0000]: Trying to execute code outside RAM or ROM at 0xDEAD0000");
  EXPECT_TRUE(news.accesses.empty());
}

TEST(RenodeLog, TellsResets) {
  GuestLog log;
  EXPECT_EQ(log.add("[02:28:36.1000] [INFO] Script: machine reset\n[02:28:36.1000] [INFO] Script: machine reset\n").resets, 2u);
  EXPECT_EQ(log.add("[02:28:36.1000] [INFO] usart2: machine reset\n").resets, 0u);
}

TEST(RenodeLog, ReadsPiecesAsTheWhole) {
  const std::string text = fmt::format("{}{}{}{}{}", invalid, unhandled, unhandled_write, aborted, invalid_write);
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    GuestLog log;
    auto first = log.add(text.substr(0, cut)), second = log.add(text.substr(cut));
    EXPECT_EQ(log.accesses().size(), 4u) << cut;
    EXPECT_TRUE(first.abort || second.abort) << cut;
  }
}

TEST(RenodeLog, IsBounded) {
  GuestLog log;
  for (int i = 0; i < 1000; ++i) log.add(fmt::format("[02:28:35.0637] [WARNING] usart2: Unhandled read from offset 0x{:X}.\n", i));
  EXPECT_EQ(log.accesses().size(), GuestLog::max_distinct);
  EXPECT_EQ(log.left_out(), 1000 - GuestLog::max_distinct);
  log.add(std::string(100'000, 'x'));
  EXPECT_TRUE(log.add("\n").accesses.empty());
  log.forget_partial();
  EXPECT_EQ(log.add(fmt::format("half a line\n{}", "[02:28:36.1000] [INFO] Script: machine reset\n")).resets, 1u);
}

TEST(RenodeExit, SaysWhy) {
  Witness witness;
  EXPECT_EQ(explain_exit({std::nullopt, 9, false}, witness, "").cause, ExitCause::killed);
  EXPECT_EQ(explain_exit({std::nullopt, std::nullopt, true}, witness, "").cause, ExitCause::killed);
  const auto crash = explain_exit({134, std::nullopt, false}, witness, "x\nUnhandled exception. System.Net.Sockets.SocketException (98): Address already in use\n   at A\n");
  EXPECT_EQ(crash.cause, ExitCause::crashed);
  EXPECT_NE(crash.message.find("Address already in use"), std::string::npos) << crash.message;
  EXPECT_EQ(explain_exit({std::nullopt, 6, false}, witness, "").cause, ExitCause::crashed);
  EXPECT_EQ(explain_exit({0, std::nullopt, false}, witness, "").cause, ExitCause::powered_off);
  EXPECT_EQ(explain_exit({3, std::nullopt, false}, witness, "").cause, ExitCause::crashed);
  witness.we_ended_it = true;
  EXPECT_EQ(explain_exit({0, std::nullopt, false}, witness, "").cause, ExitCause::powered_off);
  witness.abort = "CPU abort";
  EXPECT_EQ(explain_exit({std::nullopt, 9, false}, witness, "").cause, ExitCause::lockup);
}

TEST(RenodeExit, AnAbortThatNobodySawIsFoundInTheOutput) {
  Witness witness;
  witness.attended = false;
  const auto report = explain_exit({std::nullopt, std::nullopt, true}, witness, fmt::format("{}{}", invalid, aborted));
  EXPECT_EQ(report.cause, ExitCause::lockup);
  EXPECT_NE(report.message.find("0xDEAD0000"), std::string::npos);
}

TEST(RenodeMemory, ReadsExactlyWhatWasAskedFor) {
  EXPECT_EQ(parse_bytes("[\n0x49, 0x40, 0x67, 0x00, \n]", 4).value(), (Bytes{std::byte{0x49}, std::byte{0x40}, std::byte{0x67}, std::byte{0}}));
  for (const char* text : {"", "[]", "[0x49]", "[0x49, 0x4, 0x1, 0x2]", "[0x49, 0x400, 0x01, 0x02]", "[0x01, 0x02, 0x03, 0x04, 0x05]", "[0xZZ, 0x02, 0x03, 0x04]"})
    EXPECT_FALSE(parse_bytes(text, 4)) << text;
}

}  // namespace
}  // namespace virserver::backend::renode
