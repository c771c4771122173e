#include "image/disassemble.hpp"

#include "unit/image/samples.hpp"

namespace virserver::image {
namespace {

using namespace testing;

Bytes from_hex(std::string_view text) {
  Bytes bytes;
  std::string digits;
  for (const char c : text)
    if (c != ' ') digits += c;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
    bytes.push_back(static_cast<std::byte>(std::stoi(digits.substr(i, 2), nullptr, 16)));
  return bytes;
}

struct Expected {
  std::string text;
  Flow flow = Flow::next;
  std::optional<std::uint64_t> target;
};

void check(Code code, std::string_view hex, std::vector<Expected> expected) {
  SCOPED_TRACE(std::string(to_string(code.architecture)).append(" ").append(hex));
  const Bytes bytes = from_hex(hex);
  code.bytes = bytes;
  const auto instructions = disassemble(code);
  ASSERT_EQ(instructions.size(), expected.size());
  std::uint64_t address = code.address;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const Instruction& instruction = instructions[i];
    EXPECT_EQ(instruction.mnemonic + (instruction.operands.empty() ? "" : " ") + instruction.operands, expected[i].text);
    EXPECT_EQ(instruction.address, address);
    EXPECT_EQ(instruction.flow, expected[i].flow) << expected[i].text;
    EXPECT_EQ(instruction.target, expected[i].target) << expected[i].text;
    address += instruction.bytes.size();
  }
}

TEST(Disassemble, Thumb) {
  const Code code{.architecture = Architecture::arm, .thumb = true, .cortex_m = true, .address = 0x08000000};
  check(code, "10b5 00f002f8 fee7 0120 7047 10bd 00be 00de",
        {{"push {r4, lr}"}, {"bl #0x800000a", Flow::call, 0x0800000a}, {"b #0x8000006", Flow::jump, 0x08000006}, {"movs r0, #1"},
         {"bx lr", Flow::return_}, {"pop {r4, pc}", Flow::return_}, {"bkpt #0", Flow::stop}, {"udf #0", Flow::stop}});
  check(code, "00d1 05b1 1847 8847 ffffffff", {{"bne #0x8000004", Flow::conditional, 0x08000004},
        {"cbz r5, #0x8000006", Flow::conditional, 0x08000006}, {"bx r3", Flow::jump}, {"blx r1", Flow::call}, {".word 0xffffffff"}});
  check(code, "80f30988 eff31080 bff34f8f 62b6 30bf", {{"msr psp, r0"}, {"mrs r0, primask"}, {"dsb sy"}, {"cpsie i"}, {"wfi"}});
  check(code, "5df804fb", {{"ldr pc, [sp], #4", Flow::return_}});
  check(code, "08bf 7047", {{"it eq"}, {"bxeq lr", Flow::return_}});
}

TEST(Disassemble, Arm) {
  const Code code{.architecture = Architecture::arm, .address = 0x40200000};
  check(code, "10402de9 000000eb feffffea 0100001a 1eff2fe1 1080bde8 04f01ee2 f0f000e6",
        {{"push {r4, lr}"}, {"bl #0x4020000c", Flow::call, 0x4020000c}, {"b #0x40200008", Flow::jump, 0x40200008},
         {"bne #0x40200018", Flow::conditional, 0x40200018}, {"bx lr", Flow::return_}, {"pop {r4, pc}", Flow::return_},
         {"ands pc, lr, #4"}, {".word 0xe600f0f0"}});
  check(code, "04f05ee2 0ef0a0e1 04f09de4", {{"subs pc, lr, #4", Flow::return_}, {"mov pc, lr", Flow::return_}, {"pop {pc}", Flow::return_}});
}

TEST(Disassemble, AArch64) {
  const Code code{.architecture = Architecture::aarch64, .address = 0x40200000};
  check(code, "fd7bbfa9 02000094 41000054 00003fd6 40001fd6 c0035fd6 e0039fd6 000020d4 600000b4",
        {{"stp x29, x30, [sp, #-0x10]!"}, {"bl #0x4020000c", Flow::call, 0x4020000c}, {"b.ne #0x40200010", Flow::conditional, 0x40200010},
         {"blr x0", Flow::call}, {"br x2", Flow::jump}, {"ret", Flow::return_}, {"eret", Flow::return_}, {"brk #0", Flow::stop},
         {"cbz x0, #0x4020002c", Flow::conditional, 0x4020002c}});
}

TEST(Disassemble, RiscV) {
  const Code code{.architecture = Architecture::riscv32, .address = 0x80000000};
  check(code, "4111 06c6 ef004000 8280 93050000 e3080500 73002030 73001000 13050010 37150000 73105030 0290",
        {{"addi sp, sp, -16"}, {"sw ra, 12(sp)"}, {"jal 0x80000008", Flow::call, 0x80000008}, {"ret", Flow::return_}, {"li a1, 0"},
         {"beqz a0, 0x8000081e", Flow::conditional, 0x8000081e}, {"mret", Flow::return_}, {"ebreak", Flow::stop}, {"li a0, 256"},
         {"lui a0, 0x1"}, {"csrw mtvec, zero"}, {"ebreak", Flow::stop}});
  const Code wide{.architecture = Architecture::riscv64, .address = 0x80000000};
  check(wide, "0265 83b58500 2fb5b500 1b050500 53f0a002 bb052508",
        {{"ld a0, 0(sp)"}, {"ld a1, 8(a1)"}, {"amoadd.d a0, a1, (a1)"}, {"sext.w a0, a0"}, {"fadd.d ft0, ft1, fa0"}, {"add.uw a1, a0, sp"}});
}

TEST(Disassemble, Others) {
  check({.architecture = Architecture::ppc, .big_endian = true, .address = 0x10000}, "7c0802a6 48000009 4e800020 4e800421 41820008",
        {{"mflr r0"}, {"bl 0x1000c", Flow::call, 0x1000c}, {"blr", Flow::return_}, {"bctrl", Flow::call}, {"beq 0x10018", Flow::conditional, 0x10018}});
  check({.architecture = Architecture::sparc, .big_endian = true, .address = 0x40000000}, "9de3bfa0 40000002 01000000 81c7e008 81e80000",
        {{"save %sp, -0x60, %sp"}, {"call 0x4000000c", Flow::call, 0x4000000c}, {"nop"}, {"ret", Flow::return_}, {"restore"}});
  check({.architecture = Architecture::x86_64, .address = 0x1000}, "55 e802000000 c3 7400 0f0b",
        {{"push rbp"}, {"call 0x1008", Flow::call, 0x1008}, {"ret", Flow::return_}, {"je 0x1009", Flow::conditional, 0x1009}, {"ud2", Flow::stop}});
  check({.architecture = Architecture::mips, .big_endian = true, .address = 0x1000}, "0c000402 00000000 03e00008 00000000",
        {{"jal 0x1008", Flow::call, 0x1008}, {"nop"}, {"jr $ra", Flow::return_}, {"nop"}});
}

TEST(Disassemble, DelaySlots) {
  const Bytes bytes = from_hex("40000002 01000000");
  const auto instructions = disassemble({.architecture = Architecture::sparc, .big_endian = true, .address = 0, .bytes = bytes});
  ASSERT_EQ(instructions.size(), 2u);
  EXPECT_EQ(instructions[0].delay_slots, 1u);
  EXPECT_EQ(instructions[1].delay_slots, 0u);
}

TEST(Disassemble, DataAmongTheCode) {
  const Code code{.architecture = Architecture::arm, .cortex_m = true, .address = 0x100,
                  .contents = {{0x100, 0x102, Content::thumb}, {0x102, 0x10b, Content::data}}};
  check(code, "7047 0102 03040506 0708 09",
        {{"bx lr", Flow::return_}, {".short 0x0201"}, {".word 0x06050403"}, {".short 0x0807"}, {".byte 0x09"}});
}

TEST(Disassemble, EndsAndOddities) {
  const Code thumb{.architecture = Architecture::arm, .thumb = true, .address = 0x100};
  check(thumb, "7047 00f0", {{"bx lr", Flow::return_}});   // half of a call is left out
  check(thumb, "00f0", {{".short 0xf000"}});               // unless it is all there is
  check(thumb, "", {});
  Code odd = thumb;
  odd.address = 0x101;
  check(odd, "aa 7047", {{".byte 0xaa"}, {"bx lr", Flow::return_}});
  check({.architecture = Architecture::xtensa, .address = 0}, "360041", {{".byte 0x36"}, {".byte 0x00"}, {".byte 0x41"}});
  EXPECT_FALSE(can_disassemble(Architecture::xtensa));
  EXPECT_TRUE(can_disassemble(Architecture::riscv32));
  EXPECT_TRUE(can_disassemble(Architecture::arm));
  const Bytes bytes = from_hex("7047 7047 7047");
  Code limited = thumb;
  limited.bytes = bytes;
  EXPECT_EQ(disassemble(limited, 2).size(), 2u);
  limited.address = ~0ull - 1;
  EXPECT_TRUE(disassemble(limited).empty());
  limited.address = 0x100;
  limited.contents = {{0, 0x50, Content::data}, {0x102, 0x90, Content::arm}, {0x1000, 0x2000, Content::data}};
  EXPECT_EQ(disassemble(limited).size(), 3u) << "ranges that are elsewhere or upside down are not followed";
}

// Every byte of the samples' code is one of their compiler's instructions, and every direct call goes to a function.
class DisassembleSample : public ::testing::TestWithParam<const char*> {};

TEST_P(DisassembleSample, AllIsCode) {
  OPEN_SAMPLE(info, GetParam());
  int calls = 0;
  for (const char* const name : {"leaf", "middle", "outer", "recursive", "main"}) {
    const Symbol symbol = info->symbols_named(name).at(0);
    const Bytes bytes = info->bytes(symbol.address, static_cast<std::size_t>(symbol.size));
    const auto instructions = disassemble({.architecture = info->architecture(), .cortex_m = info->arm_profile() == 'M',
                                           .big_endian = info->code_big_endian(), .address = symbol.address, .bytes = bytes,
                                           .contents = info->contents(symbol.address, symbol.size)});
    std::uint64_t next = symbol.address;
    for (const Instruction& instruction : instructions) {
      EXPECT_EQ(instruction.address, next);
      next += instruction.bytes.size();
      const auto content = info->contents(instruction.address, 1).at(0).content;
      EXPECT_EQ(instruction.mnemonic.starts_with('.'), content == Content::data) << name << ": " << instruction.mnemonic << instruction.operands;
      if (instruction.flow != Flow::call || !instruction.target) continue;
      const auto callee = info->symbol_at(*instruction.target);
      ASSERT_TRUE(callee);
      EXPECT_EQ(callee->offset, 0u);
      ++calls;
    }
    EXPECT_EQ(next, symbol.address + symbol.size);
  }
  EXPECT_GE(calls, 4);
}

INSTANTIATE_TEST_SUITE_P(Samples, DisassembleSample,
                         ::testing::Values("thumb-O0", "thumb-O2", "arm-O0", "arm-O2", "arm-big-endian", "aarch64-O0", "aarch64-pac",
                                           "riscv32-O0", "riscv32-Os", "riscv64-O2", "ppc-O0", "ppc-O2", "sparc-O0", "sparc-O2"),
                         [](const auto& test) {
                           std::string name = test.param;
                           for (char& c : name)
                             if (c == '-') c = '_';
                           return name;
                         });

}  // namespace
}  // namespace virserver::image
