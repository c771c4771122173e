#include "session/debug/location.hpp"

#include <gtest/gtest.h>

namespace virserver::session {
namespace {

TEST(Location, Addresses) {
  for (const char* text : {"0x08000200", "134218240", " *0x08000200 ", "0x0800_0200"}) {
    const auto location = parse_location(text);
    ASSERT_TRUE(location) << text;
    ASSERT_TRUE(std::holds_alternative<AddressLocation>(*location)) << text;
    EXPECT_EQ(std::get<AddressLocation>(*location).address, 0x08000200u) << text;
  }
  EXPECT_EQ(std::get<AddressLocation>(*parse_location("0xffffffffffffffff")).address, ~std::uint64_t{0});
}

TEST(Location, SourceLines) {
  struct Case {
    const char* text;
    const char* file;
    std::uint32_t line;
  };
  for (const auto& each : {Case{"main.c:42", "main.c", 42}, {"src/main.c:1", "src/main.c", 1}, {"C:\\fw\\main.c:7", "C:\\fw\\main.c", 7}, {"8x2.c:5", "8x2.c", 5}}) {
    const auto location = parse_location(each.text);
    ASSERT_TRUE(location && std::holds_alternative<LineLocation>(*location)) << each.text;
    EXPECT_EQ(std::get<LineLocation>(*location).file, each.file);
    EXPECT_EQ(std::get<LineLocation>(*location).line, each.line);
  }
}

TEST(Location, Symbols) {
  struct Case {
    const char* text;
    const char* name;
    std::int64_t offset;
  };
  for (const auto& each : {Case{"uart_send", "uart_send", 0}, {"buffer+16", "buffer", 16}, {"buffer + 0x10", "buffer", 16}, {"end-4", "end", -4},
                           {"ns::Uart::send", "ns::Uart::send", 0}, {"operator+", "operator+", 0}, {"Vec::operator+(Vec const&)", "Vec::operator+(Vec const&)", 0},
                           {"_ZN3foo3barEv", "_ZN3foo3barEv", 0}}) {
    const auto location = parse_location(each.text);
    ASSERT_TRUE(location && std::holds_alternative<SymbolLocation>(*location)) << each.text;
    EXPECT_EQ(std::get<SymbolLocation>(*location).name, each.name);
    EXPECT_EQ(std::get<SymbolLocation>(*location).offset, each.offset);
  }
}

TEST(Location, WhatIsNone) {
  for (const char* text : {"", "   ", "*", "*main", "0x", "0x1g", "12z", "0x10000000000000000", ":42", "main.c:0", "main.c:99999999999", "a\nb"}) {
    const auto location = parse_location(text);
    ASSERT_FALSE(location) << text;
    EXPECT_EQ(location.error().code, ErrorCode::INVALID_REQUEST);
    EXPECT_FALSE(location.error().message.empty());
  }
  EXPECT_FALSE(parse_location(std::string(2000, 'a')));
}

}  // namespace
}  // namespace virserver::session
