#include <algorithm>
#include <string_view>

#include "image/formats.hpp"

namespace virserver::image {
namespace {

// Reads from the front; after the first bad read everything fails.
class Reader {
 public:
  Reader(std::span<const std::byte> bytes, bool big_endian) : bytes_(bytes), big_endian_(big_endian) {}

  bool done() const { return bytes_.empty(); }
  std::span<const std::byte> take(std::size_t count) {
    if (count > bytes_.size()) {
      bytes_ = {};
      failed_ = true;
      return {};
    }
    const auto taken = bytes_.first(count);
    bytes_ = bytes_.subspan(count);
    return taken;
  }
  std::uint32_t u32() {
    std::uint32_t value = 0;
    const auto bytes = take(4);
    for (std::size_t i = 0; i < bytes.size(); ++i)
      value |= std::to_integer<std::uint32_t>(bytes[i]) << 8 * (big_endian_ ? 3 - i : i);
    return value;
  }
  std::uint64_t uleb128() {
    std::uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      const auto byte = take(1);
      if (byte.empty()) return 0;
      if (shift < 64) value |= std::to_integer<std::uint64_t>(byte[0] & std::byte{0x7f}) << shift;
      if ((byte[0] & std::byte{0x80}) == std::byte{}) return value;
    }
  }
  std::string_view string() {
    const auto end = std::ranges::find(bytes_, std::byte{});
    const auto text = as_text(take(static_cast<std::size_t>(end - bytes_.begin())));
    take(1);
    return text;
  }
  bool failed() const { return failed_; }

 private:
  std::span<const std::byte> bytes_;
  bool big_endian_;
  bool failed_ = false;
};

enum Tag : std::uint64_t { file = 1, cpu_raw_name = 4, cpu_name = 5, cpu_arch = 6, cpu_arch_profile = 7, compatibility = 32 };

std::optional<char> profile_of_architecture(std::uint64_t value) {
  switch (value) {
    case 11: case 12: case 13: case 16: case 17: case 21: return 'M';  // v6-M, v6S-M, v7E-M, v8-M, v8.1-M
    case 14: case 22: return 'A';                                      // v8-A, v9-A
    case 15: return 'R';
    default: return std::nullopt;
  }
}

ArmAttributes attributes_of_file(Reader reader) {
  ArmAttributes found;
  std::optional<char> by_architecture, by_profile;
  while (!reader.done()) {
    const std::uint64_t tag = reader.uleb128();
    if (tag == compatibility) {
      reader.uleb128();
      reader.string();
    } else if (tag == cpu_name) {
      for (const char c : reader.string().substr(0, 64)) found.processor += c >= ' ' && c <= '~' ? c : '?';
    } else if (tag == cpu_raw_name || (tag > compatibility && tag % 2 == 1)) {
      reader.string();
    } else {
      const std::uint64_t value = reader.uleb128();
      if (reader.failed()) break;
      if (tag == cpu_arch) by_architecture = profile_of_architecture(value);
      if (tag == cpu_arch && value < 256) found.architecture = static_cast<unsigned>(value);
      if (tag == cpu_arch_profile && (value == 'A' || value == 'R' || value == 'M')) by_profile = static_cast<char>(value);
    }
  }
  found.profile = by_profile ? by_profile : by_architecture;
  return found;
}

}  // namespace

ArmAttributes arm_attributes(std::span<const std::byte> attributes, bool big_endian) {
  Reader reader(attributes, big_endian);
  if (as_text(reader.take(1)) != "A") return {};
  while (!reader.done()) {
    const std::uint32_t length = reader.u32();
    if (length < 4) return {};
    Reader vendor(reader.take(length - 4), big_endian);
    if (vendor.string() != "aeabi") continue;
    while (!vendor.done()) {
      // The length counts the tag and itself; the tag of a file, section or symbol is one byte.
      const std::uint64_t tag = vendor.uleb128();
      const std::uint32_t size = vendor.u32();
      if (size < 5) return {};
      Reader content(vendor.take(size - 5), big_endian);
      if (tag == file) return attributes_of_file(content);
    }
  }
  return {};
}

}  // namespace virserver::image
