#include "board/yaml_text.hpp"

#include <boost/json.hpp>

#include <algorithm>

#include "base/bytes.hpp"

namespace virserver::board {
namespace {
namespace json = boost::json;

// Text that YAML readers of every version take as text when it stands without quotes.
bool plain(std::string_view text) {
  static constexpr std::string_view words[] = {"true", "false", "yes", "no", "on", "off", "null", "y", "n", "inf", "nan"};
  if (text.empty() || text.size() > 80 || text.back() == ' ') return false;
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (!letter(text.front())) return false;
  if (!std::ranges::all_of(text, [&](char c) { return letter(c) || (c >= '0' && c <= '9') || std::string_view(" _-+./()").contains(c); })) return false;
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return std::ranges::find(words, lower) == std::end(words);
}

std::string scalar(std::string_view key, const json::value& value) {
  if (const auto* text = value.if_string()) {
    const std::string_view view = *text;
    if (key == "address" && view.starts_with("0x") && parse_u64(view)) return std::string(view);
    return plain(view) ? std::string(view) : json::serialize(value);
  }
  const bool address = key == "reset_address" || key == "vector_table" || key == "base";
  if (value.is_number() && address) return hex_address(value.to_number<std::uint64_t>());
  if (value.is_number() && key == "size") {
    const auto size = value.to_number<std::uint64_t>();
    if (size >= 1u << 20 && size % (1u << 20) == 0) return fmt::format("{}M", size >> 20);
    if (size >= 1024 && size % 1024 == 0) return fmt::format("{}K", size >> 10);
  }
  return json::serialize(value);
}

std::string flow(std::string_view key, const json::value& value) {
  std::string out;
  if (const auto* object = value.if_object()) {
    for (const auto& [name, member] : *object)
      out += fmt::format("{}{}: {}", out.empty() ? "" : ", ", plain(name) ? std::string(name) : json::serialize(json::value(name)), flow(name, member));
    return object->empty() ? "{}" : "{ " + out + " }";
  }
  if (const auto* array = value.if_array()) {
    for (const auto& item : *array) out += (out.empty() ? "" : ", ") + flow(key, item);
    return "[" + out + "]";
  }
  return scalar(key, value);
}

// In block style down to the things of a node; each of those is a line.
void block(std::string& out, const json::object& object, std::size_t indent, bool first_is_placed) {
  for (const auto& [name, value] : object) {
    if (!std::exchange(first_is_placed, false)) out.append(indent, ' ');
    out += std::string(name) + ":";
    const auto* array = value.if_array();
    const bool list = array && !array->empty() && array->front().is_object();
    if (!list) {
      out += " " + flow(name, value) + "\n";
      continue;
    }
    out += "\n";
    for (const auto& item : *array) {
      out.append(indent + 2, ' ').append("- ");
      if (name == "nodes") block(out, item.get_object(), indent + 4, true);
      else out += flow(name, item) + "\n";
    }
  }
}

}  // namespace

std::string to_yaml(const Board& board, const std::vector<std::string>& comments) {
  std::string out;
  for (std::string line : comments) {
    std::ranges::replace_if(line, [](unsigned char c) { return c < ' ' || c == 0x7f; }, ' ');
    out += "# " + line + "\n";
  }
  json::object document{{"schema", 1}};
  for (auto& [name, value] : to_json(board)) document[name] = value;
  block(out, document, 0, false);
  return out;
}

}  // namespace virserver::board
