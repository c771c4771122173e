#include "backend/renode/platform.hpp"

#include <algorithm>

#include "backend/renode/platform_writer.hpp"
#include "base/bytes.hpp"
#include "board/words.hpp"

namespace virserver::backend::renode {
namespace {

// Words of the platform language, and names that every machine has.
constexpr std::string_view reserved[] = {"using", "new",   "as",   "preinit", "init",   "reset",   "local", "true", "false", "none",
                                         "empty", "prefixed", "sysbus", "machine", "emulation"};
constexpr std::string_view own_names[] = {"cpu", "nvic", "gic", "vic", "plic", "clint", "irqmp"};

}  // namespace

PlatformWriter::PlatformWriter(const board::Node& board_node) : node(board_node), done(board_node.peripherals.size()) {
  names_.insert(std::begin(own_names), std::end(own_names));
  for (unsigned i = 0; i < node.processor.cores; ++i) {
    names_.insert(fmt::format("cpu{}", i));
    names_.insert(fmt::format("generic_timer{}", i));
  }
}

bool Platform::usable() const {
  return std::ranges::none_of(findings, [](const Finding& finding) { return finding.severity == Severity::error; });
}

std::string PlatformWriter::name(std::string_view wish) {
  std::string base;
  for (const char c : board::lower(wish.substr(0, 48)))
    base += (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '_';
  if (base.empty() || base[0] < 'a' || base[0] > 'z') base.insert(0, "part_");
  if (std::ranges::find(reserved, std::string_view(base)) != std::end(reserved)) base += "_1";
  std::string unique = base;
  for (int i = 2; !names_.insert(unique).second; ++i) unique = fmt::format("{}_{}", base, i);
  return unique;
}

bool PlatformWriter::claim(std::uint64_t address, std::uint64_t size, const std::string& pointer, const std::string& what, Severity instead) {
  if (size == 0 || address > UINT64_MAX - (size - 1)) {
    add(instead, pointer, fmt::format("{} at {} ends past the last address, 2^64-1", what, hex_address(address)));
    return false;
  }
  const Range range{address, address + (size - 1), what};
  for (const auto& other : ranges_) {
    if (other.last < range.first || range.last < other.first) continue;
    add(instead, pointer, fmt::format("{} takes {} to {} in Renode and overlaps with {}, {} to {}", what, hex_address(range.first),
                               hex_address(range.last), other.what, hex_address(other.first), hex_address(other.last)));
    return false;
  }
  ranges_.push_back(range);
  return true;
}

Platform generate_platform(const board::Board& board) {
  PlatformWriter writer(board.nodes.front());
  if (board.nodes.size() > 1) writer.error("/nodes/1", "a board of several nodes cannot be generated for Renode yet");
  if (!choose_processor(writer)) return std::move(writer.platform);
  writer.platform.big_endian = writer.processor->big_endian;
  if (writer.processor->big_endian) {
    writer.line("/nodes/0/processor", "sysbus:");
    writer.line("/nodes/0/processor", "    Endianess: Endianess.BigEndian");
  }
  write_memory(writer);
  write_controllers(writer);
  write_processor(writer);
  write_peripherals(writer);
  auto& platform = writer.platform;
  std::ranges::sort(platform.memory, {}, &MemoryRegion::address);
  std::ranges::sort(platform.devices, {}, &DeviceRegion::address);
  return std::move(platform);
}

}  // namespace virserver::backend::renode
