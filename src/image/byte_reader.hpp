// Inside the image library: reads bytes from the front, within bounds. After the first bad read everything fails.
#pragma once
#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/bytes.hpp"

namespace virserver::image {

class ByteReader {
 public:
  ByteReader(std::span<const std::byte> bytes, bool big_endian) : bytes_(bytes), total_(bytes.size()), big_endian_(big_endian) {}

  bool done() const { return bytes_.empty(); }
  bool failed() const { return failed_; }
  void fail() {
    bytes_ = {};
    failed_ = true;
  }
  std::size_t left() const { return bytes_.size(); }
  std::size_t position() const { return total_ - bytes_.size(); }
  std::span<const std::byte> rest() const { return bytes_; }

  std::span<const std::byte> take(std::uint64_t count) {
    if (count > bytes_.size()) {
      fail();
      return {};
    }
    const auto taken = bytes_.first(static_cast<std::size_t>(count));
    bytes_ = bytes_.subspan(static_cast<std::size_t>(count));
    return taken;
  }
  ByteReader sub(std::uint64_t count) { return {take(count), big_endian_}; }

  // `size` is 0 to 8.
  std::uint64_t unsigned_of(std::size_t size) {
    std::uint64_t value = 0;
    const auto bytes = take(size);
    for (std::size_t i = 0; i < bytes.size(); ++i)
      value |= std::to_integer<std::uint64_t>(bytes[i]) << 8 * (big_endian_ ? bytes.size() - 1 - i : i);
    return value;
  }
  std::uint8_t u8() { return static_cast<std::uint8_t>(unsigned_of(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(unsigned_of(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(unsigned_of(4)); }
  std::uint64_t u64() { return unsigned_of(8); }

  std::uint64_t uleb128() {
    std::uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      const auto byte = take(1);
      if (byte.empty()) return 0;
      if (shift < 64) value |= std::to_integer<std::uint64_t>(byte[0] & std::byte{0x7f}) << shift;
      if ((byte[0] & std::byte{0x80}) == std::byte{}) return value;
    }
  }
  std::int64_t sleb128() {
    std::uint64_t value = 0;
    for (unsigned shift = 0;;) {
      const auto byte = take(1);
      if (byte.empty()) return 0;
      if (shift < 64) value |= std::to_integer<std::uint64_t>(byte[0] & std::byte{0x7f}) << shift;
      shift += 7;
      if ((byte[0] & std::byte{0x80}) != std::byte{}) continue;
      if (shift < 64 && (byte[0] & std::byte{0x40}) != std::byte{}) value |= ~std::uint64_t{0} << shift;
      return static_cast<std::int64_t>(value);
    }
  }
  // Up to a zero byte or the end.
  std::string_view string() {
    const auto end = std::ranges::find(bytes_, std::byte{});
    const auto text = as_text(take(static_cast<std::size_t>(end - bytes_.begin())));
    take(1);
    return text;
  }

 private:
  std::span<const std::byte> bytes_;
  std::size_t total_;
  bool big_endian_;
  bool failed_ = false;
};

}  // namespace virserver::image
