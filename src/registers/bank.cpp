#include "registers/bank.hpp"

#include <algorithm>

namespace virserver::registers {
namespace {

template <class... F>
struct Cases : F... {
  using F::operator()...;
};

// floor(elapsed_ns * hz / 10^9) without overflow: 2^64 ns are 584 years, hz is at most 10^10.
std::uint32_t ticks(std::uint64_t elapsed_ns, std::uint64_t hz) {
  const std::uint64_t seconds = elapsed_ns / 1'000'000'000, rest = elapsed_ns % 1'000'000'000;
  return static_cast<std::uint32_t>(seconds * hz + rest * hz / 1'000'000'000);
}

// What of a field a trigger reaches.
std::uint32_t reached(const Field& field, const Trigger& trigger, std::optional<std::uint32_t> written, std::uint32_t lanes) {
  using enum Trigger::Kind;
  if ((trigger.kind == read) != !written) return 0;
  if (trigger.kind == read || trigger.kind == write) return field.mask();
  if (trigger.kind == value) return (*written & lanes) == trigger.value ? field.mask() : 0;
  const std::uint32_t hit = trigger.bits.of((trigger.kind == ones ? *written : ~*written) & lanes);
  return trigger.bits.count == 1 ? (hit ? field.mask() : 0) : (hit << field.low) & field.mask();
}

}  // namespace

Bank::Bank(std::vector<Block> blocks, bool bit_band) : blocks_(std::move(blocks)), bit_band_(bit_band) {
  for (std::size_t b = 0; b < blocks_.size(); ++b) {
    states_.emplace_back(blocks_[b].registers.size());
    for (std::size_t r = 0; r < blocks_[b].registers.size(); ++r) {
      const Register& reg = blocks_[b].registers[r];
      index_.push_back({blocks_[b].base + reg.offset, reg.width / 8, b, r});
    }
    for (const Interrupt& interrupt : blocks_[b].interrupts) lines_[interrupt.line] = false;
  }
  std::ranges::sort(index_, {}, &Entry::address);
  reset(0);
}

std::vector<LineChange> Bank::reset(std::uint64_t now) {
  origin_ = now;
  for (std::size_t b = 0; b < blocks_.size(); ++b)
    for (std::size_t r = 0; r < states_[b].size(); ++r) {
      states_[b][r].stored = blocks_[b].registers[r].reset;
      states_[b][r].progress.clear();
    }
  return update_lines(now);
}

std::vector<Bank::Touched> Bank::touched(std::uint64_t address, unsigned width) const {
  std::vector<Touched> result;
  auto at = std::ranges::upper_bound(index_, address, {}, &Entry::address);
  if (at != index_.begin() && address - std::prev(at)->address < std::prev(at)->bytes) --at;
  for (; at != index_.end() && (at->address <= address || at->address - address < width); ++at) {
    const int shift = at->address >= address ? static_cast<int>(at->address - address) * 8 : -static_cast<int>(address - at->address) * 8;
    std::uint32_t lanes = 0;
    for (unsigned bit = 0; bit < at->bytes * 8; ++bit)
      if (const int place = static_cast<int>(bit) + shift; place >= 0 && place < static_cast<int>(width * 8)) lanes |= 1u << bit;
    result.push_back({&*at, shift, lanes});
  }
  return result;
}

bool Bank::covers(std::uint64_t address, unsigned width) const {
  if (bit_band_)
    if (const auto target = bit_band_target(address)) return !touched(target->address, 1).empty();
  return !touched(address, width).empty();
}

std::uint32_t Bank::source_of(std::size_t block, const Field& field, const Follow& follow, std::uint64_t now) const {
  const std::uint32_t value = follow.source.of(shown(block, follow.source.in, follow.source.mask(), now));
  return (follow.source.count == 1 && value ? UINT32_MAX : value) << field.low & field.mask();
}

// What the register shows of the bits of `mask`. Followers form no cycle (check()), so this ends.
std::uint32_t Bank::shown(std::size_t block, std::size_t in, std::uint32_t mask, std::uint64_t now) const {
  const Register& reg = blocks_[block].registers[in];
  const State& state = states_[block][in];
  std::uint32_t value = state.stored & mask;
  for (std::size_t f = 0; f < reg.fields.size(); ++f) {
    const Field& field = reg.fields[f];
    if (!(field.mask() & mask)) continue;
    const auto put = [&](std::uint32_t bits) { value = (value & ~field.mask()) | (bits & field.mask() & mask); };
    std::visit(Cases{[](const auto&) {},
                     [&](const Constant& rule) { put(rule.value << field.low); },
                     [&](const Follow& rule) {
                       if (!rule.after_reads) put(source_of(block, field, rule, now));
                     },
                     [&](const Counter& rule) {
                       const std::uint32_t count = ticks(now - origin_, rule.hz);
                       put((rule.down ? ~count : count) << field.low);
                     },
                     [&](const Stream& rule) {
                       const auto taken = state.progress.find(f);
                       put(rule.values[taken == state.progress.end() ? 0 : taken->second] << field.low);
                     }},
               field.rule);
  }
  return value;
}

std::uint64_t Bank::peek(const std::vector<Touched>& touched, std::uint64_t now) const {
  std::uint64_t value = 0;
  for (const auto& [entry, shift, lanes] : touched) {
    const std::uint64_t bits = shown(entry->block, entry->in, lanes & of(*entry).readable, now);
    value |= shift >= 0 ? bits << shift : bits >> -shift;
  }
  return value;
}

void Bank::advance_followers(const Entry& entry, std::uint32_t lanes, std::uint64_t now) {
  const Register& reg = of(entry);
  State& state = states_[entry.block][entry.in];
  for (std::size_t f = 0; f < reg.fields.size(); ++f) {
    const Field& field = reg.fields[f];
    const auto* follow = std::get_if<Follow>(&field.rule);
    if (!follow || !follow->after_reads || !(field.mask() & lanes)) continue;
    const std::uint32_t source = source_of(entry.block, field, *follow, now);
    if ((state.stored & field.mask()) == source) {
      state.progress.erase(f);
    } else if (std::uint32_t& reads = state.progress[f]; reads++ >= follow->after_reads) {
      state.stored = (state.stored & ~field.mask()) | source;
      state.progress.erase(f);
    }
  }
}

void Bank::advance_streams(const Entry& entry, std::uint32_t lanes) {
  const Register& reg = of(entry);
  State& state = states_[entry.block][entry.in];
  for (std::size_t f = 0; f < reg.fields.size(); ++f) {
    const auto* stream = std::get_if<Stream>(&reg.fields[f].rule);
    if (!stream || !(reg.fields[f].mask() & lanes)) continue;
    std::uint32_t& next = state.progress[f];
    if (++next == stream->values.size()) next = stream->repeat ? 0 : next - 1;
    if (next == 0) state.progress.erase(f);  // as at the beginning
  }
}

// The latches of the block that wait for this access; `written` is empty for a read.
void Bank::fire(const Entry& entry, std::optional<std::uint32_t> written, std::uint32_t lanes) {
  const Block& block = blocks_[entry.block];
  for (std::size_t r = 0; r < block.registers.size(); ++r)
    for (const Field& field : block.registers[r].fields) {
      const auto* latch = std::get_if<Latch>(&field.rule);
      if (!latch) continue;
      const auto mask_of = [&](const std::vector<Trigger>& triggers) {
        std::uint32_t mask = 0;
        for (const Trigger& trigger : triggers)
          if (trigger.bits.in == entry.in) mask |= reached(field, trigger, written, lanes);
        return mask;
      };
      std::uint32_t& stored = states_[entry.block][r].stored;
      stored = (stored & ~mask_of(latch->cleared_by)) | mask_of(latch->set_by);
    }
}

Answer Bank::read(std::uint64_t address, unsigned width, std::uint64_t now) {
  if (bit_band_)
    if (const auto target = bit_band_target(address)) {
      Answer answer = read(target->address, 1, now);
      answer.value = answer.value >> target->bit & 1;
      return answer;
    }
  const auto list = touched(address, width);
  Answer answer;
  answer.device = list.empty();
  for (const auto& [entry, shift, lanes] : list) {
    advance_followers(*entry, lanes, now);
    answer.device = answer.device || of(*entry).observe;
  }
  answer.value = peek(list, now);
  for (const auto& [entry, shift, lanes] : list) {
    ++states_[entry->block][entry->in].reads;
    advance_streams(*entry, lanes);
    fire(*entry, std::nullopt, lanes);
  }
  answer.changes = update_lines(now);
  return answer;
}

Answer Bank::write(std::uint64_t address, unsigned width, std::uint64_t value, std::uint64_t now) {
  if (bit_band_)
    if (const auto target = bit_band_target(address)) {  // the processor reads the word, changes the bit, writes the word
      const std::uint64_t word = target->address & ~std::uint64_t{3};
      const std::uint64_t bit = std::uint64_t{1} << ((target->address & 3) * 8 + target->bit);
      const std::uint64_t before = peek(touched(word, 4), now);
      return write(word, 4, value & 1 ? before | bit : before & ~bit, now);
    }
  const auto list = touched(address, width);
  Answer answer;
  answer.device = list.empty();
  for (const auto& [entry, shift, lanes] : list) {
    const Register& reg = of(*entry);
    State& state = states_[entry->block][entry->in];
    const auto bits = static_cast<std::uint32_t>(shift >= 0 ? value >> shift : value << -shift) & lanes;
    state.stored = (state.stored & ~(reg.writable & lanes)) | (bits & reg.writable);
    ++state.writes;
    fire(*entry, bits, lanes);
    answer.device = answer.device || reg.observe;
  }
  answer.changes = update_lines(now);
  return answer;
}

std::vector<LineChange> Bank::update_lines(std::uint64_t now) {
  std::map<unsigned, bool> levels = lines_;
  for (auto& [line, level] : levels) level = false;
  for (std::size_t b = 0; b < blocks_.size(); ++b)
    for (const Interrupt& interrupt : blocks_[b].interrupts)
      levels[interrupt.line] |= std::ranges::all_of(interrupt.when, [&](const Condition& condition) {
        return condition.bits.of(shown(b, condition.bits.in, condition.bits.mask(), now)) == condition.value;
      });
  std::vector<LineChange> changes;
  for (const auto& [line, level] : levels)
    if (lines_[line] != level) changes.push_back({line, level});
  lines_ = std::move(levels);
  return changes;
}

std::vector<unsigned> Bank::raised() const {
  std::vector<unsigned> lines;
  for (const auto& [line, level] : lines_)
    if (level) lines.push_back(line);
  return lines;
}

}  // namespace virserver::registers
