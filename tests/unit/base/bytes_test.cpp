#include "base/bytes.hpp"

#include <gtest/gtest.h>

#include <random>

namespace virserver {
namespace {

std::string text_of(const std::optional<Bytes>& bytes) { return bytes ? std::string(as_text(*bytes)) : "(nothing)"; }

TEST(Numbers, DecimalAndHexadecimal) {
  EXPECT_EQ(parse_u64("0"), 0u);
  EXPECT_EQ(parse_u64("1_000"), 1000u);
  EXPECT_EQ(parse_u64("0x0800_0000"), 0x08000000u);
  EXPECT_EQ(parse_u64("0xFFFFFFFFFFFFFFFF"), ~0ull);
  for (const char* wrong : {"", "0x", "-1", "1 ", " 1", "_1", "1_", "0x1_", "12a", "18446744073709551616", "0x10000000000000000"})
    EXPECT_FALSE(parse_u64(wrong)) << wrong;
}

TEST(Numbers, AddressesHaveAtLeastEightDigits) {
  EXPECT_EQ(hex_address(0), "0x00000000");
  EXPECT_EQ(hex_address(0x123456789a), "0x123456789a");
}

TEST(Base64, KnownValues) {  // RFC 4648
  const std::pair<const char*, const char*> pairs[] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, coded] : pairs) {
    EXPECT_EQ(to_base64(as_bytes(plain)), coded);
    EXPECT_EQ(text_of(from_base64(coded)), plain);
  }
  for (const char* wrong : {"Z", "Zg", "Zg=", "Z===", "Zm9v!", "Zh==", "Zm9=", "====", "Zg==Zg=="}) EXPECT_FALSE(from_base64(wrong)) << wrong;
}

TEST(Base64, RoundTripOfRandomBytes) {
  std::mt19937 random(1);
  for (std::size_t size = 0; size < 200; ++size) {
    Bytes bytes(size);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
    EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
  }
}

TEST(Utf8, WholePrefix) {
  bool incomplete = true;
  EXPECT_EQ(valid_utf8_prefix("plain", &incomplete), 5u);
  EXPECT_FALSE(incomplete);
  const std::string euro = "\xe2\x82\xac";
  for (std::size_t cut = 1; cut < 3; ++cut) {
    EXPECT_EQ(valid_utf8_prefix("a" + euro.substr(0, cut), &incomplete), 1u);
    EXPECT_TRUE(incomplete);
  }
  EXPECT_TRUE(is_utf8("a" + euro + "\xf0\x9f\x98\x80"));
}

TEST(Utf8, RefusesWhatIsNotUtf8) {
  for (const char* wrong : {"\x80", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xe2\x28\xa1"}) {
    bool incomplete = true;
    EXPECT_EQ(valid_utf8_prefix(wrong, &incomplete), 0u);
    EXPECT_FALSE(incomplete) << to_hex(as_bytes(wrong));
  }
}

TEST(Nearest, ClosestFirst) {
  const std::vector<std::string> names = {"microbit", "mps2-an385", "mps2-an505", "versatile"};
  EXPECT_EQ(nearest("micro-bit", names).front(), "microbit");
  EXPECT_EQ(nearest("mps2", names, 2), (std::vector<std::string>{"mps2-an385", "mps2-an505"}));
  EXPECT_TRUE(nearest("zzzzzzzzzzzzzzzz", names).empty());
  EXPECT_TRUE(nearest(std::string(1 << 20, 'a'), names).empty());
}

}  // namespace
}  // namespace virserver
