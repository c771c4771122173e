#include "gdb/stop_reply.hpp"

#include <gmock/gmock.h>

namespace virserver::gdb {
namespace {

using Reason = StopReply::Reason;

TEST(StopReply, OfEachStub) {
  auto stop = parse_stop_reply("T02thread:p01.01;");
  ASSERT_TRUE(stop);
  EXPECT_TRUE(stop->interrupted());
  EXPECT_EQ(stop->thread, (ThreadId{1, 1}));

  stop = parse_stop_reply("T05watch:20000008;");
  ASSERT_TRUE(stop);
  EXPECT_EQ(stop->reason, Reason::watch);
  EXPECT_EQ(stop->watch_address, 0x20000008u);

  stop = parse_stop_reply("T05swbreak:;");
  ASSERT_TRUE(stop);
  EXPECT_EQ(stop->reason, Reason::software_breakpoint);

  stop = parse_stop_reply("S05");
  ASSERT_TRUE(stop);
  EXPECT_EQ(stop->signal, kSignalTrap);
  EXPECT_FALSE(stop->thread);

  stop = parse_stop_reply("X06");
  ASSERT_TRUE(stop);
  EXPECT_EQ(stop->kind, StopReply::Kind::terminated);

  stop = parse_stop_reply("W00;process:1");
  ASSERT_TRUE(stop);
  EXPECT_EQ(stop->kind, StopReply::Kind::exited);
}

TEST(StopReply, KeepsRegistersAndCore) {
  const auto stop = parse_stop_reply("T050f:30020008;19:xxxxxxxx;core:1;thread:2;unknown:1;");
  ASSERT_TRUE(stop);
  ASSERT_EQ(stop->registers.size(), 1u);
  EXPECT_EQ(stop->registers[0].first, 15);
  EXPECT_EQ(stop->registers[0].second, std::string("\x30\x02\x00\x08", 4));
  EXPECT_EQ(stop->core, 1);
  EXPECT_EQ(stop->thread, (ThreadId{std::nullopt, 2}));
}

TEST(StopReply, IsToldFromOtherReplies) {
  for (const char* other : {"OK", "", "E01", "Text=0;Data=0;Bss=0", "T0;tnotrun:0", "S5", "S055", "SS", "l", "m0", "00000000", "F1,2"})
    EXPECT_FALSE(is_stop_reply(other)) << other;
  for (const char* stop : {"S05", "T05", "T05thread:01;", "W00", "X06"}) EXPECT_TRUE(is_stop_reply(stop)) << stop;
}

TEST(StopReply, MalformedOnesGiveNothing) {
  for (const char* wrong : {"T05thread:;", "T05thread:pq.1;", "T05thread", "T05watch:zz;", "T05core:-1;", "T05core:ffffffffff;"})
    EXPECT_FALSE(parse_stop_reply(wrong)) << wrong;
}

TEST(StopReply, IsSaidAsTheClientKnows) {
  const auto stop = *parse_stop_reply("T05thread:p01.02;hwbreak:;");
  EXPECT_EQ(format_stop_reply(stop, {true, true, true}), "T05thread:p01.02;hwbreak:;");
  EXPECT_EQ(format_stop_reply(stop, {false, false, false}), "T05thread:02;");
  const auto watch = *parse_stop_reply("T05thread:01;awatch:2000039c;");
  EXPECT_EQ(format_stop_reply(watch, {}), "T05thread:01;awatch:2000039c;");
  EXPECT_EQ(format_stop_reply(*parse_stop_reply("X06"), {}), "X06");
}

TEST(ThreadId, BothForms) {
  EXPECT_EQ(parse_thread_id("p1.-1"), (ThreadId{1, -1}));
  EXPECT_EQ(parse_thread_id("p2"), (ThreadId{2, -1}));
  EXPECT_EQ(parse_thread_id("-1"), (ThreadId{std::nullopt, -1}));
  EXPECT_EQ(to_string(ThreadId{1, 10}), "p01.0a");
  for (const char* wrong : {"", "p", "p.", "p1.", "1.2", "-2", "x"}) EXPECT_FALSE(parse_thread_id(wrong)) << wrong;
}

}  // namespace
}  // namespace virserver::gdb
