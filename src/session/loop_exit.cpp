#include "session/loop_exit.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <vector>

#include <fmt/format.h>

#include "base/bytes.hpp"

namespace virserver::session {
namespace {

constexpr unsigned max_steps = 64;
constexpr std::uint64_t all_bits = 0xffffffff;  // registers of models have up to 32

using Value = std::optional<std::uint64_t>;  // nothing: not known

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// "r2, [r3, #4]" in two.
std::vector<std::string_view> split(std::string_view operands) {
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  int depth = 0;
  for (std::size_t i = 0; i <= operands.size(); ++i) {
    if (i < operands.size() && (operands[i] == '[' || operands[i] == '{')) ++depth;
    if (i < operands.size() && (operands[i] == ']' || operands[i] == '}')) --depth;
    if (i < operands.size() && (operands[i] != ',' || depth > 0)) continue;
    if (const auto part = trim(operands.substr(begin, i - begin)); !part.empty()) parts.push_back(part);
    begin = i + 1;
  }
  return parts;
}

Value number(std::string_view text) {
  if (text.starts_with('#')) text.remove_prefix(1);
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const auto value = parse_u64(text);
  if (!value) return std::nullopt;
  return negative ? 0 - *value : *value;
}

struct Flags {
  std::optional<bool> n, z, c, v;
};

std::optional<bool> holds(std::string_view condition, const Flags& f) {
  const auto invert = [](std::optional<bool> b) { return b ? std::optional(!*b) : b; };
  const auto both = [](std::optional<bool> a, std::optional<bool> b) { return a && b ? std::optional(*a && *b) : std::nullopt; };
  const auto same = f.n && f.v ? std::optional(*f.n == *f.v) : std::nullopt;
  if (condition == "eq") return f.z;
  if (condition == "ne") return invert(f.z);
  if (condition == "hs" || condition == "cs") return f.c;
  if (condition == "lo" || condition == "cc") return invert(f.c);
  if (condition == "mi") return f.n;
  if (condition == "pl") return invert(f.n);
  if (condition == "hi") return both(f.c, invert(f.z));
  if (condition == "ls") return invert(both(f.c, invert(f.z)));
  if (condition == "ge") return same;
  if (condition == "lt") return invert(same);
  if (condition == "gt") return both(invert(f.z), same);
  if (condition == "le") return invert(both(invert(f.z), same));
  return std::nullopt;
}

// One pass through the loop from the read on, as far as it can be followed.
class Trial {
 public:
  enum class End { leaves, goes_on, not_known };

  Trial(std::span<const image::Instruction> loop, std::uint64_t read, const std::map<std::string, std::uint64_t>& registers, Architecture architecture)
      : loop_(loop), read_(read), architecture_(architecture) {
    for (const auto& [name, value] : registers) registers_[name] = value;
  }

  End run(std::uint64_t value) {
    auto at = index_of(read_);
    if (!at) return End::not_known;
    set(split(loop_[*at].operands).front(), extend(loop_[*at].mnemonic, value));
    for (unsigned steps = 0; steps < max_steps; ++steps) {
      const image::Instruction& done = loop_[*at];
      auto next = done.address + done.bytes.size();
      if (done.flow == image::Flow::return_) return End::leaves;
      if (done.flow == image::Flow::stop) return End::not_known;
      if (done.flow == image::Flow::call) forget_what_calls_change();
      if (done.flow == image::Flow::jump || done.flow == image::Flow::conditional) {
        const auto taken = done.flow == image::Flow::jump ? std::optional(true) : decides(done);
        if (!taken || (*taken && !done.target)) return End::not_known;
        if (*taken) next = *done.target;
      }
      if (next >= loop_.front().address && next <= read_) return End::goes_on;
      at = index_of(next);
      if (!at) return End::leaves;
      if (loop_[*at].flow == image::Flow::next && !perform(loop_[*at])) return End::not_known;
    }
    return End::not_known;
  }

 private:
  bool is_arm() const { return architecture_ == Architecture::arm || architecture_ == Architecture::aarch64; }

