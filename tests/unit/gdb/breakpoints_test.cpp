#include "gdb/breakpoints.hpp"

#include <gmock/gmock.h>

namespace virserver::gdb {
namespace {

constexpr Breakpoint kOne{BreakpointType::software, 0x8000230, 2};
constexpr Breakpoint kTwo{BreakpointType::hardware, 0x8000230, 2};

TEST(Breakpoints, AreSaidAsPackets) {
  EXPECT_EQ(insert_packet(kOne), "Z0,8000230,2");
  EXPECT_EQ(remove_packet({BreakpointType::access_watch, 0x20000000, 4}), "z4,20000000,4");
}

TEST(Breakpoints, OneInTheMachineForAnyNumberOfOwners) {
  BreakpointTable table;
  EXPECT_TRUE(table.add(1, kOne));
  EXPECT_FALSE(table.add(2, kOne));
  EXPECT_FALSE(table.add(2, kOne)) << "twice counts once";
  EXPECT_TRUE(table.add(1, kTwo)) << "another type is another breakpoint";
  EXPECT_FALSE(table.remove(1, kOne));
  EXPECT_FALSE(table.remove(1, kOne)) << "it is not his";
  EXPECT_TRUE(table.wanted(kOne));
  EXPECT_TRUE(table.remove(2, kOne));
  EXPECT_FALSE(table.wanted(kOne));
}

TEST(Breakpoints, WhoLeavesTakesOnlyHisOwn) {
  BreakpointTable table;
  table.add(1, kOne);
  table.add(2, kOne);
  table.add(2, kTwo);
  EXPECT_THAT(table.remove_all(2), testing::ElementsAre(kTwo));
  EXPECT_THAT(table.all(), testing::ElementsAre(kOne));
  EXPECT_EQ(table.count(2), 0u);
  EXPECT_TRUE(table.remove_all(3).empty());
}

}  // namespace
}  // namespace virserver::gdb
