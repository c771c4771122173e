#include "backend/load_check.hpp"

#include <boost/json.hpp>

#include <algorithm>

#include "base/bytes.hpp"

namespace virserver::backend {

namespace json = boost::json;

namespace {

const MemoryRegion* region_at(const EnginePlan& plan, std::uint64_t address) {
  for (const auto& region : plan.memory)
    if (address >= region.address && address - region.address < region.size) return &region;
  return nullptr;
}

// The first address of [address, address + size) that is no memory.
std::optional<std::uint64_t> first_gap(const EnginePlan& plan, std::uint64_t address, std::uint64_t size) {
  while (size > 0) {
    const auto* region = region_at(plan, address);
    if (!region) return address;
    const std::uint64_t step = std::min(size, region->size - (address - region->address));
    address += step;
    size -= step;
  }
  return std::nullopt;
}

json::array memory_json(const EnginePlan& plan) {
  json::array list;
  for (const auto& region : plan.memory)
    list.push_back({{"name", region.name}, {"address", hex_address(region.address)}, {"size", region.size}, {"writable", region.writable}});
  return list;
}

Result<void> check_architecture(const EnginePlan& plan, const LoadImage& image) {
  const auto& data = image.image->metadata;
  auto wrong = [&](std::string built, std::string has) -> Result<void> {
    Error error{ErrorCode::IMAGE_WRONG_ARCHITECTURE, fmt::format("{} is built for {}, the board has {}", image.name, built, has),
                {{"image", image.name}, {"built_for", built}, {"board", has}}};
    return std::unexpected(std::move(error));
  };
  if (data.architecture && *data.architecture != plan.architecture)
    return wrong(std::string(to_string(*data.architecture)), std::string(to_string(plan.architecture)));
  if (data.architecture && data.big_endian != plan.big_endian)
    return wrong(data.big_endian ? "big-endian code" : "little-endian code", plan.big_endian ? "a big-endian processor" : "a little-endian processor");
  if (data.arm_profile && plan.profile && (*data.arm_profile == 'M') != (plan.profile == 'M'))
    return wrong(fmt::format("the Arm {} profile", *data.arm_profile), fmt::format("a processor of the {} profile", plan.profile));
  return {};
}

std::optional<std::uint32_t> word_at(std::span<const LoadImage> images, std::uint64_t address, bool big_endian) {
  for (const auto& image : images)
    for (const auto& region : image.image->regions) {
      if (address < region.address || address - region.address > region.bytes.size() || region.bytes.size() - (address - region.address) < 4) continue;
      std::uint32_t word = 0;
      for (unsigned i = 0; i < 4; ++i) {
        const auto byte = static_cast<std::uint32_t>(region.bytes[address - region.address + i]);
        word |= byte << (big_endian ? 24 - 8 * i : 8 * i);
      }
      return word;
    }
  return std::nullopt;
}

// The vector table as the processor sees it: memory that appears twice (flash at 0 and at its own address) is one.
std::optional<std::uint64_t> table_address(const EnginePlan& plan, std::span<const LoadImage> images, std::uint64_t address) {
  if (word_at(images, address, plan.big_endian)) return address;
  const auto* seen = region_at(plan, address);
  if (!seen) return std::nullopt;
  for (const auto& other : plan.memory)
    if (&other != seen && other.name == seen->name && other.size == seen->size) {
      const auto alias = other.address + (address - seen->address);
      if (word_at(images, alias, plan.big_endian)) return alias;
    }
  return std::nullopt;
}

Result<void> check_vector_table(const EnginePlan& plan, std::span<const LoadImage> images) {
  const std::uint64_t wanted = vector_table(plan, images);
  auto bad = [&](std::string why) -> Result<void> {
    Error error{ErrorCode::IMAGE_BAD_VECTOR_TABLE,
                fmt::format("{}; the processor starts with the vector table at {}", why, hex_address(wanted)),
                {{"vector_table", hex_address(wanted)}, {"memory", memory_json(plan)}}};
    return std::unexpected(std::move(error));
  };
  const auto table = table_address(plan, images, wanted);
  if (!table) return bad("no image has bytes where the vector table must be");
  const auto stack = *word_at(images, *table, plan.big_endian);
  const auto reset = word_at(images, *table + 4, plan.big_endian);
  if (!reset) return bad("the image ends before the reset vector");
  const auto* ram = stack >= 4 ? region_at(plan, stack - 4) : nullptr;
  if (!ram || !ram->writable) return bad(fmt::format("the initial stack pointer {} is not in RAM", hex_address(stack)));
  if (!(*reset & 1)) return bad(fmt::format("the reset vector {} is not a Thumb address (its lowest bit is 0)", hex_address(*reset)));
  if (!region_at(plan, *reset & ~1u)) return bad(fmt::format("the reset vector {} points to no memory", hex_address(*reset)));
  return {};
}

}  // namespace

const LoadImage& starting_image(std::span<const LoadImage> images) {
  for (const char* role : {"bootloader", "application"})
    if (const auto found = std::ranges::find(images, role, &LoadImage::role); found != images.end()) return *found;
  return images.front();
}

std::uint64_t vector_table(const EnginePlan& plan, std::span<const LoadImage> images) {
  boost::system::error_code ec;
  if (const auto* known = plan.data.if_contains("vector_table")) return known->to_number<std::uint64_t>(ec);
  if (!plan.data.if_contains("vector_table_from_image")) return 0;
  if (images.empty()) {
    const auto flash = std::ranges::find(plan.memory, false, &MemoryRegion::writable);
    return flash == plan.memory.end() ? 0 : flash->address;
  }
  const auto& first = starting_image(images);
  if (first.image->metadata.vector_table) return *first.image->metadata.vector_table;
  return first.image->regions.empty() ? 0 : first.image->regions.front().address;
}

std::vector<Error> image_problems(const EnginePlan& plan, std::span<const LoadImage> images) {
  struct Piece {
    std::uint64_t address, last;
    const LoadImage* image;
  };
  std::vector<Error> problems;
  std::vector<Piece> pieces;
  for (const auto& image : images) {
    if (auto checked = check_architecture(plan, image); !checked) problems.push_back(std::move(checked.error()));
    for (const auto& region : image.image->regions) {
      if (region.bytes.empty()) continue;
      const bool wraps = region.address + (region.bytes.size() - 1) < region.address;
      const auto gap = wraps ? std::optional(region.address) : first_gap(plan, region.address, region.bytes.size());
      if (gap)
        problems.push_back({ErrorCode::IMAGE_OUTSIDE_MEMORY,
                            fmt::format("{} has {} bytes at {}, and the board has no memory at {}", image.name, region.bytes.size(), hex_address(region.address), hex_address(*gap)),
                            {{"image", image.name}, {"address", hex_address(region.address)}, {"size", region.bytes.size()}, {"memory", memory_json(plan)}}});
      if (!wraps) pieces.push_back({region.address, region.address + (region.bytes.size() - 1), &image});
    }
  }
  std::ranges::sort(pieces, {}, &Piece::address);
  for (std::size_t i = 1; i < pieces.size(); ++i) {
    const auto &before = pieces[i - 1], &after = pieces[i];
    if (after.address > before.last) continue;
    problems.push_back({ErrorCode::IMAGE_OVERLAP, fmt::format("{} and {} both have bytes at {}", before.image->name, after.image->name, hex_address(after.address)),
                        {{"address", hex_address(after.address)}, {"images", json::array{before.image->name, after.image->name}}}});
  }
  // What is built for another processor has no vector table to look at.
  if (plan.profile == 'M' && !pieces.empty() && std::ranges::find(problems, ErrorCode::IMAGE_WRONG_ARCHITECTURE, &Error::code) == problems.end())
    if (auto table = check_vector_table(plan, images); !table) problems.push_back(std::move(table.error()));
  return problems;
}

Result<void> check_images(const EnginePlan& plan, std::span<const LoadImage> images) {
  auto problems = image_problems(plan, images);
  if (!problems.empty()) return std::unexpected(std::move(problems.front()));
  return {};
}

Result<void> check_one_of_several(const EnginePlan& plan, const LoadImage& image) {
  const std::span<const LoadImage> alone(&image, 1);
  // Where the table is taken from the image that starts, only such an image must have one.
  const bool beside = plan.data.contains("vector_table_from_image") && image.role != "bootloader" && image.role != "application";
  for (Error& problem : image_problems(plan, alone)) {
    if (problem.code == ErrorCode::IMAGE_BAD_VECTOR_TABLE && (beside || !table_address(plan, alone, vector_table(plan, alone)))) continue;
    return std::unexpected(std::move(problem));
  }
  return {};
}

Result<std::uint64_t> default_load_address(const EnginePlan& plan) {
  // Where the processor starts is where a raw binary without an address belongs, if there is memory.
  for (const char* key : {"load_address", "vector_table", "reset_address"})
    if (const auto* value = plan.data.if_contains(key)) {
      boost::system::error_code ec;
      const auto address = value->to_number<std::uint64_t>(ec);
      if (!ec && region_at(plan, address)) return address;
    }
  const MemoryRegion* lowest = nullptr;
  for (const auto& region : plan.memory)
    if (region.size >= 4096 && (!lowest || region.address < lowest->address)) lowest = &region;
  if (!lowest) return fail(ErrorCode::IMAGE_ADDRESS_REQUIRED, "the board has no memory a raw binary could go to by itself; name a load address");
  return lowest->address;
}

}  // namespace virserver::backend
