#include "session/debug/breakpoint_book.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace virserver::session {
namespace {

using gdb::BreakpointType;
using gdb::StopReply;

UserBreakpoint code(std::uint64_t address) {
  UserBreakpoint breakpoint;
  breakpoint.location = hex_address(address);
  breakpoint.places = {{BreakpointType::software, address, 2}};
  return breakpoint;
}

UserBreakpoint watch(BreakpointKind kind, BreakpointType type, std::uint64_t address, std::uint64_t length) {
  UserBreakpoint breakpoint;
  breakpoint.kind = kind;
  breakpoint.location = hex_address(address);
  breakpoint.length = length;
  breakpoint.places = {{type, address, length}};
  return breakpoint;
}

StopReply stop_at_watch(StopReply::Reason reason, std::uint64_t address) {
  StopReply stop;
  stop.signal = gdb::kSignalTrap;
  stop.reason = reason;
  stop.watch_address = address;
  return stop;
}

std::vector<std::uint64_t> ids(const std::vector<UserBreakpoint*>& found) {
  std::vector<std::uint64_t> list;
  for (const auto* each : found) list.push_back(each->id);
  return list;
}

TEST(BreakpointBook, TheMachineHasEachPlaceOfEnabledOnes) {
  BreakpointBook book;
  auto first = book.add(code(0x100)), second = book.add(code(0x100)), third = book.add(code(0x200));
  ASSERT_TRUE(first && second && third);
  EXPECT_EQ(book.wanted().size(), 2u);
  (*third)->enabled = false;
  EXPECT_EQ(book.wanted().size(), 1u);
  (*first)->refused = (*second)->refused = true;
  EXPECT_TRUE(book.wanted().empty());
  EXPECT_FALSE((*first)->verified());
}

TEST(BreakpointBook, AStopBelongsToThoseThatAreThere) {
  BreakpointBook book;
  (void)book.add(code(0x100));
  (void)book.add(code(0x100));
  (void)book.add(code(0x104));
  StopReply stop;
  stop.signal = gdb::kSignalTrap;
  EXPECT_EQ(ids(book.at(stop, 0x100)), (std::vector<std::uint64_t>{1, 2}));
  book.find(2)->enabled = false;
  EXPECT_EQ(ids(book.at(stop, 0x100)), (std::vector<std::uint64_t>{1}));
  EXPECT_TRUE(book.at(stop, 0x102).empty());
  EXPECT_TRUE(book.at(stop, std::nullopt).empty());
  EXPECT_EQ(book.ids_at(0x100), (std::vector<std::uint64_t>{1, 2}));
}

TEST(BreakpointBook, WatchpointsByRangeAndAccess) {
  BreakpointBook book;
  (void)book.add(watch(BreakpointKind::write, BreakpointType::write_watch, 0x2000, 8));
  (void)book.add(watch(BreakpointKind::read, BreakpointType::read_watch, 0x2000, 4));
  (void)book.add(watch(BreakpointKind::access, BreakpointType::access_watch, 0x2004, 4));
  using Reason = StopReply::Reason;
  EXPECT_EQ(ids(book.at(stop_at_watch(Reason::watch, 0x2000), 0x100)), (std::vector<std::uint64_t>{1}));
  EXPECT_EQ(ids(book.at(stop_at_watch(Reason::watch, 0x2004), 0x100)), (std::vector<std::uint64_t>{1, 3}));
  EXPECT_EQ(ids(book.at(stop_at_watch(Reason::read_watch, 0x2003), 0x100)), (std::vector<std::uint64_t>{2}));
  EXPECT_EQ(ids(book.at(stop_at_watch(Reason::read_watch, 0x2004), 0x100)), (std::vector<std::uint64_t>{3}));
  EXPECT_TRUE(book.at(stop_at_watch(Reason::watch, 0x1fff), 0x100).empty());
  EXPECT_TRUE(book.at(stop_at_watch(Reason::watch, 0x2008), 0x100).empty());
}

TEST(BreakpointBook, IgnoredHitsCount) {
  UserBreakpoint breakpoint = code(0x100);
  breakpoint.ignore_count = 2;
  EXPECT_FALSE(BreakpointBook::count_hit(breakpoint));
  EXPECT_FALSE(BreakpointBook::count_hit(breakpoint));
  EXPECT_TRUE(BreakpointBook::count_hit(breakpoint));
  EXPECT_EQ(breakpoint.hit_count, 3u);
  EXPECT_EQ(breakpoint.ignore_count, 0u);
}

TEST(BreakpointBook, KeptAndBack) {
  BreakpointBook book;
  (void)book.add(code(0x100));
  UserBreakpoint second = watch(BreakpointKind::access, BreakpointType::access_watch, 0x2000, 16);
  second.condition = *Condition::parse("$r0 == 3");
  second.ignore_count = 5;
  second.enabled = false;
  second.temporary = true;
  second.created_at = *parse_rfc3339("2026-01-02T03:04:05.000006Z");
  (void)book.add(std::move(second));
  book.remove(1);
  const auto text = boost::json::serialize(book.to_json());

  BreakpointBook back;
  back.from_json(boost::json::parse(text).as_array());
  ASSERT_EQ(back.all().size(), 1u);
  const UserBreakpoint* kept = back.find(2);
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->kind, BreakpointKind::access);
  EXPECT_EQ(kept->location, "0x00002000");
  EXPECT_EQ(kept->length, 16u);
  EXPECT_EQ(kept->condition->text(), "$r0 == 3");
  EXPECT_EQ(kept->ignore_count, 5u);
  EXPECT_FALSE(kept->enabled);
  EXPECT_TRUE(kept->temporary);
  EXPECT_EQ(to_rfc3339(kept->created_at), "2026-01-02T03:04:05.000006Z");
  auto next = back.add(code(0x300));
  EXPECT_EQ((*next)->id, 3u);

  BreakpointBook odd;
  odd.from_json(boost::json::parse(R"([1, {}, {"id": 0, "kind": "write", "location": "x"}, {"id": 4, "kind": "none", "location": "x"},
      {"id": 5, "kind": "write", "location": ""}, {"id": -1, "kind": "write", "location": "x"}, {"id": 6, "kind": "write", "location": "x", "condition": "(("}])").as_array());
  EXPECT_TRUE(odd.empty());
}

TEST(BreakpointBook, HasALimit) {
  BreakpointBook book;
  for (std::size_t i = 0; i < BreakpointBook::max_breakpoints; ++i) ASSERT_TRUE(book.add(code(i)));
  const auto more = book.add(code(1));
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().code, ErrorCode::BREAKPOINT_REFUSED);
}

}  // namespace
}  // namespace virserver::session
