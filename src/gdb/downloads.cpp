#include "gdb/downloads.hpp"

#include <algorithm>
#include <iterator>

namespace virserver::gdb {

void Downloads::start(std::vector<MemoryRange> images) {
  images_ = std::move(images);
  written_.clear();
}

void Downloads::written(std::uint64_t address, const Bytes& bytes) {
  for (const MemoryRange& image : images_) {
    // As offsets into what is written: nothing overflows at the end of the address space.
    const std::uint64_t skip = image.address > address ? image.address - address : 0;
    const std::uint64_t into = address > image.address ? address - image.address : 0;
    if (skip >= bytes.size() || into >= image.size) continue;
    const auto size = std::min<std::uint64_t>(bytes.size() - skip, image.size - into);
    const auto first = bytes.begin() + static_cast<std::ptrdiff_t>(skip);
    keep(address + skip, Bytes(first, first + static_cast<std::ptrdiff_t>(size)));
  }
}

// One piece of all pieces that overlap the new one or touch it.
void Downloads::keep(std::uint64_t address, Bytes bytes) {
  const std::uint64_t end = address + bytes.size();
  auto piece = written_.upper_bound(address);
  if (piece != written_.begin() && std::prev(piece)->first + std::prev(piece)->second.size() >= address) --piece;
  if (piece != written_.end() && piece->first <= address) {  // the usual case: a download goes on
    Bytes& before = piece->second;
    const auto at = static_cast<std::size_t>(address - piece->first);
    if (before.size() < at + bytes.size()) before.resize(at + bytes.size());
    std::ranges::copy(bytes, before.begin() + static_cast<std::ptrdiff_t>(at));
  } else {
    piece = written_.emplace(address, std::move(bytes)).first;
  }
  Bytes& whole = piece->second;
  for (auto next = std::next(piece); next != written_.end() && next->first <= end; next = written_.erase(next)) {
    const std::uint64_t covered = std::min<std::uint64_t>(end - next->first, next->second.size());
    if (next->first + covered > piece->first + whole.size()) continue;
    whole.insert(whole.end(), next->second.begin() + static_cast<std::ptrdiff_t>(covered), next->second.end());
  }
}

}  // namespace virserver::gdb
