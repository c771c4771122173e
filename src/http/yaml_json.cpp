#include <yaml-cpp/yaml.h>

#include <charconv>
#include <stdexcept>

#include "http/contract.hpp"

namespace virserver::http {
namespace {

boost::json::value scalar(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return boost::json::string(text);  // quoted or block text
  if (text == "true") return true;
  if (text == "false") return false;
  if (text == "null" || text == "~" || text.empty()) return nullptr;
  const char* end = text.data() + text.size();
  std::int64_t integer = 0;
  if (auto [rest, ec] = std::from_chars(text.data(), end, integer); ec == std::errc() && rest == end) return integer;
  const bool numeric = text[0] == '-' || (text[0] >= '0' && text[0] <= '9');
  double number = 0;
  if (auto [rest, ec] = std::from_chars(text.data(), end, number); numeric && ec == std::errc() && rest == end) return number;
  return boost::json::string(text);
}

boost::json::value convert(const YAML::Node& node, int depth) {
  if (depth > 64) throw std::runtime_error("the document is nested too deeply");
  switch (node.Type()) {
    case YAML::NodeType::Map: {
      boost::json::object result;
      for (const auto& entry : node) {
        const std::string& key = entry.first.Scalar();
        if (result.contains(key))
          throw std::runtime_error(fmt::format("line {}: the key \"{}\" appears twice", entry.first.Mark().line + 1, key));
        result[key] = convert(entry.second, depth + 1);
      }
      return result;
    }
    case YAML::NodeType::Sequence: {
      boost::json::array result;
      for (const auto& item : node) result.push_back(convert(item, depth + 1));
      return result;
    }
    case YAML::NodeType::Scalar: return scalar(node);
    default: return nullptr;
  }
}

}  // namespace

boost::json::value yaml_to_json(const std::string& yaml) { return convert(YAML::Load(yaml), 0); }

}  // namespace virserver::http
