#include "api/paging.hpp"

#include <gtest/gtest.h>

namespace virserver::api {
namespace {

namespace json = boost::json;

Result<http::Response> ask(const std::vector<std::string>& items, std::size_t limit, json::value cursor) {
  http::Request request;
  request.query["limit"] = limit;
  if (cursor.is_string()) request.query["cursor"] = cursor;
  return page(request, items, [](const std::string& item) { return item; }, [](const std::string& item) { return json::value(item); });
}

TEST(Paging, EveryLimitReachesEveryItemOnce) {
  const std::vector<std::string> items{"a", "b", "c", "d", "e", "f", "g"};
  for (std::size_t limit = 1; limit <= 8; ++limit) {
    std::vector<std::string> got;
    json::value cursor = nullptr;
    do {
      const auto answer = ask(items, limit, cursor);
      ASSERT_TRUE(answer);
      const json::object& body = std::get<json::value>(answer->body).as_object();
      EXPECT_EQ(body.at("total").to_number<std::size_t>(), items.size());
      EXPECT_LE(body.at("items").as_array().size(), limit);
      for (const auto& item : body.at("items").as_array()) got.emplace_back(item.as_string());
      cursor = body.at("next_cursor");
    } while (cursor.is_string());
    EXPECT_EQ(got, items) << limit;
  }
}

TEST(Paging, AnItemThatGoesBetweenPagesTakesNoOtherAlong) {
  const auto first = ask({"a", "b", "c"}, 2, nullptr);
  const auto second = ask({"a", "c"}, 2, std::get<json::value>(first->body).at("next_cursor"));
  EXPECT_EQ(json::serialize(std::get<json::value>(second->body).at("items")), R"(["c"])");
}

TEST(Paging, GarbageIsRefused) {
  for (const char* cursor : {"%%%", "a", "=="}) {
    const auto answer = ask({"a"}, 1, cursor);
    ASSERT_FALSE(answer) << cursor;
    EXPECT_EQ(answer.error().code, ErrorCode::INVALID_REQUEST);
  }
}

}  // namespace
}  // namespace virserver::api
