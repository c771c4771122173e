#include "cli/json_text.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>

namespace virserver::cli {
namespace {

namespace json = boost::json;
constexpr std::size_t short_line = 80;

void write(std::string& out, const json::value& value, std::size_t indent) {
  const std::string inner(indent + 2, ' ');
  if (const auto* object = value.if_object(); object && !object->empty()) {
    const char* separator = "{\n";
    for (const auto& [key, member] : *object) {
      out += separator + inner + json::serialize(json::string(key)) + ": ";
      write(out, member, indent + 2);
      separator = ",\n";
    }
    out += "\n" + std::string(indent, ' ') + "}";
    return;
  }
  const auto* array = value.if_array();
  const bool plain = !array || std::ranges::none_of(*array, [](const json::value& each) { return each.is_structured(); });
  if (const std::string line = json::serialize(value); plain && (!array || line.size() <= short_line)) {
    out += line;
    return;
  }
  const char* separator = "[\n";
  for (const json::value& item : *array) {
    out += separator + inner;
    write(out, item, indent + 2);
    separator = ",\n";
  }
  out += "\n" + std::string(indent, ' ') + "]";
}

}  // namespace

std::string pretty(const json::value& value) {
  std::string out;
  write(out, value, 0);
  return out + "\n";
}

}  // namespace virserver::cli
