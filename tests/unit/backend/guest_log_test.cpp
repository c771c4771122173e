#include "backend/qemu/guest_log.hpp"

#include <gtest/gtest.h>

#include <fmt/format.h>

namespace virserver::backend::qemu {
namespace {

using Kind = GuestAccess::Kind;

TEST(GuestLine, UnimplementedDevices) {
  auto read = parse_guest_line("RCC: unimplemented device read  (size 4, offset 0x004)");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->kind, Kind::unimplemented);
  EXPECT_EQ(read->device, "RCC");
  EXPECT_EQ(read->offset, 4u);
  EXPECT_EQ(read->size, 4u);
  EXPECT_FALSE(read->write);
  auto write = parse_guest_line("USB OTG FS: unimplemented device write (size 1, offset 0x00010, value 0xff)\r");
  ASSERT_TRUE(write);
  EXPECT_TRUE(write->write);
  EXPECT_EQ(write->device, "USB OTG FS");
  EXPECT_EQ(write->offset, 0x10u);
  EXPECT_EQ(write->size, 1u);
}

TEST(GuestLine, WhereNothingIs) {
  const auto access = parse_guest_line("Invalid read at addr 0x60000000, size 4, region '(null)', reason: rejected");
  ASSERT_TRUE(access);
  EXPECT_EQ(access->kind, Kind::invalid);
  EXPECT_EQ(access->address, 0x60000000u);
  EXPECT_EQ(access->device, "");
  EXPECT_EQ(parse_guest_line("Invalid write at addr 0x18, size 2, region 'uart', reason: invalid size (min:4 max:4)")->device, "uart");
}

TEST(GuestLine, TheRestIsKeptWithoutItsNumbers) {
  EXPECT_EQ(parse_guest_line("pl011_read: Bad offset 0x1c")->text, "pl011_read: Bad offset #");
  EXPECT_EQ(parse_guest_line("stm32f2xx_timer: value 77 of 0x12 too large")->text, "stm32f2xx_timer: value # of # too large");
}

TEST(GuestLine, NonsenseIsBounded) {
  EXPECT_FALSE(parse_guest_line("   \r"));
  EXPECT_LE(parse_guest_line(std::string(100'000, 'x'))->text.size(), 200u);
  EXPECT_EQ(parse_guest_line("RCC: unimplemented device read  (size 4, offset 0xfffffffffffffffffff)")->kind, Kind::other);
  EXPECT_EQ(parse_guest_line("\x1b[2J\x01")->text.find('\x1b'), std::string::npos);
  EXPECT_LE(parse_guest_line(std::string(500, 'd') + ": unimplemented device read (size 4, offset 0x0)")->device.size(), 64u);
}

TEST(GuestLog, CountsAndTellsOnlyWhatIsNew) {
  GuestLog log;
  EXPECT_TRUE(log.add("RCC: unimplemented device re").empty());
  auto fresh = log.add("ad  (size 4, offset 0x000)\nRCC: unimplemented device read  (size 4, offset 0x000)\nPWR: unimplemented device write (size 4, offset 0x000, value 0x1)\nPW");
  ASSERT_EQ(fresh.size(), 2u);
  EXPECT_TRUE(log.add("R: unimplemented device write (size 4, offset 0x000, value 0x2)\n").empty());
  ASSERT_EQ(log.accesses().size(), 2u);
  EXPECT_EQ(log.accesses()[0].count, 2u);
  EXPECT_EQ(log.accesses()[1].count, 2u);
  EXPECT_EQ(log.lines(), 4u);
}

TEST(GuestLog, ALineWhoseBeginningIsLostCountsForNothing) {
  GuestLog log;
  log.add("RCC: unimpl");
  log.forget_partial();
  EXPECT_TRUE(log.add("d device read  (size 4, off").empty());
  const auto fresh = log.add("set 0x000)\nPWR: unimplemented device read  (size 4, offset 0x004)\n");
  ASSERT_EQ(fresh.size(), 1u);
  EXPECT_EQ(fresh[0].device, "PWR");
  EXPECT_EQ(log.lines(), 1u);
}

TEST(GuestLog, IsBounded) {
  GuestLog log;
  for (int i = 0; i < 1000; ++i) log.add(fmt::format("D: unimplemented device read  (size 4, offset {:#x})\n", i * 4));
  EXPECT_EQ(log.accesses().size(), GuestLog::max_distinct);
  EXPECT_EQ(log.left_out(), 1000 - GuestLog::max_distinct);
  log.add(std::string(10u << 20, 'a'));
  log.add("\nD: unimplemented device read  (size 4, offset 0x0)\n");
  EXPECT_EQ(log.accesses()[0].count, 2u) << "a line without end does not swallow the next";
}

}  // namespace
}  // namespace virserver::backend::qemu
