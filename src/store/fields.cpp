#include "store/fields.hpp"

namespace virserver::store {
namespace {

constexpr boost::json::parse_options parse_options() {
  boost::json::parse_options options;
  options.max_depth = 256;
  options.allow_invalid_utf8 = true;  // what an emulator printed must not make its session unreadable
  return options;
}

}  // namespace

Value* FieldReader::next() {
  if (at_ < row_.size()) return &row_[at_++];
  failed_ = true;
  return nullptr;
}

std::string FieldReader::text() {
  auto* value = next();
  auto* text = value ? std::get_if<std::string>(value) : nullptr;
  if (text) return std::move(*text);
  failed_ = true;
  return {};
}

std::int64_t FieldReader::integer() {
  auto* value = next();
  auto* number = value ? std::get_if<std::int64_t>(value) : nullptr;
  if (number) return *number;
  failed_ = true;
  return 0;
}

std::optional<std::uint64_t> FieldReader::optional_number() {
  if (!next_is_null()) return number();
  next();
  return std::nullopt;
}

std::optional<Timestamp> FieldReader::optional_time() {
  if (!next_is_null()) return time();
  next();
  return std::nullopt;
}

boost::json::value FieldReader::json() {
  boost::json::error_code error;
  auto value = boost::json::parse(text(), error, {}, parse_options());
  if (error) failed_ = true;
  return value;
}

boost::json::object FieldReader::object() {
  auto value = json();
  if (value.is_object()) return std::move(value.as_object());
  failed_ = true;
  return {};
}

}  // namespace virserver::store
