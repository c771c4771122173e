// What gdb assumes of a stub without a description: the `g` packet of each architecture, from before there were any.
// Source: gdb's built-in layouts (arm with FPA, mips, sparc); RISC-V and AArch64 as their core features.
#include <fmt/format.h>

#include "gdb/target_description.hpp"

namespace virserver::gdb {
namespace {

class Layout {
 public:
  void add(std::string name, unsigned bits, RegisterGroup group = RegisterGroup::general, std::string_view type = "int") {
    Register reg;
    reg.name = std::move(name);
    reg.number = static_cast<int>(registers_.size());
    reg.bits = bits;
    reg.group = group;
    reg.type = type;
    registers_.push_back(std::move(reg));
  }
  void add_all(std::initializer_list<const char*> names, unsigned bits, RegisterGroup group = RegisterGroup::general) {
    for (const auto* name : names) add(name, bits, group);
  }
  void add_range(std::string_view prefix, int count, unsigned bits, RegisterGroup group = RegisterGroup::general) {
    for (int i = 0; i < count; ++i) add(fmt::format("{}{}", prefix, i), bits, group);
  }
  TargetDescription make(std::string architecture) {
    auto description = TargetDescription::make(std::move(architecture), std::move(registers_));
    return description ? std::move(*description) : TargetDescription();
  }

 private:
  std::vector<Register> registers_;
};

TargetDescription arm() {
  Layout layout;
  layout.add_range("r", 13, 32);
  layout.add("sp", 32, RegisterGroup::general, "data_ptr");
  layout.add("lr", 32);
  layout.add("pc", 32, RegisterGroup::general, "code_ptr");
  layout.add_range("f", 8, 96, RegisterGroup::floating);
  layout.add("fps", 32, RegisterGroup::floating);
  layout.add("cpsr", 32);
  return layout.make("arm");
}

TargetDescription aarch64() {
  Layout layout;
  layout.add_range("x", 31, 64);
  layout.add("sp", 64, RegisterGroup::general, "data_ptr");
  layout.add("pc", 64, RegisterGroup::general, "code_ptr");
  layout.add("cpsr", 32);
  return layout.make("aarch64");
}

TargetDescription riscv(unsigned bits) {
  Layout layout;
  layout.add_all({"zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "fp", "s1"}, bits);
  layout.add_range("a", 8, bits);
  layout.add_all({"s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"}, bits);
  layout.add("pc", bits, RegisterGroup::general, "code_ptr");
  return layout.make(bits == 32 ? "riscv:rv32" : "riscv:rv64");
}

TargetDescription sparc() {
  Layout layout;
  for (const auto* window : {"g", "o", "l", "i"}) layout.add_range(window, 8, 32);
  layout.add_range("f", 32, 32, RegisterGroup::floating);
  layout.add_all({"y", "psr", "wim", "tbr"}, 32, RegisterGroup::special);
  layout.add("pc", 32, RegisterGroup::general, "code_ptr");
  layout.add("npc", 32, RegisterGroup::general, "code_ptr");
  layout.add("fsr", 32, RegisterGroup::floating);
  layout.add("csr", 32, RegisterGroup::special);
  return layout.make("sparc");
}

TargetDescription mips() {
  Layout layout;
  layout.add_range("r", 32, 32);
  layout.add_all({"sr", "lo", "hi", "bad", "cause"}, 32, RegisterGroup::special);
  layout.add("pc", 32, RegisterGroup::general, "code_ptr");
  layout.add_range("f", 32, 32, RegisterGroup::floating);
  layout.add_all({"fsr", "fir"}, 32, RegisterGroup::floating);
  layout.add("fp", 32);
  return layout.make("mips");
}

}  // namespace

TargetDescription default_description(Architecture architecture) {
  switch (architecture) {
    case Architecture::arm: return arm();
    case Architecture::aarch64: return aarch64();
    case Architecture::riscv32: return riscv(32);
    case Architecture::riscv64: return riscv(64);
    case Architecture::sparc: return sparc();
    case Architecture::mips: return mips();
    default: return {};
  }
}

}  // namespace virserver::gdb
