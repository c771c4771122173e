#include "session/debug/location.hpp"

#include <algorithm>
#include <limits>

#include "base/bytes.hpp"

namespace virserver::session {
namespace {

constexpr std::size_t max_length = 1024;

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool has_controls(std::string_view text) {
  return std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

// "name+16" and "name - 0x10" are split; the sign of "operator+" is followed by no number and stays in the name.
SymbolLocation split_offset(std::string_view text) {
  const auto sign = text.find_last_of("+-");
  if (sign == text.npos || sign == 0) return {std::string(text), 0};
  const auto offset = parse_u64(trim(text.substr(sign + 1)));
  if (!offset || *offset > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return {std::string(text), 0};
  const auto distance = static_cast<std::int64_t>(*offset);
  return {std::string(trim(text.substr(0, sign))), text[sign] == '-' ? -distance : distance};
}

}  // namespace

Result<Location> parse_location(std::string_view text) {
  text = trim(text);
  if (text.empty()) return fail(ErrorCode::INVALID_REQUEST, "the location is empty; give an address, a symbol or file:line");
  if (text.size() > max_length || has_controls(text))
    return fail(ErrorCode::INVALID_REQUEST, "the location is longer than {} bytes or has control characters", max_length);

  const bool starred = text.front() == '*';
  const auto rest = trim(starred ? text.substr(1) : text);
  if (starred || (!rest.empty() && is_digit(rest.front()))) {
    // "8x2.c:5" is a file and begins with a digit too.
    if (const auto address = parse_u64(rest)) return AddressLocation{*address};
    if (starred || rest.find(':') == rest.npos)
      return fail(ErrorCode::INVALID_REQUEST, "'{}' is no address: a decimal number, or a hexadecimal one with 0x, of at most 64 bits", rest.substr(0, 80));
  }

  if (const auto colon = text.rfind(':'); colon != text.npos && colon + 1 < text.size() && is_digit(text[colon + 1])) {
    const auto file = trim(text.substr(0, colon));
    const auto line = parse_u64(text.substr(colon + 1));
    if (file.empty() || !line || *line == 0 || *line > std::numeric_limits<std::uint32_t>::max())
      return fail(ErrorCode::INVALID_REQUEST, "'{}' is no source line; write file:line, like main.c:42", text.substr(0, 80));
    return LineLocation{std::string(file), static_cast<std::uint32_t>(*line)};
  }
  auto symbol = split_offset(text);
  if (symbol.name.empty()) return fail(ErrorCode::INVALID_REQUEST, "the location '{}' has no symbol", text.substr(0, 80));
  return symbol;
}

}  // namespace virserver::session
