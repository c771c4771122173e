#include "image/prologue.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <vector>

#include "image/disassemble.hpp"
#include "image/unwind.hpp"

namespace virserver::image {
namespace {

constexpr std::size_t max_bytes = 512;
constexpr std::int64_t max_frame = 1 << 24;  // a greater one is no frame

class Reader {
 public:
  explicit Reader(Architecture architecture) : architecture_(architecture), arch_(*unwind_architecture(architecture)) {}

  // False where the prologue ends.
  bool take(const Instruction& instruction) {
    if (instruction.flow != Flow::next && instruction.flow != Flow::conditional) return false;
    const std::string_view name = std::string_view(instruction.mnemonic).substr(0, instruction.mnemonic.find('.'));
    split(instruction.operands);
    switch (architecture_) {
      case Architecture::arm: arm(name, instruction.operands); break;
      case Architecture::aarch64: stores(name); arithmetic(name); break;
      case Architecture::ppc: ppc(name); break;
      case Architecture::sparc: found_.new_window = found_.new_window || name == "save"; break;
      default: riscv(name); arithmetic(name); break;
    }
    return found_.stack_pointer > -max_frame && found_.stack_pointer <= 0;
  }
  Prologue result() const { return found_; }

 private:
  // At commas, brackets of all kinds dropped: "[sp, #-0x10]!" is "sp", "-0x10" and a write-back.
  void split(std::string_view text) {
    operands_.clear();
    write_back_ = text.ends_with('!');
    std::string word;
    for (const char c : text) {
      if (c == ',' || c == '(' || c == ' ') {
        if (!word.empty()) operands_.push_back(std::exchange(word, {}));
      } else if (std::string_view("[]{}()#!").find(c) == std::string_view::npos) {
        word += c;
      }
    }
    if (!word.empty()) operands_.push_back(std::move(word));
  }

  std::optional<unsigned> reg(std::size_t index) const {
    if (index >= operands_.size()) return std::nullopt;
    std::string_view name = operands_[index];
    if (architecture_ == Architecture::arm) {
      if (name == "sb") name = "r9";
      if (name == "sl") name = "r10";
      if (name == "fp") name = "r11";
      if (name == "ip") name = "r12";
    }
    if (name == "s0" && architecture_ != Architecture::ppc) name = "fp";
    const auto found = std::ranges::find(arch_.names, name);
    if (found == arch_.names.end()) return std::nullopt;
    return static_cast<unsigned>(found - arch_.names.begin());
  }
  bool is_sp(std::size_t index) const { return reg(index) == arch_.stack_pointer; }

  std::optional<std::int64_t> number(std::size_t index) const {
    if (index >= operands_.size()) return std::nullopt;
    std::string_view text = operands_[index];
    const bool negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    const int base = text.starts_with("0x") ? 16 : 10;
    if (base == 16) text.remove_prefix(2);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc() || end != text.data() + text.size() || value > max_frame) return std::nullopt;
    return negative ? -value : value;
  }

  // A register counts as saved the first time only: later it has another value. Those that a call may change do not.
  void save(unsigned number, std::int64_t offset) {
    if (arch_.preserved(number) || number == arch_.link_register) found_.saved.emplace(number, offset);
  }

  void push_list(std::size_t first) {
    const std::size_t count = operands_.size() - first;
    found_.stack_pointer -= static_cast<std::int64_t>(4 * count);
    for (std::size_t i = 0; i < count; ++i)
      if (const auto saved = reg(first + i)) save(*saved, found_.stack_pointer + static_cast<std::int64_t>(4 * i));
  }

  void arm(std::string_view name, std::string_view text) {
    if (name == "push" && text.starts_with('{')) push_list(0);
    else if (name == "stmdb" && is_sp(0) && text.find("!,") != text.npos) push_list(1);
    else if (name == "vpush" && !operands_.empty())
      found_.stack_pointer -= static_cast<std::int64_t>(operands_.size() * (operands_[0].starts_with('d') ? 8 : 4));
    else if (name == "str" || name == "strd") stores(name == "strd" ? "stp" : "str");
    else arithmetic(name == "subw" ? "sub" : name == "addw" ? "add" : name == "movs" ? "mov" : name);
  }

