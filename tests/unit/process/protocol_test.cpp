#include "shim/protocol.hpp"

#include <gtest/gtest.h>

namespace virserver::shim {
namespace {

Launch example() {
  Launch launch;
  launch.argv = {"/usr/bin/qemu", "-M", "virt", ""};
  launch.env = {"LANG=C"};
  launch.consoles = {{"uart0", Kind::socketpair, 7, 0, 1ull << 40}, {"net0", Kind::tcp, -1, 3456, 5}};
  launch.log_bound = 1 << 20;
  launch.emulator_first_offset = 77;
  launch.terminal = true;
  return launch;
}

TEST(Protocol, LaunchDataComesBackAsItWas) {
  Launch back;
  ASSERT_TRUE(decode(encode(example()), back));
  EXPECT_EQ(back.argv, example().argv);
  EXPECT_EQ(back.env, example().env);
  ASSERT_EQ(back.consoles.size(), 2u);
  EXPECT_EQ(back.consoles[0].first_offset, 1ull << 40);
  EXPECT_EQ(back.consoles[1].kind, Kind::tcp);
  EXPECT_EQ(back.consoles[1].port, 3456);
  EXPECT_EQ(back.consoles[1].child_fd, -1);
  EXPECT_EQ(back.emulator_first_offset, 77u);
  EXPECT_TRUE(back.terminal);
}

TEST(Protocol, ALaunchOfBeforeThereWereTerminalsHasNone) {
  const auto whole = encode(example());
  Launch back;
  ASSERT_TRUE(decode(std::string_view(whole).substr(0, whole.size() - 1), back));
  EXPECT_EQ(back.emulator_first_offset, 77u);
  EXPECT_FALSE(back.terminal);
}

TEST(Protocol, EveryTruncationIsRefused) {
  const auto whole = encode(example());
  for (std::size_t n = 0; n + 1 < whole.size(); ++n) {
    Launch back;
    EXPECT_FALSE(decode(std::string_view(whole).substr(0, n), back)) << n;
  }
}

TEST(Protocol, HugeCountsEndAtTheDatasEnd) {
  Writer w;
  w.put(kMagic).put(kVersion).put(std::uint32_t{0xffffffff}).string("a");
  Launch back;
  EXPECT_FALSE(decode(w.data(), back));
  EXPECT_LE(back.argv.size(), 3u);
}

TEST(Protocol, ReadingPastTheEndGivesZerosAndSaysSo) {
  Reader r(std::string_view("\x05\0\0\0ab", 6));
  EXPECT_EQ(r.string(), "");
  EXPECT_FALSE(r.ok());
  EXPECT_EQ(r.get<std::uint64_t>(), 0u);
}

TEST(Protocol, ConsoleNamesCannotLeaveTheirDirectory) {
  EXPECT_TRUE(valid_console_name("uart0"));
  EXPECT_TRUE(valid_console_name("semi-hosting_1"));
  for (const char* bad : {"", ".", "..", "a/b", "A", "a b", "a.log", "\xc3\xa4"}) EXPECT_FALSE(valid_console_name(bad)) << bad;
}

}  // namespace
}  // namespace virserver::shim
