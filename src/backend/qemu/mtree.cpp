#include "backend/qemu/mtree.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

namespace virserver::backend::qemu {

namespace {

constexpr std::size_t max_regions = 256;

struct View {
  std::vector<std::string> spaces;
  std::vector<MemoryRegion> regions;
};

std::optional<std::uint64_t> hex(std::string_view text) {
  std::uint64_t value = 0;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (text.empty() || ec != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "  0000000008000000-00000000080fffff (prio 0, rom): STM32F405.flash @0000000000001000"
std::optional<MemoryRegion> parse_region(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  const auto dash = line.find('-');
  const auto space = line.find(' ');
  const auto prio = line.find("(prio ");
  const auto close = line.find("): ");
  if (dash == line.npos || space == line.npos || dash > space || prio == line.npos || close == line.npos || close < prio) return std::nullopt;
  const auto first = hex(line.substr(0, dash)), last = hex(line.substr(dash + 1, space - dash - 1));
  if (!first || !last || *last < *first || *last - *first == ~0ull) return std::nullopt;
  const auto comma = line.rfind(' ', close);
  const std::string_view kind = line.substr(comma + 1, close - comma - 1);
  std::string_view name = line.substr(close + 3);
  if (const auto at = name.find(" @"); at != name.npos) name = name.substr(0, at);
  const bool controlled = name.starts_with("tz-mpc-upstream");
  const bool settings = name.ends_with(".uicr");  // written by images, without effect in QEMU
  if (kind != "ram" && kind != "rom" && kind != "romd" && kind != "nv-ram" && kind != "nv-rom" && !controlled && !settings)
    return std::nullopt;
  MemoryRegion region;
  region.name = std::string(name.substr(0, 100));
  region.address = *first;
  region.size = *last - *first + 1;
  region.writable = kind == "ram" || kind == "nv-ram" || controlled;
  return region;
}

}  // namespace

std::vector<MemoryRegion> parse_memory_map(std::string_view text) {
  std::vector<View> views;
  while (!text.empty() && views.size() < 1024) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with("FlatView")) {
      views.emplace_back();
    } else if (views.empty()) {
      continue;
    } else if (line.starts_with(" AS \"")) {
      const auto quote = line.find('"', 5);
      if (quote != line.npos) views.back().spaces.emplace_back(line.substr(5, quote - 5));
    } else if (auto region = parse_region(line); region && views.back().regions.size() < max_regions) {
      views.back().regions.push_back(std::move(*region));
    }
  }
  auto find = [&](std::string_view space) -> View* {
    for (auto& view : views)
      if (std::ranges::find(view.spaces, space) != view.spaces.end()) return &view;
    return nullptr;
  };
  View* view = find("cpu-secure-memory-0");
  if (!view) view = find("cpu-memory-0");
  if (!view) view = find("memory");
  if (!view) return {};
  auto regions = std::move(view->regions);
  std::ranges::sort(regions, {}, &MemoryRegion::address);
  std::vector<MemoryRegion> merged;
  for (auto& region : regions) {
    if (!merged.empty() && merged.back().name == region.name && merged.back().writable == region.writable &&
        merged.back().address + merged.back().size == region.address && merged.back().size <= ~region.size)
      merged.back().size += region.size;
    else
      merged.push_back(std::move(region));
  }
  return merged;
}

}  // namespace virserver::backend::qemu