  std::optional<std::size_t> index_of(std::uint64_t address) const {
    const auto found = std::ranges::find(loop_, address, &image::Instruction::address);
    return found == loop_.end() ? std::nullopt : std::optional(static_cast<std::size_t>(found - loop_.begin()));
  }

  static std::uint64_t extend(std::string_view mnemonic, std::uint64_t value) {
    if (mnemonic.starts_with("ldrsb") || mnemonic == "lb") return static_cast<std::uint64_t>(static_cast<std::int8_t>(value));
    if (mnemonic.starts_with("ldrsh") || mnemonic == "lh") return static_cast<std::uint64_t>(static_cast<std::int16_t>(value));
    if (mnemonic.starts_with("ldrb") || mnemonic == "lbu") return value & 0xff;
    if (mnemonic.starts_with("ldrh") || mnemonic == "lhu") return value & 0xffff;
    if (mnemonic == "lw" || mnemonic == "c.lw") return static_cast<std::uint64_t>(static_cast<std::int32_t>(value));
    return value;
  }

  unsigned bits_of(std::string_view reg) const {
    if (architecture_ == Architecture::aarch64) return reg.starts_with('w') ? 32 : 64;
    return architecture_ == Architecture::riscv64 ? 64 : 32;
  }
  std::uint64_t cut(std::string_view reg, std::uint64_t value) const { return bits_of(reg) == 32 ? value & 0xffffffff : value; }

  std::string key(std::string_view reg) const {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 4> names{{{"sb", "r9"}, {"sl", "r10"}, {"fp", "r11"}, {"ip", "r12"}}};
    if (architecture_ == Architecture::arm)
      for (const auto& [name, meant] : names)
        if (reg == name) return std::string(meant);
    if (architecture_ == Architecture::aarch64 && reg.starts_with('w')) return "x" + std::string(reg.substr(1));
    return std::string(reg);
  }
  Value get(std::string_view operand) const {
    if (operand.starts_with('#')) return number(operand);
    if (operand == "xzr" || operand == "wzr" || operand == "zero") return 0;
    if (!is_arm())
      if (const auto immediate = number(operand)) return immediate;
    const auto found = registers_.find(key(operand));
    return found == registers_.end() || !found->second ? std::nullopt : std::optional(cut(operand, *found->second));
  }
  void set(std::string_view reg, Value value) { registers_[key(reg)] = value ? std::optional(cut(reg, *value)) : std::nullopt; }

  void forget_what_calls_change() {
    for (const char* name : {"r0", "r1", "r2", "r3", "r12", "lr", "ra"}) registers_.erase(name);
    for (auto& [name, value] : registers_)
      if (name.starts_with('t') || name.starts_with('a') || (architecture_ == Architecture::aarch64 && name.starts_with('x'))) value.reset();
    flags_ = {};
  }

  void set_flags(std::string_view reg, Value result) {
    flags_ = {};
    if (!result) return;
    flags_.n = (*result >> (bits_of(reg) - 1) & 1) != 0;
    flags_.z = cut(reg, *result) == 0;
  }
  void compare(std::string_view reg, Value a, Value b) {
    flags_ = {};
    if (!a || !b) return;
    const auto x = cut(reg, *a), y = cut(reg, *b), difference = cut(reg, x - y);
    set_flags(reg, difference);
    flags_.c = x >= y;
    flags_.v = ((x ^ y) & (x ^ difference)) >> (bits_of(reg) - 1) & 1;
  }

