// Where a player has to stop: watched addresses, their bit-band alias, and the count of what was met there.
#include <algorithm>

#include "registers/bank.hpp"

namespace virserver::registers {
namespace {

constexpr std::uint64_t region = 0x40000000, region_size = 0x100000, alias = 0x42000000;

bool waits(const Latch& latch, std::size_t in, Trigger::Kind kind, bool same) {
  const auto here = [&](const Trigger& trigger) { return trigger.bits.in == in && (trigger.kind == kind) == same; };
  return std::ranges::any_of(latch.set_by, here) || std::ranges::any_of(latch.cleared_by, here);
}

// An observed register is watched where a rule waits for the access, or where what is written shows elsewhere.
Watch watch_of(const Block& block, std::size_t in) {
  const Register& reg = block.registers[in];
  Watch watch{block.base + reg.offset, reg.width / 8, true, true};
  if (!reg.observe) return watch;
  watch.reads = false;
  watch.writes = reg.writable != 0;
  for (const Register& other : block.registers)
    for (const Field& field : other.fields)
      if (const auto* latch = std::get_if<Latch>(&field.rule)) {
        watch.reads = watch.reads || waits(*latch, in, Trigger::Kind::read, true);
        watch.writes = watch.writes || waits(*latch, in, Trigger::Kind::read, false);
      }
  return watch;
}

}  // namespace

std::optional<BitBandTarget> bit_band_target(std::uint64_t address) {
  if (address < alias || address >= alias + region_size * 32) return std::nullopt;
  const std::uint64_t bit = (address - alias) / 4;
  return BitBandTarget{region + bit / 8, static_cast<unsigned>(bit % 8)};
}

std::vector<Watch> Bank::watches() const {
  std::vector<Watch> all;
  for (const Entry& entry : index_) {
    const Watch watch = watch_of(blocks_[entry.block], entry.in);
    if (watch.reads || watch.writes) all.push_back(watch);
  }
  if (bit_band_)
    for (std::size_t i = 0, count = all.size(); i < count; ++i)
      if (all[i].address >= region && all[i].address - region < region_size) {
        Watch watch = all[i];
        watch.address = alias + (watch.address - region) * 32;
        watch.size *= 32;
        all.push_back(watch);
      }
  std::vector<Watch> merged;
  for (const Watch& watch : all) {
    if (!merged.empty()) {
      Watch& last = merged.back();
      if (last.address + last.size == watch.address && last.reads == watch.reads && last.writes == watch.writes) {
        last.size += watch.size;
        continue;
      }
    }
    merged.push_back(watch);
  }
  return merged;
}

std::vector<Hits> Bank::hits() const {
  std::vector<Hits> list;
  for (const Entry& entry : index_) {
    const State& state = states_[entry.block][entry.in];
    list.push_back({blocks_[entry.block].name, of(entry).name, entry.address, state.reads, state.writes});
  }
  return list;
}

}  // namespace virserver::registers
