#include "backend/qemu/mtree.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

namespace virserver::backend::qemu {

namespace {

constexpr std::size_t max_memory = 256, max_io = 1024, max_ports = 256;

struct View {
  std::vector<std::string> spaces;
  std::string root;
  MachineMap map;
};

std::optional<std::uint64_t> hex(std::string_view text) {
  std::uint64_t value = 0;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (text.empty() || ec != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "  0000000008000000-00000000080fffff (prio 0, rom): STM32F405.flash @0000000000001000 owner:{dev path=/machine/x}"
void parse_region(std::string_view line, MachineMap& map) {
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  const auto dash = line.find('-');
  const auto space = line.find(' ');
  const auto prio = line.find("(prio ");
  const auto close = line.find("): ");
  if (dash == line.npos || space == line.npos || dash > space || prio == line.npos || close == line.npos || close < prio) return;
  const auto first = hex(line.substr(0, dash)), last = hex(line.substr(dash + 1, space - dash - 1));
  if (!first || !last || *last < *first || *last - *first == ~0ull) return;
  const auto comma = line.rfind(' ', close);
  const std::string_view kind = line.substr(comma + 1, close - comma - 1);
  std::string_view name = line.substr(close + 3), owner;
  if (const auto at = name.find(" owner:{"); at != name.npos) {
    owner = name.substr(at + 8);
    const auto path = owner.find("path=");
    owner = path == owner.npos ? std::string_view() : owner.substr(path + 5);
    owner = owner.substr(0, std::min(owner.find_first_of("} "), std::size_t{256}));
  }
  for (const std::string_view end : {" owner:{", " parent:{", " @"}) name = name.substr(0, name.find(end));
  const std::uint64_t size = *last - *first + 1;
  const bool controlled = name.starts_with("tz-mpc-upstream");
  const bool settings = name.ends_with(".uicr");  // written by images, without effect in QEMU
  if (kind == "ram" || kind == "rom" || kind == "romd" || kind == "nv-ram" || kind == "nv-rom" || controlled || settings) {
    const bool writable = kind == "ram" || kind == "nv-ram" || controlled;
    if (map.memory.size() < max_memory) map.memory.push_back({std::string(name.substr(0, 100)), *first, size, writable});
  } else if (kind == "i/o" && map.io.size() < max_io) {
    map.io.push_back({std::string(name.substr(0, 100)), *first, size, std::string(owner)});
  }
}

// Sorted by address, and adjacent regions that are `one` joined.
template <class Region, class One>
void join(std::vector<Region>& regions, One one) {
  std::ranges::sort(regions, {}, &Region::address);
  std::vector<Region> joined;
  for (auto& region : regions) {
    if (!joined.empty() && one(joined.back(), region) && joined.back().address + joined.back().size == region.address &&
        joined.back().size <= ~region.size)
      joined.back().size += region.size;
    else
      joined.push_back(std::move(region));
  }
  regions = std::move(joined);
}

}  // namespace

MachineMap parse_machine_map(std::string_view text) {
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
    } else if (constexpr std::string_view key = " Root memory region: "; line.starts_with(key)) {
      views.back().root = line.substr(key.size(), 100);
    } else {
      parse_region(line, views.back().map);
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
  MachineMap map = std::move(view->map);
  for (auto& other : views)
    for (const auto& space : other.spaces)
      if (&other != view && space.starts_with("tz-ppc-port[") && map.ports.size() < max_ports) map.ports.push_back({space, other.root, other.map.io});
  join(map.memory, [](const MemoryRegion& a, const MemoryRegion& b) { return a.name == b.name && a.writable == b.writable; });
  join(map.io, [](const IoRegion& a, const IoRegion& b) { return a.name == b.name && a.owner == b.owner && !a.owner.empty(); });
  return map;
}

}  // namespace virserver::backend::qemu
