#include "store/cursor.hpp"

#include <algorithm>
#include <charconv>

namespace virserver::store {
namespace {

std::string prefix_of(const SortOrder& order) {
  return fmt::format("1{}{}\n", order.descending ? '-' : '+', order.column);
}

}  // namespace

Result<SortOrder> parse_sort(std::string_view sort) {
  SortOrder order;
  order.descending = sort.starts_with('-');
  order.column = sort.substr(order.descending ? 1 : 0);
  order.is_time = order.column == "created_at" || order.column == "updated_at";
  if (!order.is_time && order.column != "name")
    return fail(ErrorCode::INVALID_REQUEST,
                "cannot sort by \"{}\"; use created_at, updated_at or name, with a leading - for descending", sort);
  return order;
}

std::string encode_cursor(const SortOrder& order, const Cursor& cursor) {
  auto* number = std::get_if<std::int64_t>(&cursor.sort_value);
  auto* text = std::get_if<std::string>(&cursor.sort_value);
  // The id has no line end, the name may have one: the name comes last.
  auto plain = fmt::format("{}{}\n{}", prefix_of(order), cursor.id,
                           number ? std::to_string(*number) : text ? *text : std::string());
  auto encoded = to_base64(as_bytes(plain));
  std::replace(encoded.begin(), encoded.end(), '+', '-');
  std::replace(encoded.begin(), encoded.end(), '/', '_');
  while (encoded.ends_with('=')) encoded.pop_back();
  return encoded;
}

Result<Cursor> decode_cursor(const SortOrder& order, std::string_view text) {
  const auto refuse = [] {
    return fail(ErrorCode::INVALID_REQUEST,
                "the cursor is not one this list gave out; take next_cursor from an answer with the same sort");
  };
  std::string encoded(text);
  std::replace(encoded.begin(), encoded.end(), '-', '+');
  std::replace(encoded.begin(), encoded.end(), '_', '/');
  while (encoded.size() % 4 != 0) encoded.push_back('=');
  auto bytes = from_base64(encoded);
  if (!bytes) return refuse();
  std::string_view plain = as_text(*bytes);
  const auto prefix = prefix_of(order);
  if (!plain.starts_with(prefix)) return refuse();
  plain.remove_prefix(prefix.size());
  const auto end_of_id = plain.find('\n');
  if (end_of_id == std::string_view::npos || end_of_id == 0) return refuse();
  const auto rest = plain.substr(end_of_id + 1);
  Cursor cursor{std::string(rest), std::string(plain.substr(0, end_of_id))};
  if (order.is_time) {
    std::int64_t number = 0;
    auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    if (error != std::errc() || end != rest.data() + rest.size()) return refuse();
    cursor.sort_value = number;
  } else if (!is_utf8(rest)) {
    return refuse();
  }
  if (encode_cursor(order, cursor) != text) return refuse();
  return cursor;
}

}  // namespace virserver::store
