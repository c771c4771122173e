// Numbers and bytes as text.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace virserver {

using Bytes = std::vector<std::byte>;

inline std::span<const std::byte> as_bytes(std::string_view text) { return std::as_bytes(std::span(text)); }
inline std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string hex_address(std::uint64_t value);  // "0x08000000": at least eight digits

// Decimal, or hexadecimal with 0x; underscores between digits are allowed. The whole text must be a number.
std::optional<std::uint64_t> parse_u64(std::string_view text);

std::string to_hex(std::span<const std::byte> bytes);  // lower case, no separators
std::string to_base64(std::span<const std::byte> bytes);
std::optional<Bytes> from_base64(std::string_view text);

// Length of the longest prefix of `text` that is valid UTF-8. `incomplete` (if given) is set when what follows is the
// beginning of a valid character that is cut off, as opposed to a byte that cannot be UTF-8.
std::size_t valid_utf8_prefix(std::string_view text, bool* incomplete = nullptr);
inline bool is_utf8(std::string_view text) { return valid_utf8_prefix(text) == text.size(); }

// For "did you mean": offers the closest of `candidates`, best first, at most `count`.
std::vector<std::string> nearest(std::string_view name, std::span<const std::string> candidates, std::size_t count = 3);

}  // namespace virserver