  // Whether a conditional jump is taken.
  std::optional<bool> decides(const image::Instruction& jump) const {
    std::string_view name = jump.mnemonic;
    const auto operands = split(jump.operands);
    if (is_arm()) {
      if ((name == "cbz" || name == "cbnz") && !operands.empty()) {
        const auto value = get(operands[0]);
        return value ? std::optional((*value == 0) == (name == "cbz")) : std::nullopt;
      }
      if ((name == "tbz" || name == "tbnz") && operands.size() > 1) {
        const auto value = get(operands[0]), bit = number(operands[1]);
        return value && bit && *bit < 64 ? std::optional((*value >> *bit & 1) == (name == "tbnz" ? 1u : 0u)) : std::nullopt;
      }
      if (const auto dot = name.find(".w"); dot != name.npos) name = name.substr(0, dot);
      if (!name.starts_with('b')) return std::nullopt;
      name.remove_prefix(name.starts_with("b.") ? 2 : 1);
      return holds(name, flags_);
    }
    if (name.starts_with("c.")) name.remove_prefix(2);
    if (operands.size() < 2) return std::nullopt;
    const auto a = get(operands[0]);
    const auto b = operands.size() > 2 ? get(operands[1]) : Value(0);
    if (!a || !b) return std::nullopt;
    const bool wide = architecture_ == Architecture::riscv64;
    const auto with_sign = [wide](std::uint64_t v) { return wide ? static_cast<std::int64_t>(v) : static_cast<std::int32_t>(v); };
    if (name == "beq" || name == "beqz") return *a == *b;
    if (name == "bne" || name == "bnez") return *a != *b;
    if (name == "blt" || name == "bltz") return with_sign(*a) < with_sign(*b);
    if (name == "bge" || name == "bgez") return with_sign(*a) >= with_sign(*b);
    if (name == "bgtz") return with_sign(*a) > 0;
    if (name == "blez") return with_sign(*a) <= 0;
    if (name == "bltu") return *a < *b;
    if (name == "bgeu") return *a >= *b;
    return std::nullopt;
  }

  Value compute(std::string_view name, std::string_view reg, Value a, Value b) const {
    if (!a || !b) return std::nullopt;
    const auto shift = *b & (bits_of(reg) - 1);
    if (name == "and") return *a & *b;
    if (name == "orr" || name == "or") return *a | *b;
    if (name == "eor" || name == "xor") return *a ^ *b;
    if (name == "bic") return *a & ~*b;
    if (name == "add") return *a + *b;
    if (name == "sub") return *a - *b;
    if (name == "lsl" || name == "sll") return *b < bits_of(reg) ? Value(*a << *b) : Value(0);
    if (name == "lsr" || name == "srl") return *b < bits_of(reg) ? Value(cut(reg, *a) >> *b) : Value(0);
    if (name == "asr" || name == "sra")
      return bits_of(reg) == 32 ? static_cast<std::uint64_t>(static_cast<std::int32_t>(*a) >> shift) : static_cast<std::uint64_t>(static_cast<std::int64_t>(*a) >> shift);
    return std::nullopt;
  }

