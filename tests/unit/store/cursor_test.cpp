#include "store/cursor.hpp"

#include <gtest/gtest.h>

namespace virserver::store {
namespace {

TEST(Cursor, ComesBackAsItWasForTimesAndNames) {
  const auto by_time = parse_sort("-created_at").value();
  auto time = decode_cursor(by_time, encode_cursor(by_time, {std::int64_t{1763938800000001}, "ses-1"}));
  ASSERT_TRUE(time);
  EXPECT_EQ(std::get<std::int64_t>(time->sort_value), 1763938800000001);
  EXPECT_EQ(time->id, "ses-1");

  const auto by_name = parse_sort("name").value();
  for (std::string name : {"", "plain", "two\nlines", "\xc3\xa4\xc3\xb6"}) {
    auto back = decode_cursor(by_name, encode_cursor(by_name, {name, "ses-2"}));
    ASSERT_TRUE(back) << name;
    EXPECT_EQ(std::get<std::string>(back->sort_value), name);
  }
}

TEST(Cursor, GoesIntoAUrlAsItIs) {
  const auto order = parse_sort("name").value();
  for (int i = 0; i < 64; ++i) {
    auto text = encode_cursor(order, {std::string(1, static_cast<char>(i)) + "?>~\xc3\xbf", "ses-1"});
    EXPECT_EQ(text.find_first_of("+/=&% "), std::string::npos) << text;
  }
}

TEST(Cursor, RefusesWhatItDidNotGiveOut) {
  const auto order = parse_sort("-created_at").value();
  const auto good = encode_cursor(order, {std::int64_t{5}, "ses-1"});
  for (std::string bad : {std::string("x"), std::string("!!!!"), good + "=", good + "A", good.substr(0, good.size() - 3),
                          std::string("AAAA"), encode_cursor(order, {std::string("12x"), "ses-1"}),
                          encode_cursor(order, {std::string("99999999999999999999"), "ses-1"}),
                          encode_cursor(order, {std::int64_t{5}, ""})}) {
    auto decoded = decode_cursor(order, bad);
    ASSERT_FALSE(decoded) << bad;
    EXPECT_EQ(decoded.error().code, ErrorCode::INVALID_REQUEST);
  }
  EXPECT_FALSE(decode_cursor(parse_sort("created_at").value(), good));
  EXPECT_FALSE(decode_cursor(parse_sort("-updated_at").value(), good));
}

TEST(Sort, KnowsItsColumnsOnly) {
  EXPECT_TRUE(parse_sort("name"));
  EXPECT_TRUE(parse_sort("-updated_at")->descending);
  for (auto bad : {"", "-", "--name", "id; DROP TABLE sessions", "Name"}) EXPECT_FALSE(parse_sort(bad)) << bad;
}

}  // namespace
}  // namespace virserver::store
