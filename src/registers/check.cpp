#include "registers/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <map>
#include <set>

namespace virserver::registers {
namespace {

std::string bits_text(unsigned low, unsigned count) { return count == 1 ? fmt::format("bit {}", low) : fmt::format("bits {}:{}", low + count - 1, low); }
std::string bits_text(std::uint32_t mask) {  // the lowest run of bits
  const unsigned low = static_cast<unsigned>(std::countr_zero(mask));
  return bits_text(low, static_cast<unsigned>(std::countr_one(mask >> low)));
}

class Check {
 public:
  explicit Check(const Block& block) : block_(block) {}

  std::vector<Mistake> run() {
    if (block_.size == 0 || block_.size > max_block_size)
      add("/size", "must be from 1 to {}, is {}", max_block_size, block_.size);
    else if (block_.base > UINT64_MAX - (block_.size - 1))
      add("/base", "the block ends past the last address, 2^64-1");
    if (block_.registers.empty()) add("/registers", "a model has at least one register");
    for (std::size_t i = 0; i < block_.registers.size(); ++i) registers_at(i);
    overlaps();
    for (std::size_t i = 0; i < block_.interrupts.size(); ++i) interrupt(fmt::format("/interrupts/{}", i), block_.interrupts[i]);
    if (mistakes_.empty()) chains();
    if (mistakes_.empty()) idle();
    return std::move(mistakes_);
  }

 private:
  template <class... Args>
  void add(std::string pointer, fmt::format_string<Args...> format, Args&&... args) {
    mistakes_.push_back({std::move(pointer), fmt::format(format, std::forward<Args>(args)...)});
  }
  static std::string at(const Register& reg) { return "/registers/" + reg.name; }
  static std::string at(const Register& reg, const Field& field) { return fmt::format("/registers/{}/fields/{}", reg.name, field.name); }
  static bool fits(std::uint32_t value, unsigned count) { return count >= 32 || value >> count == 0; }

  void registers_at(std::size_t index) {
    const Register& reg = block_.registers[index];
    if (reg.width != 8 && reg.width != 16 && reg.width != 32) return add(at(reg) + "/width", "must be 8, 16 or 32 bits, is {}", reg.width);
    if (reg.offset % (reg.width / 8)) add(at(reg) + "/offset", "a register of {} bits lies at a multiple of {}, not at {:#x}", reg.width, reg.width / 8, reg.offset);
    if (reg.offset >= block_.size || reg.width / 8 > block_.size - reg.offset)
      add(at(reg) + "/offset", "lies at {:#x}, outside the block's {:#x} bytes", reg.offset, block_.size);
    if (!fits(reg.reset, reg.width)) add(at(reg) + "/reset", "{:#x} has more than the register's {} bits", reg.reset, reg.width);
    if (!fits(reg.writable, reg.width)) add(at(reg) + "/writable", "{:#x} has more than the register's {} bits", reg.writable, reg.width);
    std::uint32_t driven = 0;
    for (const Field& field : reg.fields) {
      if (field.count == 0 || field.low >= reg.width || field.count > reg.width - field.low) {
        add(at(reg, field), "{} is outside the register's {} bits", bits_text(field.low, field.count), reg.width);
        continue;
      }
      if (std::holds_alternative<std::monostate>(field.rule)) continue;
      if (const std::uint32_t twice = driven & field.mask()) add(at(reg, field), "two rules for {}", bits_text(twice));
      if (const std::uint32_t both = reg.writable & field.mask())
        add(at(reg, field), "{} is driven by a rule and cannot be writable too; leave it out of \"writable\"", bits_text(both));
      driven |= field.mask();
      std::visit([&](const auto& rule) { check(at(reg, field), field, rule); }, field.rule);
    }
  }

  void check(const std::string&, const Field&, std::monostate) {}
  void check(const std::string& pointer, const Field& field, const Constant& rule) {
    if (!fits(rule.value, field.count)) add(pointer + "/constant", "{:#x} has more than the field's {} bits", rule.value, field.count);
  }
  void check(const std::string& pointer, const Field& field, const Follow& rule) {
    if (rule.after_reads > max_after_reads) add(pointer + "/after_reads", "must be at most {}, is {}", max_after_reads, rule.after_reads);
    source(pointer + "/follows", field, rule.source);
  }
  void check(const std::string& pointer, const Field& field, const Latch& rule) {
    if (rule.set_by.empty() && rule.cleared_by.empty()) add(pointer, "the rule names nothing that sets or clears the field");
    for (const auto& [key, triggers] : {std::pair("set_by", &rule.set_by), std::pair("cleared_by", &rule.cleared_by)})
      for (const Trigger& trigger : *triggers) {
        const std::string here = pointer + "/" + key;
        if (trigger.kind == Trigger::Kind::ones || trigger.kind == Trigger::Kind::zeros) source(here, field, trigger.bits);
        else if (exists(here, trigger.bits) && !fits(trigger.value, block_.registers[trigger.bits.in].width))
          add(here, "{:#x} has more than {}'s {} bits", trigger.value, block_.registers[trigger.bits.in].name, block_.registers[trigger.bits.in].width);
      }
  }
  void check(const std::string& pointer, const Field&, const Counter& rule) {
    if (rule.hz == 0 || rule.hz > max_counter_hz) add(pointer + "/counts_hz", "must be from 1 to {}, is {}", max_counter_hz, rule.hz);
  }
  void check(const std::string& pointer, const Field& field, const Stream& rule) {
    if (rule.values.empty()) add(pointer + "/stream", "has no value to give");
    for (const std::uint32_t value : rule.values)
      if (!fits(value, field.count)) return add(pointer + "/stream", "{:#x} has more than the field's {} bits", value, field.count);
  }

