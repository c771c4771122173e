#include "backend/guest_text.hpp"

namespace virserver::backend {
namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }
bool hex_digit(char c) { return digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool part_of_name(char c) { return digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

}  // namespace

std::string printable(std::string_view text, std::size_t most) {
  std::string out(text.substr(0, most));
  for (char& c : out)
    if (c < ' ' || c > '~') c = '?';
  return out;
}

std::string without_numbers(std::string_view text, std::size_t most) {
  std::string out;
  for (std::size_t i = 0; i < text.size() && out.size() < most;) {
    const bool fresh = i == 0 || !part_of_name(text[i - 1]);
    const bool hex = text.substr(i).starts_with("0x");
    if (fresh && (digit(text[i]) || hex)) {
      i += hex ? 2 : 0;
      while (i < text.size() && hex_digit(text[i])) ++i;
      out += '#';
    } else {
      out += text[i++];
    }
  }
  return out;
}

}  // namespace virserver::backend
