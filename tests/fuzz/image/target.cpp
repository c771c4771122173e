// Any bytes at all, as whatever format they look like and as each format by force.
#include <cstdint>
#include <cstdlib>

#include "image/hints.hpp"

namespace {

void check(std::span<const std::byte> content, const virserver::image::Options& options) {
  const auto image = virserver::image::parse(content, options);
  if (!image) {
    if (image.error().message.empty()) std::abort();
    return;
  }
  // The promises of image.hpp: sorted, apart from each other, not empty, within the limit.
  std::uint64_t total = 0;
  const virserver::image::Region* last = nullptr;
  if (image->regions.empty()) std::abort();
  for (const auto& region : image->regions) {
    if (region.bytes.empty()) std::abort();
    if (last && (region.address <= last->address || region.address - last->address <= last->bytes.size())) std::abort();
    total += region.bytes.size();
    last = &region;
  }
  if (total > options.max_bytes || image->metadata.memory_size == 0) std::abort();
  const auto hints = virserver::image::read_hints(content, *image);
  if (hints.words.size() > 4096 || hints.handlers.size() > 512 || hints.arm_processor.size() > 64) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using virserver::image::Format;
  const auto content = std::as_bytes(std::span(data, size));
  check(content, {.max_bytes = 1u << 20});
  check(content, {.format = Format::elf, .max_bytes = 1u << 20});
  check(content, {.format = Format::hex, .max_bytes = 1u << 20});
  check(content, {.format = Format::bin, .load_address = 0x1000, .max_bytes = 1u << 20});
  return 0;
}
