// Inside the image library: one parser a format, each for content that is not empty.
#pragma once
#include <optional>
#include <span>

#include "image/image.hpp"

namespace virserver::image {

// Does not write to `content`, although libelf wants a pointer to bytes that may change.
Result<Image> parse_elf(std::span<const std::byte> content, const Options& options);
Result<Image> parse_hex(std::span<const std::byte> content, const Options& options);

// The profile in the content of an .ARM.attributes section ("Addenda to the ABI for the Arm Architecture"): 'A', 'R',
// 'M', or nothing where it does not say or is damaged.
std::optional<char> arm_profile(std::span<const std::byte> attributes, bool big_endian);

}  // namespace virserver::image
