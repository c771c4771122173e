// Instruction-set families, as images and boards both name them.
#pragma once
#include <optional>
#include <string_view>

namespace virserver {

enum class Architecture { arm, aarch64, riscv32, riscv64, sparc, ppc, mips, x86, x86_64, xtensa, avr, m68k, other };

constexpr std::string_view to_string(Architecture architecture) {
  constexpr std::string_view names[] = {"arm", "aarch64", "riscv32", "riscv64", "sparc", "ppc", "mips",
                                        "x86", "x86_64", "xtensa", "avr", "m68k", "other"};
  return names[static_cast<int>(architecture)];
}

constexpr std::optional<Architecture> parse_architecture(std::string_view name) {
  for (int i = 0; i <= static_cast<int>(Architecture::other); ++i)
    if (to_string(static_cast<Architecture>(i)) == name) return static_cast<Architecture>(i);
  return std::nullopt;
}

}  // namespace virserver
