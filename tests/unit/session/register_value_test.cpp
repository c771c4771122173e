#include "session/debug/register_value.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace virserver::session {
namespace {

std::string bytes(const char* json, unsigned bits) {
  auto value = register_bytes(boost::json::parse(json), bits, "r0");
  return value ? to_hex(*value) : "error: " + value.error().message;
}

TEST(RegisterValue, IntegersAndText) {
  EXPECT_EQ(bytes("1", 32), "00000001");
  EXPECT_EQ(bytes("4294967295", 32), "ffffffff");
  EXPECT_EQ(bytes("-1", 32), "ffffffff");
  EXPECT_EQ(bytes("-2147483648", 32), "80000000");
  EXPECT_EQ(bytes("18446744073709551615", 64), "ffffffffffffffff");
  EXPECT_EQ(bytes("\"0x1F\"", 32), "0000001f");
  EXPECT_EQ(bytes("\"0x00000000000000001\"", 32), "00000001");
  EXPECT_EQ(bytes("\"31\"", 16), "001f");
  EXPECT_EQ(bytes("\"-2\"", 16), "fffe");
  EXPECT_EQ(bytes("-1", 128), std::string(32, 'f'));
  EXPECT_EQ(bytes("\"0x000102030405060708090a0b0c0d0e0f\"", 128), "000102030405060708090a0b0c0d0e0f");
}

TEST(RegisterValue, WhatDoesNotFit) {
  for (const char* value : {"4294967296", "-2147483649", "\"0x100000000\"", "\"4294967296\""})
    EXPECT_NE(bytes(value, 32).find("does not fit"), std::string::npos) << value;
  for (const char* value : {"\"\"", "\"0x\"", "\"0xzz\"", "\"one\"", "1.5", "true", "null", "[1]"}) EXPECT_TRUE(bytes(value, 32).starts_with("error")) << value;
}

TEST(RegisterValue, ByteOrder) {
  const Bytes value{std::byte{1}, std::byte{2}, std::byte{3}};
  EXPECT_EQ(to_hex(most_significant_first(value, false)), "030201");
  EXPECT_EQ(to_hex(most_significant_first(value, true)), "010203");
}

}  // namespace
}  // namespace virserver::session
