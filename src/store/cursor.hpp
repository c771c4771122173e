// Places in a sorted list, as opaque text for clients.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "store/rows.hpp"

namespace virserver::store {

struct SortOrder {
  std::string column;      // one of a fixed set: safe inside SQL
  bool descending = false;
  bool is_time = false;
};

// "created_at", "updated_at" or "name", with "-" for descending. Error INVALID_REQUEST.
Result<SortOrder> parse_sort(std::string_view sort);

struct Cursor {
  Value sort_value;  // of the last item that was given out
  std::string id;
};

// base64url without padding: goes into a query string as it is.
std::string encode_cursor(const SortOrder& order, const Cursor& cursor);
// Error INVALID_REQUEST when it is not one that `encode_cursor` made for the same order.
Result<Cursor> decode_cursor(const SortOrder& order, std::string_view text);

}  // namespace virserver::store
