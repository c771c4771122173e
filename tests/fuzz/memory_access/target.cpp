// A byte chooses the processor; what follows is code, decoded at each of its bytes.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "image/memory_access.hpp"

namespace {

void require(bool promise) {
  if (!promise) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace virserver;
  using namespace virserver::image;
  if (size < 1) return 0;
  constexpr Architecture processors[] = {Architecture::arm, Architecture::aarch64, Architecture::riscv32, Architecture::riscv64,
                                         Architecture::other};
  Code code{.architecture = processors[data[0] % 5], .thumb = (data[0] & 0x20) != 0, .big_endian = (data[0] & 0x40) != 0};
  for (std::size_t at = 1; at <= size; ++at) {
    // Of its own size, so that a byte read behind the end is seen.
    const std::vector<std::uint8_t> left(data + at, data + std::min(at + 4, size));
    code.bytes = std::as_bytes(std::span(left));
    code.address = 0x1000 + at;
    const auto access = decode_memory_access(code);
    if (!access) {
      require(!access.error().empty());
      continue;
    }
    require(access->length >= 2 && access->length <= left.size() && access->count >= 1 && access->count <= 16);
    require(access->size == 1 || access->size == 2 || access->size == 4 || access->size == 8);
    const auto limit = code.architecture == Architecture::arm ? 16 : 32;
    const auto resolved = resolve(*access, code, [&](RegisterNumber reg) {
      require(reg < limit);
      return 0x9e3779b97f4a7c15u * (reg + 1u);
    }, (data[0] & 0x80) != 0);
    require(resolved.transfers.size() == access->count);
    for (const auto& transfer : resolved.transfers) {
      require(transfer.load || transfer.store);
      require(transfer.reg == kNoRegister || transfer.reg < limit);
      (void)loaded(*access, transfer.value);
      (void)modified(*access, transfer.value, transfer.address, ~transfer.value);
    }
    for (const auto& write : resolved.writes) require(write.reg == kNoRegister || write.reg < limit);
  }
  return 0;
}
