// Pages of lists that are held in memory, sorted by a unique key. The cursor is the last key of the page before.
#pragma once
#include <boost/json.hpp>

#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "http/handler.hpp"

namespace virserver::api {

inline boost::json::object list_body(boost::json::array items, std::optional<std::string> next, std::uint64_t total) {
  boost::json::object body{{"items", std::move(items)}, {"next_cursor", nullptr}, {"total", total}};
  if (next) body["next_cursor"] = std::move(*next);
  return body;
}

// `key` names an item's sort key; `to_json` renders only the items of the page.
template <class Item, class Key, class ToJson>
Result<http::Response> page(const http::Request& request, const std::vector<Item>& sorted, Key key, ToJson to_json) {
  const auto limit = request.query.at("limit").to_number<std::size_t>();
  std::string after;
  if (const auto* cursor = request.query.if_contains("cursor")) {
    const auto bytes = from_base64(cursor->as_string());
    if (!bytes) return fail(ErrorCode::INVALID_REQUEST, "the cursor is not one of this list: use next_cursor of the page before");
    after = as_text(*bytes);
  }
  boost::json::array items;
  std::optional<std::string> next;
  std::string last;
  for (const Item& item : sorted) {
    const std::string name(key(item));
    if (!after.empty() && name <= after) continue;
    if (items.size() == limit) {
      next = to_base64(as_bytes(last));
      break;
    }
    items.push_back(to_json(item));
    last = name;
  }
  return http::json_response(list_body(std::move(items), std::move(next), sorted.size()));
}

}  // namespace virserver::api
