#include "http/references.hpp"

#include <boost/json.hpp>

#include <charconv>
#include <stdexcept>

namespace virserver::http {

using boost::json::value;

std::string escape_pointer(std::string_view token) {
  std::string result;
  for (const char c : token) {
    if (c == '~') result += "~0";
    else if (c == '/') result += "~1";
    else result += c;
  }
  return result;
}

const value* find_pointer(const value& document, std::string_view pointer) {
  const value* at = &document;
  while (!pointer.empty()) {
    if (pointer[0] != '/') return nullptr;
    pointer.remove_prefix(1);
    const std::string_view raw = pointer.substr(0, pointer.find('/'));
    pointer.remove_prefix(raw.size());
    std::string token;
    for (std::size_t i = 0; i < raw.size(); ++i) {
      if (raw[i] == '~' && i + 1 < raw.size()) token += raw[++i] == '1' ? '/' : '~';
      else token += raw[i];
    }
    if (at->is_object()) {
      at = at->get_object().if_contains(token);
    } else if (at->is_array()) {
      std::size_t index = 0;
      const auto [end, ec] = std::from_chars(token.data(), token.data() + token.size(), index);
      at = ec == std::errc() && end == token.data() + token.size() ? at->get_array().if_contains(index) : nullptr;
    } else {
      return nullptr;
    }
    if (!at) return nullptr;
  }
  return at;
}

const value* try_resolve(const value& document, const value& item) {
  const value* at = &item;
  for (int hops = 0; hops < 16; ++hops) {
    if (!at->is_object()) return at;
    const value* reference = at->get_object().if_contains("$ref");
    if (!reference) return at;
    if (!reference->is_string() || !reference->get_string().starts_with("#/")) return nullptr;
    at = find_pointer(document, std::string_view(reference->get_string()).substr(1));
    if (!at) return nullptr;
  }
  return nullptr;
}

value inline_references(const value& document, const value& schema, int depth) {
  if (depth > 32) throw std::runtime_error("a schema of the contract refers to itself");
  const value* target = try_resolve(document, schema);
  if (!target) throw std::runtime_error("a $ref of the contract points nowhere");
  if (!target->is_object()) return *target;
  boost::json::object result;
  for (const auto& [key, member] : target->get_object()) {
    if (key == "description" || key == "example" || key == "examples" || key == "title" || key == "format" || key == "default")
      continue;
    if (key == "properties") {
      boost::json::object properties;
      for (const auto& [name, child] : member.get_object()) properties[name] = inline_references(document, child, depth + 1);
      result[key] = std::move(properties);
    } else if (key == "items" || (key == "additionalProperties" && member.is_object())) {
      result[key] = inline_references(document, member, depth + 1);
    } else if (key == "oneOf" || key == "anyOf") {
      boost::json::array choices;
      for (const value& child : member.get_array()) choices.push_back(inline_references(document, child, depth + 1));
      result[key] = std::move(choices);
    } else {
      result[key] = member;
    }
  }
  return result;
}

}  // namespace virserver::http
