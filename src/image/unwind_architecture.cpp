#include "image/unwind_architecture.hpp"

#include "image/unwind.hpp"

namespace virserver::image {
namespace {

using Name = std::string_view;

constexpr Name arm_names[] = {"r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "sp", "lr", "pc"};

constexpr Name aarch64_names[] = {"x0",  "x1",  "x2",  "x3",  "x4",  "x5",  "x6",  "x7",  "x8",  "x9",  "x10",
                                  "x11", "x12", "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21",
                                  "x22", "x23", "x24", "x25", "x26", "x27", "x28", "x29", "x30", "sp"};

constexpr Name riscv_names[] = {"zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "fp", "s1", "a0",
                                "a1",   "a2", "a3", "a4", "a5", "a6", "a7", "s2", "s3", "s4", "s5",
                                "s6",   "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"};

constexpr Name ppc_names[] = {"r0",  "r1",  "r2",  "r3",  "r4",  "r5",  "r6",  "r7",  "r8",  "r9",  "r10", "r11", "r12", "r13",
                              "r14", "r15", "r16", "r17", "r18", "r19", "r20", "r21", "r22", "r23", "r24", "r25", "r26", "r27",
                              "r28", "r29", "r30", "r31", "f0",  "f1",  "f2",  "f3",  "f4",  "f5",  "f6",  "f7",  "f8",  "f9",
                              "f10", "f11", "f12", "f13", "f14", "f15", "f16", "f17", "f18", "f19", "f20", "f21", "f22", "f23",
                              "f24", "f25", "f26", "f27", "f28", "f29", "f30", "f31", "cr",  "lr",  "ctr"};

constexpr Name sparc_names[] = {"g0", "g1", "g2", "g3", "g4", "g5", "g6", "g7", "o0", "o1", "o2", "o3", "o4", "o5", "sp", "o7",
                                "l0", "l1", "l2", "l3", "l4", "l5", "l6", "l7", "i0", "i1", "i2", "i3", "i4", "i5", "fp", "i7"};

constexpr Name mips_names[] = {"zero", "at", "v0", "v1", "a0", "a1", "a2", "a3", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7",
                               "s0",   "s1", "s2", "s3", "s4", "s5", "s6", "s7", "t8", "t9", "k0", "k1", "gp", "sp", "s8", "ra"};

constexpr Name x86_names[] = {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "eip"};
constexpr Name x86_64_names[] = {"rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp", "r8",
                                 "r9",  "r10", "r11", "r12", "r13", "r14", "r15", "rip"};

constexpr UnwindArchitecture arm{.names = arm_names, .word = 4, .stack_pointer = 13, .link_register = 14, .frame_pointer = 11,
                                 .preserved = [](unsigned n) { return n >= 4 && n <= 11; }};
constexpr UnwindArchitecture aarch64{.names = aarch64_names, .word = 8, .stack_pointer = 31, .link_register = 30,
                                     .frame_pointer = 29, .preserved = [](unsigned n) { return n >= 18 && n <= 29; }};
constexpr bool riscv_preserved(unsigned n) { return n == 3 || n == 4 || n == 8 || n == 9 || (n >= 18 && n <= 27); }
constexpr UnwindArchitecture riscv32{.names = riscv_names, .word = 4, .stack_pointer = 2, .link_register = 1, .frame_pointer = 8,
                                     .preserved = riscv_preserved};
constexpr UnwindArchitecture riscv64{.names = riscv_names, .word = 8, .stack_pointer = 2, .link_register = 1, .frame_pointer = 8,
                                     .preserved = riscv_preserved};
constexpr UnwindArchitecture ppc{.names = ppc_names, .word = 4, .stack_pointer = 1, .link_register = 65, .frame_pointer = {},
                                 .preserved = [](unsigned n) { return n == 2 || (n >= 13 && n <= 31) || (n >= 46 && n <= 63); }};
constexpr UnwindArchitecture sparc{.names = sparc_names, .word = 4, .stack_pointer = 14, .link_register = 15, .frame_pointer = 30,
                                   .return_offset = 8, .preserved = [](unsigned n) { return n >= 16 && n <= 31; }};
constexpr UnwindArchitecture mips{.names = mips_names, .word = 4, .stack_pointer = 29, .link_register = 31, .frame_pointer = {},
                                  .preserved = [](unsigned n) { return (n >= 16 && n <= 23) || n == 28 || n == 30; }};
constexpr UnwindArchitecture x86{.names = x86_names, .word = 4, .stack_pointer = 4, .link_register = {}, .frame_pointer = 5,
                                 .preserved = [](unsigned n) { return n == 3 || (n >= 5 && n <= 7); }};
constexpr UnwindArchitecture x86_64{.names = x86_64_names, .word = 8, .stack_pointer = 7, .link_register = {}, .frame_pointer = 6,
                                    .preserved = [](unsigned n) { return n == 3 || n == 6 || (n >= 12 && n <= 15); }};

}  // namespace

const UnwindArchitecture* unwind_architecture(Architecture architecture) {
  switch (architecture) {
    case Architecture::arm: return &arm;
    case Architecture::aarch64: return &aarch64;
    case Architecture::riscv32: return &riscv32;
    case Architecture::riscv64: return &riscv64;
    case Architecture::ppc: return &ppc;
    case Architecture::sparc: return &sparc;
    case Architecture::mips: return &mips;
    case Architecture::x86: return &x86;
    case Architecture::x86_64: return &x86_64;
    default: return nullptr;
  }
}

std::string_view other_name(Architecture architecture, std::string_view name) {
  struct Pair {
    Architecture architecture;
    std::string_view name, other;
  };
  static constexpr Pair pairs[] = {{Architecture::riscv32, "fp", "s0"}, {Architecture::riscv64, "fp", "s0"},
                                   {Architecture::sparc, "fp", "i6"}, {Architecture::sparc, "sp", "o6"},
                                   {Architecture::aarch64, "x30", "lr"}, {Architecture::aarch64, "x29", "fp"},
                                   {Architecture::arm, "sp", "r13"}, {Architecture::arm, "lr", "r14"},
                                   {Architecture::arm, "pc", "r15"},
                                   {Architecture::mips, "s8", "fp"}};
  for (const Pair& pair : pairs)
    if (pair.architecture == architecture && pair.name == name) return pair.other;
  return {};
}

unsigned canonical_register(Architecture architecture, unsigned number) {
  if (architecture != Architecture::ppc) return number;
  switch (number) {
    case 108: return 65;  // lr
    case 109: return 66;  // ctr
    default: return number;
  }
}

std::string_view dwarf_register_name(Architecture architecture, unsigned number) {
  const UnwindArchitecture* const known = unwind_architecture(architecture);
  number = canonical_register(architecture, number);
  return known && number < known->names.size() ? known->names[number] : std::string_view();
}

}  // namespace virserver::image