  // False: not even what it changes is known.
  bool perform(const image::Instruction& instruction) {
    std::string name = instruction.mnemonic;
    if (name.starts_with("it") && architecture_ == Architecture::arm) return false;
    for (const std::string_view suffix : {".w", ".n"})
      if (is_arm() && name.ends_with(suffix)) name.resize(name.size() - suffix.size());
    if (name.starts_with("c.")) name.erase(0, 2);
    auto operands = split(instruction.operands);
    if (name.starts_with("st") || name.starts_with("nop") || name.starts_with("dmb") || name.starts_with("dsb") || name == "isb" || name == "yield" ||
        name.starts_with("fence") || name == "pause" || name == "sw" || name == "sh" || name == "sb" || name == "sd")
      return true;
    if (operands.empty()) return false;
    const auto reg = operands[0];
    if (name == "tst" || name == "cmp") {
      const auto a = get(reg), b = operands.size() == 2 ? get(operands[1]) : std::nullopt;
      if (name == "cmp") compare(reg, a, b);
      else set_flags(reg, compute("and", reg, a, b));
      return true;
    }
    if (name == "cmn" || name == "teq") return flags_ = {}, true;
    const bool sets_flags = is_arm() && name.size() > 3 && name.ends_with('s') && name != "mrs";
    if (sets_flags) name.pop_back();
    if (name == "sext.w" && operands.size() == 2) {
      const auto value = get(operands[1]);
      return set(reg, value ? Value(static_cast<std::uint64_t>(static_cast<std::int32_t>(*value))) : std::nullopt), true;
    }
    if (!is_arm() && name.size() > 2 && name.ends_with('w') && !name.starts_with('l')) return set(reg, std::nullopt), true;  // addiw and its like
    if (!is_arm() && name.size() > 2 && name.ends_with('i') && name != "li" && name != "lui") name.pop_back();
    Value result;
    if ((name == "mov" || name == "mv" || name == "li" || name == "movw" || name == "movz") && operands.size() == 2) result = get(operands[1]);
    else if ((name == "mvn" || name == "not") && operands.size() == 2) result = get(operands[1]) ? Value(~*get(operands[1])) : std::nullopt;
    else if (name == "lui" && operands.size() == 2) result = number(operands[1]) ? Value(*number(operands[1]) << 12) : std::nullopt;
    else if ((name == "uxtb" || name == "zext.b") && operands.size() == 2) result = compute("and", reg, get(operands[1]), 0xff);
    else if (name == "uxth" && operands.size() == 2) result = compute("and", reg, get(operands[1]), 0xffff);
    else if (name == "snez" || name == "seqz") result = operands.size() == 2 && get(operands[1]) ? Value((*get(operands[1]) == 0) == (name == "seqz")) : std::nullopt;
    else if (name == "ubfx" && operands.size() == 4) {
      const auto low = number(operands[2]), width = number(operands[3]);
      if (low && width && *low < 64 && *width < 64) result = compute("and", reg, compute("lsr", reg, get(operands[1]), low), (std::uint64_t{1} << *width) - 1);
    } else if (operands.size() == 2) result = compute(name, reg, get(reg), get(operands[1]));
    else if (operands.size() == 3) result = compute(name, reg, get(operands[1]), get(operands[2]));
    set(reg, result);
    if (sets_flags && name == "sub") compare(reg, operands.size() == 3 ? get(operands[1]) : std::nullopt, get(operands.back()));
    else if (sets_flags) set_flags(reg, result);
    return true;
  }

  std::span<const image::Instruction> loop_;
  std::uint64_t read_;
  Architecture architecture_;
  std::map<std::string, Value> registers_;
  Flags flags_;
};

}  // namespace

std::string awaited_text(const Awaited& awaited) {
  if (awaited.any) return awaited.mask == all_bits ? "until it is not 0" : fmt::format("until one of the bits {:#x} is 1", awaited.mask);
  if (!std::has_single_bit(awaited.mask)) return fmt::format("until the bits {:#x} are {:#x}", awaited.mask, awaited.value);
  return fmt::format("until bit {} is {}", std::countr_zero(awaited.mask), awaited.value == 0 ? 0 : 1);
}

std::optional<Awaited> awaited(std::span<const image::Instruction> loop, std::uint64_t read, const std::map<std::string, std::uint64_t>& registers,
                               Architecture architecture) {
  if (loop.empty()) return std::nullopt;
  const auto ends = [&](std::uint64_t value) { return Trial(loop, read, registers, architecture).run(value); };
  const auto leaves = [&](std::uint64_t value) { return ends(value) == Trial::End::leaves; };
  const auto bits_where = [](auto test) {
    std::uint64_t found = 0;
    for (unsigned bit = 0; bit < 32; ++bit)
      if (test(std::uint64_t{1} << bit)) found |= std::uint64_t{1} << bit;
    return found;
  };
  if (leaves(0)) {
    const auto zero = bits_where([&](std::uint64_t bit) { return ends(bit) == Trial::End::goes_on; });
    return zero ? std::optional(Awaited{zero, 0, false}) : std::nullopt;
  }
  if (const auto one = bits_where(leaves)) {
    if (!std::has_single_bit(one)) return Awaited{one, one, true};
    return Awaited{one | bits_where([&](std::uint64_t bit) { return !leaves(one | bit); }), one, false};
  }
  if (!leaves(all_bits)) return std::nullopt;
  const auto needed = bits_where([&](std::uint64_t bit) { return !leaves(all_bits & ~bit); });
  return needed ? std::optional(Awaited{needed, needed, false}) : std::nullopt;
}

}  // namespace virserver::session
