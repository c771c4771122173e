#include "gdb/monitor_words.hpp"

#include <gmock/gmock.h>

namespace virserver::gdb {
namespace {

TEST(Monitor, KnowsWhatToolsSend) {
  EXPECT_EQ(parse_monitor("reset"), MonitorWord::reset);
  EXPECT_EQ(parse_monitor(" reset   halt\n"), MonitorWord::reset_halt);
  EXPECT_EQ(parse_monitor("reset init"), MonitorWord::reset_halt);
  EXPECT_EQ(parse_monitor("reset run"), MonitorWord::reset_run);
  EXPECT_EQ(parse_monitor("go"), MonitorWord::resume);
  EXPECT_EQ(parse_monitor("halt"), MonitorWord::halt);
}

TEST(Monitor, LeavesTheRestToTheEmulator) {
  for (const char* other : {"", "info registers", "resets", "reset now", "system_reset", "helpme"})
    EXPECT_EQ(parse_monitor(other), MonitorWord::emulator) << other;
}

TEST(Monitor, HelpNamesEveryWord) {
  const auto help = monitor_help("QEMU 7");
  for (const char* word : {"reset halt", "reset init", "reset run", "resume", "halt", "QEMU 7"}) EXPECT_THAT(help, testing::HasSubstr(word));
}

}  // namespace
}  // namespace virserver::gdb