  // `str a, [sp, #n]`, `stp a, b, [sp, #n]!`
  void stores(std::string_view name) {
    const std::size_t count = name == "stp" ? 2 : name == "str" ? 1 : 0;
    if (!count || !is_sp(count)) return;
    const std::int64_t offset = operands_.size() > count + 1 ? number(count + 1).value_or(max_frame) : 0;
    if (offset == max_frame) return;
    if (write_back_) found_.stack_pointer += offset;
    const std::int64_t base = found_.stack_pointer + (write_back_ ? 0 : offset);
    for (std::size_t i = 0; i < count; ++i)
      if (const auto saved = reg(i)) save(*saved, base + static_cast<std::int64_t>(i * arch_.word));
  }

  // `stwu r1, -0x20(r1)`; the link register goes by way of r0.
  void ppc(std::string_view name) {
    if (name == "mr" && is_sp(1)) return set_frame_register(found_.stack_pointer);
    if (name == "mflr" && reg(0) == 0u) link_in_r0_ = true;
    if ((name != "stw" && name != "stwu") || operands_.size() != 3 || !is_sp(2)) return;
    const auto stored = reg(0);
    const auto offset = number(1);
    if (!stored || !offset) return;
    if (*stored == 0 && link_in_r0_) found_.saved.emplace(*arch_.link_register, found_.stack_pointer + *offset);
    else if (name == "stw") save(*stored, found_.stack_pointer + *offset);
    if (name == "stwu" && is_sp(0)) found_.stack_pointer += *offset;
  }

  // `sw ra, 12(sp)`
  void riscv(std::string_view name) {
    if (name != (arch_.word == 8 ? "sd" : "sw") || operands_.size() != 3 || !is_sp(2)) return;
    const auto saved = reg(0);
    const auto offset = number(1);
    if (saved && offset) save(*saved, found_.stack_pointer + *offset);
  }

  // Of the stack pointer, or of a frame pointer from it: `sub sp, #n`, `add r7, sp, #n`, `mov x29, sp`.
  void arithmetic(std::string_view name) {
    if (operands_.empty()) return;
    const bool subtracts = name == "sub", moves = name == "mov" || name == "mv";
    if (!subtracts && !moves && name != "add" && name != "addi") return;
    const bool short_form = operands_.size() == 2 && !moves;  // `sub sp, #n`
    if (!is_sp(short_form ? 0 : 1)) return;
    const auto amount = moves ? std::optional<std::int64_t>(0) : number(short_form ? 1 : 2);
    if (!amount) return;
    const std::int64_t value = found_.stack_pointer + (subtracts ? -*amount : *amount);
    if (is_sp(0)) found_.stack_pointer = value;
    else set_frame_register(value);
  }

  void set_frame_register(std::int64_t offset) {
    const auto target = reg(0);
    if (!target || !arch_.preserved(*target) || found_.frame_register) return;
    found_.frame_register = target;
    found_.frame_offset = offset;
  }

  Architecture architecture_;
  const UnwindArchitecture& arch_;
  Prologue found_;
  std::vector<std::string> operands_;
  bool write_back_ = false, link_in_r0_ = false;
};

}  // namespace

std::optional<Prologue> read_prologue(const DebugInfo& info, std::uint64_t begin, std::uint64_t pc) {
  switch (info.architecture()) {
    case Architecture::arm: case Architecture::aarch64: case Architecture::riscv32: case Architecture::riscv64:
    case Architecture::ppc: case Architecture::sparc: break;
    default: return std::nullopt;
  }
  if (pc < begin) return std::nullopt;
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(pc - begin, max_bytes));
  const Bytes bytes = info.bytes(begin, size);
  Reader reader(info.architecture());
  for (const Instruction& instruction : disassemble({.architecture = info.architecture(), .cortex_m = info.arm_profile() == 'M',
                                                     .big_endian = info.code_big_endian(), .address = begin, .bytes = bytes,
                                                     .contents = info.contents(begin, size)}))
    if (!reader.take(instruction)) break;
  return reader.result();
}

}  // namespace virserver::image
