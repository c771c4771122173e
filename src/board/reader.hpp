// Reads the fields of JSON objects and collects every mistake with its place. Internal to the folder.
#pragma once
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "board/parse.hpp"

namespace virserver::board {

class Problems {
 public:
  explicit Problems(const Document* document) : document_(document) {}

  // `at_key`: the field's name is wrong, not its value.
  void add(const std::string& pointer, std::string message, std::vector<std::string> suggestions = {}, bool at_key = false);
  bool empty() const { return count_ == 0; }
  std::size_t count() const { return count_; }
  Error error() const;

 private:
  const Document* document_;
  boost::json::array errors_;
  std::string first_;
  std::size_t count_ = 0;
};

struct Limits64 {
  std::uint64_t low = 0, high = UINT64_MAX;
};

// A value as messages show it: shortened, quoted.
std::string shown(const boost::json::value& value);

// The fields of one object. `null` counts as absent everywhere. Getters report a wrong type and return nothing.
class Fields {
 public:
  Fields(Problems& problems, std::string pointer, const boost::json::value& value, std::span<const std::string_view> known);

  explicit operator bool() const { return object_ != nullptr; }
  const std::string& pointer() const { return pointer_; }
  std::string at(std::string_view key) const;
  const boost::json::value* find(std::string_view key) const;

  std::optional<std::string> text(std::string_view key, std::size_t max_length);
  // 1-64 characters: letters, digits, '_', '.', '-', the first a letter or digit.
  std::optional<std::string> name(std::string_view key);
  std::optional<std::uint64_t> number(std::string_view key, Limits64 limits = {});
  std::optional<std::uint64_t> size(std::string_view key);  // also "64K", "1MiB"
  std::optional<bool> boolean(std::string_view key);
  const boost::json::object* object(std::string_view key);
  const boost::json::array* array(std::string_view key, std::size_t max_items);
  void error(std::string_view key, std::string message, std::vector<std::string> suggestions = {});
  void required(std::string_view key);

 private:
  Problems* problems_;
  std::string pointer_;
  const boost::json::object* object_ = nullptr;
};

bool valid_name(std::string_view text);
std::optional<std::uint64_t> integer_of(const boost::json::value& value);  // also "0x..." and decimal text

// Parts of a board (parse_parts.cpp, parse_node.cpp).
Node parse_node(Problems& problems, const std::string& pointer, const boost::json::value& value, std::size_t index);
boost::json::object parse_targets(Problems& problems, const std::string& pointer, const boost::json::value& value);
void parse_consoles(Problems& problems, Fields& fields, Node& node);
void parse_register_models(Problems& problems, Fields& fields, Node& node);
void check_interconnect(Problems& problems, const boost::json::value& value, const std::vector<Node>& nodes);
void check_boot(Problems& problems, const boost::json::value& value);
Resources parse_resources(Problems& problems, const boost::json::value& value);

}  // namespace virserver::board
