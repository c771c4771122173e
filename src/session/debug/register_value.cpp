#include "session/debug/register_value.hpp"

#include <algorithm>

namespace virserver::session {
namespace {

std::unexpected<Error> too_wide(std::string_view name, unsigned bits) {
  return fail(ErrorCode::INVALID_REQUEST, "the value does not fit into {}, which has {} bits", name, bits);
}

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<Bytes> from_number(std::uint64_t magnitude, bool negative, unsigned bits, std::string_view name) {
  const std::uint64_t limit = negative ? std::uint64_t{1} << (std::min(bits, 64u) - 1) : bits >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
  if (magnitude > limit) return too_wide(name, bits);
  const std::uint64_t low = negative ? ~magnitude + 1 : magnitude;
  Bytes bytes(bits / 8, negative ? std::byte{0xff} : std::byte{0});
  for (std::size_t i = 0; i < std::min<std::size_t>(8, bytes.size()); ++i) bytes[bytes.size() - 1 - i] = static_cast<std::byte>(low >> (8 * i));
  return bytes;
}

}  // namespace

Bytes most_significant_first(Bytes value, bool big_endian) {
  if (!big_endian) std::ranges::reverse(value);
  return value;
}

Result<Bytes> register_bytes(const boost::json::value& value, unsigned bits, std::string_view name) {
  if (bits == 0 || bits % 8 != 0) return fail(ErrorCode::REGISTER_UNAVAILABLE, "{} cannot be written", name);
  if (const auto* number = value.if_uint64()) return from_number(*number, false, bits, name);
  if (const auto* number = value.if_int64()) {
    const bool negative = *number < 0;
    return from_number(negative ? ~static_cast<std::uint64_t>(*number) + 1 : static_cast<std::uint64_t>(*number), negative, bits, name);
  }
  const auto* text = value.if_string();
  if (!text) return fail(ErrorCode::INVALID_REQUEST, "the value of {} is no integer and no \"0x...\" string", name);
  std::string_view digits(*text);
  if (!digits.starts_with("0x") && !digits.starts_with("0X")) {
    const bool negative = digits.starts_with('-');
    if (const auto number = parse_u64(digits.substr(negative ? 1 : 0))) return from_number(*number, negative, bits, name);
    return fail(ErrorCode::INVALID_REQUEST, "'{}' is no value for {}: write an integer or a \"0x...\" string", digits.substr(0, 80), name);
  }
  digits.remove_prefix(2);
  if (digits.empty() || std::ranges::any_of(digits, [](char c) { return digit(c) < 0; }))
    return fail(ErrorCode::INVALID_REQUEST, "'{}' is no hexadecimal number", std::string_view(*text).substr(0, 80));
  Bytes bytes(bits / 8, std::byte{0});
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const int nibble = digit(digits[digits.size() - 1 - i]);
    if (i / 2 < bytes.size()) bytes[bytes.size() - 1 - i / 2] |= static_cast<std::byte>(nibble << (4 * (i % 2)));
    else if (nibble != 0) return too_wide(name, bits);
  }
  return bytes;
}

}  // namespace virserver::session