  bool exists(const std::string& pointer, const Bits& bits) {
    if (bits.in >= block_.registers.size()) return add(pointer, "there is no such register"), false;
    const Register& reg = block_.registers[bits.in];
    if (bits.count != 0 && bits.low < reg.width && bits.count <= reg.width - bits.low) return true;
    return add(pointer, "{} is outside the {} bits of {}", bits_text(bits.low, bits.count), reg.width, reg.name), false;
  }
  void source(const std::string& pointer, const Field& field, const Bits& bits) {
    if (exists(pointer, bits) && bits.count != 1 && bits.count != field.count)
      add(pointer, "{} of {} cannot drive a field of {}; the source has one bit or as many as the field",
          bits_text(bits.low, bits.count), block_.registers[bits.in].name, field.count);
  }

  void interrupt(const std::string& pointer, const Interrupt& interrupt) {
    if (interrupt.when.empty()) add(pointer + "/when", "names no condition; the line would always be high");
    if (interrupt.line > 1023) add(pointer + "/irq", "must be an interrupt number from 0 to 1023, is {}", interrupt.line);
    for (std::size_t i = 0; i < interrupt.when.size(); ++i) {
      const auto& [bits, value] = interrupt.when[i];
      const std::string here = fmt::format("{}/when/{}", pointer, i);
      if (exists(here, bits) && !fits(value, bits.count)) add(here, "{:#x} has more than the field's {} bits", value, bits.count);
    }
  }

  void overlaps() {
    std::map<std::uint64_t, const Register*> by_offset;
    for (const Register& reg : block_.registers) {
      auto next = by_offset.upper_bound(reg.offset);
      const Register* other = nullptr;
      if (next != by_offset.begin() && std::prev(next)->first + std::prev(next)->second->width / 8 > reg.offset) other = std::prev(next)->second;
      else if (next != by_offset.end() && reg.offset + reg.width / 8 > next->first) other = next->second;
      if (other) add(at(reg) + "/offset", "lies over the register {} at {:#x}", other->name, other->offset);
      else by_offset[reg.offset] = &reg;
    }
  }

  // Each bit has at most one source, so a walk from every bit finds every cycle. A cycle is reported once.
  void chains() {
    const auto field_of = [&](std::size_t in, unsigned bit) -> const Field* {
      for (const Field& field : block_.registers[in].fields)
        if (std::holds_alternative<Follow>(field.rule) && (field.mask() >> bit & 1)) return &field;
      return nullptr;
    };
    std::set<std::pair<std::size_t, unsigned>> reported;
    for (std::size_t in = 0; in < block_.registers.size(); ++in)
      for (const Field& field : block_.registers[in].fields)
        for (unsigned first = field.low; std::holds_alternative<Follow>(field.rule) && first < field.low + field.count; ++first) {
          std::size_t place = in;
          unsigned bit = first, steps = 0;
          bool cycle = false;
          std::string path;
          std::vector<std::pair<std::size_t, unsigned>> walked;
          if (reported.contains({in, first})) break;
          for (const Field* step = field_of(place, bit); step && !cycle && steps <= max_chain; step = field_of(place, bit), ++steps) {
            path += fmt::format("{}.{} follows ", block_.registers[place].name, step->name);
            walked.emplace_back(place, bit);
            const Bits& source = std::get<Follow>(step->rule).source;
            bit = source.low + (source.count == 1 ? 0 : bit - step->low);
            place = source.in;
            cycle = place == in && bit == first;
          }
          if (cycle) add(at(block_.registers[in], field) + "/follows", "never settles: {}{}.{}", path, block_.registers[in].name, field.name);
          else if (steps > max_chain) add(at(block_.registers[in], field) + "/follows", "follows a chain of more than {} fields", max_chain);
          if (cycle) reported.insert(walked.begin(), walked.end());
          if (cycle || steps > max_chain) break;
        }
  }

  // An observed register that nothing looks at.
  void idle() {
    std::vector<bool> used(block_.registers.size());
    const auto use = [&](const Bits& bits) { used[bits.in] = true; };
    for (const Register& reg : block_.registers)
      for (const Field& field : reg.fields) {
        if (const auto* follow = std::get_if<Follow>(&field.rule)) use(follow->source);
        if (const auto* latch = std::get_if<Latch>(&field.rule))
          for (const auto* triggers : {&latch->set_by, &latch->cleared_by})
            for (const Trigger& trigger : *triggers) use(trigger.bits);
      }
    for (const Interrupt& interrupt : block_.interrupts)
      for (const Condition& condition : interrupt.when) use(condition.bits);
    for (std::size_t i = 0; i < used.size(); ++i)
      if (block_.registers[i].observe && !used[i])
        add(at(block_.registers[i]), "is only observed, and no rule or interrupt looks at it; the model of this register does nothing");
  }

  const Block& block_;
  std::vector<Mistake> mistakes_;
};

}  // namespace

std::vector<Mistake> check(const Block& block) { return Check(block).run(); }

}  // namespace virserver::registers
