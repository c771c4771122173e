#include "image/region_builder.hpp"

#include <algorithm>
#include <utility>

namespace virserver::image {

Result<> RegionBuilder::add(std::uint64_t address, std::span<const std::byte> bytes) {
  if (bytes.empty()) return {};
  if (bytes.size() > max_bytes_ - total_)
    return fail(ErrorCode::IMAGE_TOO_LARGE, "the image has more than {} bytes to load, the limit of this server", max_bytes_);
  total_ += bytes.size();
  // The last byte's neighbour, not the end: the end of a piece at the top of memory would wrap to 0.
  const bool follows = !pieces_.empty() && address != 0 &&
                       address - 1 == pieces_.back().address + (pieces_.back().bytes.size() - 1);
  if (!follows) {
    if (pieces_.size() == max_pieces)
      return fail(ErrorCode::IMAGE_TOO_LARGE, "the image has more than {} separate pieces", max_pieces);
    pieces_.emplace_back().address = address;
  }
  Bytes& target = pieces_.back().bytes;
  target.insert(target.end(), bytes.begin(), bytes.end());
  return {};
}

Result<std::vector<Region>> RegionBuilder::finish() && {
  std::ranges::sort(pieces_, {}, &Region::address);
  std::vector<Region> regions;
  for (Region& piece : pieces_) {
    Region* const last = regions.empty() ? nullptr : &regions.back();
    const std::uint64_t distance = last ? piece.address - last->address : 0;
    if (!last || distance > last->bytes.size()) {
      regions.push_back(std::move(piece));
      continue;
    }
    const std::size_t common = std::min<std::size_t>(last->bytes.size() - distance, piece.bytes.size());
    const auto there = std::span(last->bytes).subspan(distance, common);
    const auto difference = std::ranges::mismatch(there, std::span(piece.bytes).first(common)).in1 - there.begin();
    if (static_cast<std::size_t>(difference) != common) {
      const std::string where = hex_address(piece.address + static_cast<std::size_t>(difference));
      Error error{ErrorCode::IMAGE_OVERLAP, fmt::format("two parts of the image put different bytes at {}", where)};
      error.details["address"] = where;
      return fail(std::move(error));
    }
    last->bytes.insert(last->bytes.end(), piece.bytes.begin() + static_cast<std::ptrdiff_t>(common), piece.bytes.end());
  }
  pieces_.clear();
  return regions;
}

}  // namespace virserver::image
