// Inside the image library: pieces in any order become sorted, merged regions.
#pragma once
#include <span>
#include <vector>

#include "image/image.hpp"

namespace virserver::image {

class RegionBuilder {
 public:
  explicit RegionBuilder(std::uint64_t max_bytes) : max_bytes_(max_bytes) {}

  // `address` + size must not pass 2^64. Error: IMAGE_TOO_LARGE.
  Result<> add(std::uint64_t address, std::span<const std::byte> bytes);

  // Pieces that touch become one region; bytes given twice must be equal. Error: IMAGE_OVERLAP (details: address).
  Result<std::vector<Region>> finish() &&;

 private:
  static constexpr std::size_t max_pieces = 1u << 20;  // bounds the memory for a HEX file of scattered bytes

  std::uint64_t max_bytes_;
  std::uint64_t total_ = 0;
  std::vector<Region> pieces_;
};

}  // namespace virserver::image
