#include "gdb/reply.hpp"

#include <algorithm>

#include "base/bytes.hpp"

namespace virserver::gdb {

std::string reason_of(std::string_view reply) {
  if (reply.empty()) return ": the emulator does not support it";
  if (!is_error(reply)) return {};
  const auto rest = reply.substr(1, 200);
  if (!rest.starts_with('.')) return ": the emulator answered error " + std::string(is_utf8(rest) ? rest : "");
  std::string text(rest.substr(1));
  std::replace_if(text.begin(), text.end(), [](unsigned char c) { return c < ' '; }, ' ');
  return ": " + text.substr(0, valid_utf8_prefix(text));
}

std::optional<std::string_view> find_feature(std::string_view features, std::string_view name) {
  while (!features.empty()) {
    const auto item = features.substr(0, features.find(';'));
    if (item.size() > name.size() && item.starts_with(name)) {
      if (item[name.size()] == '=') return item.substr(name.size() + 1);
      if (item.size() == name.size() + 1) return item.substr(name.size());
    }
    features.remove_prefix(std::min(features.size(), item.size() + 1));
  }
  return std::nullopt;
}

}  // namespace virserver::gdb
