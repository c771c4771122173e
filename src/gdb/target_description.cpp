#include "gdb/target_description.hpp"

#include <algorithm>

namespace virserver::gdb {
namespace {

constexpr unsigned max_bits = 1u << 16;  // the longest SVE register has 2048
constexpr int max_number = 1 << 16;

// Second names that users and gdb know. Architecture: how the name in the description begins.
struct Alias {
  std::string_view architecture, alias, name;
};
constexpr Alias aliases[] = {
    {"arm", "r13", "sp"},     {"arm", "r14", "lr"},     {"arm", "r15", "pc"},    {"arm", "fp", "r11"},   {"arm", "ip", "r12"},
    {"arm", "xpsr", "cpsr"},  {"arm", "cpsr", "xpsr"},  {"aarch64", "lr", "x30"}, {"aarch64", "fp", "x29"},
    {"riscv", "x0", "zero"},  {"riscv", "x1", "ra"},    {"riscv", "x2", "sp"},   {"riscv", "x3", "gp"},  {"riscv", "x4", "tp"},
    {"riscv", "x5", "t0"},    {"riscv", "x6", "t1"},    {"riscv", "x7", "t2"},   {"riscv", "x8", "fp"},  {"riscv", "s0", "fp"},
    {"riscv", "x9", "s1"},    {"riscv", "x10", "a0"},   {"riscv", "x11", "a1"},  {"riscv", "x12", "a2"}, {"riscv", "x13", "a3"},
    {"riscv", "x14", "a4"},   {"riscv", "x15", "a5"},   {"riscv", "x16", "a6"},  {"riscv", "x17", "a7"}, {"riscv", "x18", "s2"},
    {"riscv", "x19", "s3"},   {"riscv", "x20", "s4"},   {"riscv", "x21", "s5"},  {"riscv", "x22", "s6"}, {"riscv", "x23", "s7"},
    {"riscv", "x24", "s8"},   {"riscv", "x25", "s9"},   {"riscv", "x26", "s10"}, {"riscv", "x27", "s11"}, {"riscv", "x28", "t3"},
    {"riscv", "x29", "t4"},   {"riscv", "x30", "t5"},   {"riscv", "x31", "t6"},
    {"powerpc", "sp", "r1"},  {"sparc", "sp", "o6"},    {"sparc", "fp", "i6"},   {"mips", "sp", "r29"},
};

// A description without <architecture> still has its features' names.
std::string architecture_of(std::string said, const std::vector<Register>& registers) {
  if (!said.empty()) return said;
  for (const auto& reg : registers) {
    constexpr std::string_view prefix = "org.gnu.gdb.";
    if (!reg.feature.starts_with(prefix)) continue;
    const auto rest = std::string_view(reg.feature).substr(prefix.size());
    const auto name = rest.substr(0, rest.find('.'));
    return name == "power" ? "powerpc" : std::string(name);
  }
  return {};
}

}  // namespace

std::string_view to_string(RegisterGroup group) {
  constexpr std::string_view names[] = {"general", "special", "float", "vector"};
  return names[static_cast<int>(group)];
}

Result<TargetDescription> TargetDescription::make(std::string architecture, std::vector<Register> registers) {
  TargetDescription description;
  std::map<int, Register> by_number;  // keeps the first of a number
  for (auto& reg : registers) {
    if (reg.bits == 0 || reg.bits > max_bits || reg.number < 0 || reg.number > max_number)
      return fail(ErrorCode::ENGINE_PROTOCOL, "the emulator describes a register '{}' of {} bits with the number {}", reg.name,
                  reg.bits, reg.number);
    reg.bits = (reg.bits + 7) / 8 * 8;
    by_number.try_emplace(reg.number, std::move(reg));
  }
  std::size_t offset = 0;
  for (auto& [number, reg] : by_number) {
    reg.offset = offset;
    offset += reg.size();
    description.by_name_.emplace(reg.name, description.registers_.size());
    description.registers_.push_back(std::move(reg));
  }
  description.architecture_ = architecture_of(std::move(architecture), description.registers_);
  return description;
}

const Register* TargetDescription::find(std::string_view name) const {
  if (const auto it = by_name_.find(name); it != by_name_.end()) return &registers_[it->second];
  for (const auto& alias : aliases) {
    if (!architecture_.starts_with(alias.architecture)) continue;
    const auto other = alias.alias == name ? alias.name : alias.name == name ? alias.alias : std::string_view();
    if (other.empty()) continue;
    if (const auto it = by_name_.find(other); it != by_name_.end()) return &registers_[it->second];
  }
  return nullptr;
}

const Register* TargetDescription::find(int number) const {
  const auto it = std::lower_bound(registers_.begin(), registers_.end(), number,
                                   [](const Register& reg, int n) { return reg.number < n; });
  return it != registers_.end() && it->number == number ? &*it : nullptr;
}

const Register* TargetDescription::program_counter() const { return find("pc"); }
const Register* TargetDescription::stack_pointer() const { return find("sp"); }

}  // namespace virserver::gdb
