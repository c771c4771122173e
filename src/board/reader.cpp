#include "board/reader.hpp"

#include <boost/json/serialize.hpp>

#include <cctype>
#include <cmath>

#include "base/bytes.hpp"
#include "board/document_builder.hpp"

namespace virserver::board {
namespace {
constexpr std::size_t max_errors = 100;

using Positions = std::map<std::string, std::pair<int, int>>;

// The place of a value, or of the nearest thing around it that has one.
std::optional<std::pair<int, int>> place_of(const Document& document, std::string pointer, bool at_key) {
  if (at_key)
    if (const auto found = document.key_positions.find(pointer); found != document.key_positions.end()) return found->second;
  while (true) {
    if (const auto found = document.positions.find(pointer); found != document.positions.end()) return found->second;
    const std::size_t slash = pointer.rfind('/');
    if (slash == std::string::npos) return std::nullopt;
    pointer.resize(slash);
  }
}

std::optional<std::uint64_t> size_of(std::string_view text) {
  const std::size_t end = text.find_first_not_of("0123456789_");
  if (end == std::string_view::npos || end == 0) return std::nullopt;
  const auto value = parse_u64(text.substr(0, end));
  std::string_view unit = text.substr(end);
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  if (!value || unit.empty()) return std::nullopt;
  const char letter = static_cast<char>(std::toupper(static_cast<unsigned char>(unit[0])));
  const std::string_view rest = unit.substr(1);
  if (!rest.empty() && rest != "iB" && rest != "ib" && rest != "IB") return std::nullopt;  // KB: 1000 or 1024?
  const int shift = letter == 'K' ? 10 : letter == 'M' ? 20 : letter == 'G' ? 30 : -1;
  if (shift < 0 || *value > (UINT64_MAX >> shift)) return std::nullopt;
  return *value << shift;
}
}  // namespace

void Problems::add(const std::string& pointer, std::string message, std::vector<std::string> suggestions, bool at_key) {
  if (++count_ > max_errors) return;
  boost::json::object entry{{"pointer", pointer}};
  std::string where = pointer.empty() ? std::string() : pointer + ": ";
  if (document_) {
    if (const auto place = place_of(*document_, pointer, at_key)) {
      entry["line"] = place->first;
      entry["column"] = place->second;
      where = fmt::format("line {}, column {}: {}", place->first, place->second, where);
    }
  }
  if (!suggestions.empty()) {
    std::string list;
    for (const std::string& name : suggestions) list += (list.empty() ? "" : ", ") + name;
    message += fmt::format("; did you mean {}?", list);
    entry["suggestions"] = boost::json::array(suggestions.begin(), suggestions.end());
  }
  if (first_.empty()) first_ = where + message;
  entry["message"] = std::move(message);
  errors_.push_back(std::move(entry));
}

Error Problems::error() const {
  Error error{ErrorCode::BOARD_INVALID, count_ == 1 ? "the board is not valid: " + first_
                                                    : fmt::format("the board has {} mistakes, the first: {}", count_, first_)};
  error.details["errors"] = errors_;
  if (count_ > max_errors) error.details["more"] = count_ - max_errors;
  return error;
}

std::string shown(const boost::json::value& value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return "a list";
  std::string text = boost::json::serialize(value);
  if (text.size() > 64) {
    text.resize(valid_utf8_prefix(std::string_view(text).substr(0, 60)));
    text += "...";
  }
  return text;
}

bool valid_name(std::string_view text) {
  if (text.empty() || text.size() > 64 || !std::isalnum(static_cast<unsigned char>(text[0]))) return false;
  for (const char c : text)
    if (!std::isalnum(static_cast<unsigned char>(c)) && !std::string_view("_.-").contains(c)) return false;
  return true;
}

std::optional<std::uint64_t> integer_of(const boost::json::value& value) {
  if (value.is_uint64()) return value.get_uint64();
  if (value.is_int64() && value.get_int64() >= 0) return static_cast<std::uint64_t>(value.get_int64());
  if (value.is_double()) {  // 1e6
    const double number = value.get_double();
    if (number >= 0 && number <= 9007199254740992.0 && std::floor(number) == number) return static_cast<std::uint64_t>(number);
  }
  if (value.is_string()) return parse_u64(std::string_view(value.get_string()));
  return std::nullopt;
}

Fields::Fields(Problems& problems, std::string pointer, const boost::json::value& value,
               std::span<const std::string_view> known)
    : problems_(&problems), pointer_(std::move(pointer)) {
  if (!value.is_object()) {
    problems.add(pointer_, fmt::format("must be an object with fields, is {}", shown(value)));
    return;
  }
  object_ = &value.get_object();
  const std::vector<std::string> names(known.begin(), known.end());
  for (const auto& member : *object_) {
    const std::string_view key = member.key();
    bool found = false;
    for (const std::string_view name : known) found = found || name == key;
    if (found) continue;
    std::string message = fmt::format("unknown field {}", shown(boost::json::string(key)));
    auto suggestions = nearest(key, names);
    if (suggestions.empty() && !names.empty()) message += fmt::format("; the fields here are {}", fmt::join(names, ", "));
    problems.add(at(key), std::move(message), std::move(suggestions), true);
  }
}

std::string Fields::at(std::string_view key) const { return pointer_ + '/' + pointer_token(key); }

const boost::json::value* Fields::find(std::string_view key) const {
  if (!object_) return nullptr;
  const boost::json::value* value = object_->if_contains(key);
  return value && !value->is_null() ? value : nullptr;
}

void Fields::error(std::string_view key, std::string message, std::vector<std::string> suggestions) {
  problems_->add(at(key), std::move(message), std::move(suggestions));
}

void Fields::required(std::string_view key) {
  if (object_ && !find(key)) problems_->add(pointer_, fmt::format("the field \"{}\" is missing", key));
}

std::optional<std::string> Fields::text(std::string_view key, std::size_t max_length) {
  const auto* value = find(key);
  if (!value) return std::nullopt;
  if (!value->is_string()) {
    error(key, fmt::format("must be text, is {}{}", shown(*value), value->is_structured() ? "" : "; put it in quotes"));
    return std::nullopt;
  }
  if (value->get_string().size() > max_length) {
    error(key, fmt::format("is {} bytes long; at most {} are accepted", value->get_string().size(), max_length));
    return std::nullopt;
  }
  return std::string(value->get_string());
}

std::optional<std::string> Fields::name(std::string_view key) {
  auto value = text(key, 64);
  if (!value) return std::nullopt;
  if (valid_name(*value)) return value;
  error(key, fmt::format("{} is not a name; use 1 to 64 letters, digits, '_', '.' or '-', beginning with a letter or digit",
                         shown(boost::json::string(*value))));
  return std::nullopt;
}

std::optional<std::uint64_t> Fields::number(std::string_view key, Limits64 limits) {
  const auto* value = find(key);
  if (!value) return std::nullopt;
  const auto number = integer_of(*value);
  if (!number) {
    error(key, fmt::format("must be a whole number from 0 to 2^64-1, or one as text such as \"0x40004400\"; is {}", shown(*value)));
  } else if (*number < limits.low || *number > limits.high) {
    error(key, fmt::format("must be from {} to {}, is {}", limits.low, limits.high, *number));
    return std::nullopt;
  }
  return number;
}

std::optional<std::uint64_t> Fields::size(std::string_view key) {
  const auto* value = find(key);
  if (!value) return std::nullopt;
  auto number = integer_of(*value);
  if (!number && value->is_string()) number = size_of(std::string_view(value->get_string()));
  if (!number)
    error(key, fmt::format("must be a size in bytes such as 65536, \"0x10000\" or \"64K\" (K, M, G: KiB, MiB, GiB); is {}",
                           shown(*value)));
  else if (*number == 0) error(key, "must not be 0");
  else return number;
  return std::nullopt;
}

std::optional<bool> Fields::boolean(std::string_view key) {
  const auto* value = find(key);
  if (!value) return std::nullopt;
  if (value->is_bool()) return value->get_bool();
  error(key, fmt::format("must be true or false, is {}", shown(*value)));
  return std::nullopt;
}

const boost::json::object* Fields::object(std::string_view key) {
  const auto* value = find(key);
  if (!value) return nullptr;
  if (value->is_object()) return &value->get_object();
  error(key, fmt::format("must be an object with fields, is {}", shown(*value)));
  return nullptr;
}

const boost::json::array* Fields::array(std::string_view key, std::size_t max_items) {
  const auto* value = find(key);
  if (!value) return nullptr;
  if (!value->is_array()) {
    error(key, fmt::format("must be a list, is {}", shown(*value)));
    return nullptr;
  }
  if (value->get_array().size() > max_items) {
    error(key, fmt::format("has {} entries; at most {} are accepted", value->get_array().size(), max_items));
    return nullptr;
  }
  return &value->get_array();
}

}  // namespace virserver::board
