// Inside the image library: one parser a format, each for content that is not empty.
#pragma once
#include <optional>
#include <span>

#include "image/image.hpp"

namespace virserver::image {

// Does not write to `content`, although libelf wants a pointer to bytes that may change.
Result<Image> parse_elf(std::span<const std::byte> content, const Options& options);
Result<Image> parse_hex(std::span<const std::byte> content, const Options& options);

// The content of an .ARM.attributes section ("Addenda to the ABI for the Arm Architecture"); members are left out where
// it does not say or is damaged.
struct ArmAttributes {
  std::optional<char> profile;            // 'A', 'R', 'M'
  std::optional<unsigned> architecture;   // Tag_CPU_arch
  std::string processor;                  // Tag_CPU_name, printable, at most 64 characters
};
ArmAttributes arm_attributes(std::span<const std::byte> attributes, bool big_endian);

}  // namespace virserver::image
