#include <algorithm>
#include <string_view>

#include "image/byte_reader.hpp"
#include "image/formats.hpp"

namespace virserver::image {
namespace {

enum Tag : std::uint64_t { file = 1, cpu_raw_name = 4, cpu_name = 5, cpu_arch = 6, cpu_arch_profile = 7, compatibility = 32 };

std::optional<char> profile_of_architecture(std::uint64_t value) {
  switch (value) {
    case 11: case 12: case 13: case 16: case 17: case 21: return 'M';  // v6-M, v6S-M, v7E-M, v8-M, v8.1-M
    case 14: case 22: return 'A';                                      // v8-A, v9-A
    case 15: return 'R';
    default: return std::nullopt;
  }
}

ArmAttributes attributes_of_file(ByteReader reader) {
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
  ByteReader reader(attributes, big_endian);
  if (as_text(reader.take(1)) != "A") return {};
  while (!reader.done()) {
    const std::uint32_t length = reader.u32();
    if (length < 4) return {};
    ByteReader vendor(reader.take(length - 4), big_endian);
    if (vendor.string() != "aeabi") continue;
    while (!vendor.done()) {
      // The length counts the tag and itself; the tag of a file, section or symbol is one byte.
      const std::uint64_t tag = vendor.uleb128();
      const std::uint32_t size = vendor.u32();
      if (size < 5) return {};
      ByteReader content(vendor.take(size - 5), big_endian);
      if (tag == file) return attributes_of_file(content);
    }
  }
  return {};
}

}  // namespace virserver::image
