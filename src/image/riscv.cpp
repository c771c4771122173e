// The 32-bit instructions as a table.
#include <string_view>

#include "image/riscv.hpp"

namespace virserver::image::riscv {
namespace {

// Letters of a format stand for fields: d s t registers (capitals and R: of floats), j o immediate (I), q (S), p branch and
// a jump target, u upper immediate, h w amount of a shift (of the register, of a word), c CSR, z its immediate, P fence.
// A, m and = (both sources the same) as said below. Everything else is shown as it is.
struct Row {
  const char* name;
  std::uint32_t mask, match;
  const char* format;
  int xlen = 0;  // 32 or 64: only there
  Flow flow = Flow::next;
};

// clang-format off
constexpr Row rows[] = {
    // RV32I and RV64I, aliases before what they stand for
    {"nop", 0xffffffff, 0x00000013, ""},
    {"li", 0x000ff07f, 0x00000013, "d, j"},
    {"mv", 0xfff0707f, 0x00000013, "d, s"},
    {"addi", 0x0000707f, 0x00000013, "d, s, j"},
    {"slti", 0x0000707f, 0x00002013, "d, s, j"},
    {"seqz", 0xfff0707f, 0x00103013, "d, s"},
    {"sltiu", 0x0000707f, 0x00003013, "d, s, j"},
    {"not", 0xfff0707f, 0xfff04013, "d, s"},
    {"xori", 0x0000707f, 0x00004013, "d, s, j"},
    {"ori", 0x0000707f, 0x00006013, "d, s, j"},
    {"zext.b", 0xfff0707f, 0x0ff07013, "d, s"},
    {"andi", 0x0000707f, 0x00007013, "d, s, j"},
    {"slli", 0xfc00707f, 0x00001013, "d, s, h"},
    {"srli", 0xfc00707f, 0x00005013, "d, s, h"},
    {"srai", 0xfc00707f, 0x40005013, "d, s, h"},
    {"add", 0xfe00707f, 0x00000033, "d, s, t"},
    {"neg", 0xfe0ff07f, 0x40000033, "d, t"},
    {"sub", 0xfe00707f, 0x40000033, "d, s, t"},
    {"sll", 0xfe00707f, 0x00001033, "d, s, t"},
    {"sltz", 0xfff0707f, 0x00002033, "d, s"},
    {"sgtz", 0xfe0ff07f, 0x00002033, "d, t"},
    {"slt", 0xfe00707f, 0x00002033, "d, s, t"},
    {"snez", 0xfe0ff07f, 0x00003033, "d, t"},
    {"sltu", 0xfe00707f, 0x00003033, "d, s, t"},
    {"xor", 0xfe00707f, 0x00004033, "d, s, t"},
    {"srl", 0xfe00707f, 0x00005033, "d, s, t"},
    {"sra", 0xfe00707f, 0x40005033, "d, s, t"},
    {"or", 0xfe00707f, 0x00006033, "d, s, t"},
    {"and", 0xfe00707f, 0x00007033, "d, s, t"},
    {"lui", 0x0000007f, 0x00000037, "d, u"},
    {"auipc", 0x0000007f, 0x00000017, "d, u"},
    {"j", 0x00000fff, 0x0000006f, "a", 0, Flow::jump},
    {"jal", 0x00000fff, 0x000000ef, "a", 0, Flow::call},
    {"jal", 0x0000007f, 0x0000006f, "d, a", 0, Flow::call},
    {"ret", 0xffffffff, 0x00008067, "", 0, Flow::return_},
    {"jr", 0xfff07fff, 0x00000067, "s", 0, Flow::jump},
    {"jr", 0x00007fff, 0x00000067, "o(s)", 0, Flow::jump},
    {"jalr", 0xfff07fff, 0x000000e7, "s", 0, Flow::call},
    {"jalr", 0x00007fff, 0x000000e7, "o(s)", 0, Flow::call},
    {"jalr", 0xfff0707f, 0x00000067, "d, s", 0, Flow::call},
    {"jalr", 0x0000707f, 0x00000067, "d, o(s)", 0, Flow::call},
    {"beqz", 0x01f0707f, 0x00000063, "s, p", 0, Flow::conditional},
    {"beq", 0x0000707f, 0x00000063, "s, t, p", 0, Flow::conditional},
    {"bnez", 0x01f0707f, 0x00001063, "s, p", 0, Flow::conditional},
    {"bne", 0x0000707f, 0x00001063, "s, t, p", 0, Flow::conditional},
    {"bltz", 0x01f0707f, 0x00004063, "s, p", 0, Flow::conditional},
    {"bgtz", 0x000ff07f, 0x00004063, "t, p", 0, Flow::conditional},
    {"blt", 0x0000707f, 0x00004063, "s, t, p", 0, Flow::conditional},
    {"blez", 0x000ff07f, 0x00005063, "t, p", 0, Flow::conditional},
    {"bgez", 0x01f0707f, 0x00005063, "s, p", 0, Flow::conditional},
    {"bge", 0x0000707f, 0x00005063, "s, t, p", 0, Flow::conditional},
    {"bltu", 0x0000707f, 0x00006063, "s, t, p", 0, Flow::conditional},
    {"bgeu", 0x0000707f, 0x00007063, "s, t, p", 0, Flow::conditional},
    {"lb", 0x0000707f, 0x00000003, "d, o(s)"},
    {"lh", 0x0000707f, 0x00001003, "d, o(s)"},
    {"lw", 0x0000707f, 0x00002003, "d, o(s)"},
    {"ld", 0x0000707f, 0x00003003, "d, o(s)", 64},
    {"lbu", 0x0000707f, 0x00004003, "d, o(s)"},
    {"lhu", 0x0000707f, 0x00005003, "d, o(s)"},
    {"lwu", 0x0000707f, 0x00006003, "d, o(s)", 64},
    {"sb", 0x0000707f, 0x00000023, "t, q(s)"},
    {"sh", 0x0000707f, 0x00001023, "t, q(s)"},
    {"sw", 0x0000707f, 0x00002023, "t, q(s)"},
    {"sd", 0x0000707f, 0x00003023, "t, q(s)", 64},
    {"sext.w", 0xfff0707f, 0x0000001b, "d, s", 64},
    {"addiw", 0x0000707f, 0x0000001b, "d, s, j", 64},
    {"slliw", 0xfe00707f, 0x0000101b, "d, s, w", 64},
    {"srliw", 0xfe00707f, 0x0000501b, "d, s, w", 64},
    {"sraiw", 0xfe00707f, 0x4000501b, "d, s, w", 64},
    {"addw", 0xfe00707f, 0x0000003b, "d, s, t", 64},
    {"negw", 0xfe0ff07f, 0x4000003b, "d, t", 64},
    {"subw", 0xfe00707f, 0x4000003b, "d, s, t", 64},
    {"sllw", 0xfe00707f, 0x0000103b, "d, s, t", 64},
    {"srlw", 0xfe00707f, 0x0000503b, "d, s, t", 64},
    {"sraw", 0xfe00707f, 0x4000503b, "d, s, t", 64},
    // Fences, the privileged architecture, Zicsr
    {"fence.tso", 0xfff0707f, 0x8330000f, ""},
    {"pause", 0xffffffff, 0x0100000f, ""},
    {"fence", 0xffffffff, 0x0ff0000f, ""},
    {"fence", 0x0000707f, 0x0000000f, "P"},
    {"fence.i", 0x0000707f, 0x0000100f, ""},
    {"ecall", 0xffffffff, 0x00000073, ""},
    {"ebreak", 0xffffffff, 0x00100073, "", 0, Flow::stop},
    {"sret", 0xffffffff, 0x10200073, "", 0, Flow::return_},
    {"mret", 0xffffffff, 0x30200073, "", 0, Flow::return_},
    {"dret", 0xffffffff, 0x7b200073, "", 0, Flow::return_},
    {"wfi", 0xffffffff, 0x10500073, ""},
    {"sfence.vma", 0xffffffff, 0x12000073, ""},
    {"sfence.vma", 0xfff07fff, 0x12000073, "s"},
    {"sfence.vma", 0xfe007fff, 0x12000073, "s, t"},
    {"csrw", 0x00007fff, 0x00001073, "c, s"},
    {"csrrw", 0x0000707f, 0x00001073, "d, c, s"},
    {"csrr", 0x000ff07f, 0x00002073, "d, c"},
    {"csrs", 0x00007fff, 0x00002073, "c, s"},
    {"csrrs", 0x0000707f, 0x00002073, "d, c, s"},
    {"csrc", 0x00007fff, 0x00003073, "c, s"},
    {"csrrc", 0x0000707f, 0x00003073, "d, c, s"},
    {"csrwi", 0x00007fff, 0x00005073, "c, z"},
    {"csrrwi", 0x0000707f, 0x00005073, "d, c, z"},
    {"csrsi", 0x00007fff, 0x00006073, "c, z"},
    {"csrrsi", 0x0000707f, 0x00006073, "d, c, z"},
    {"csrci", 0x00007fff, 0x00007073, "c, z"},
    {"csrrci", 0x0000707f, 0x00007073, "d, c, z"},
    // M
    {"mul", 0xfe00707f, 0x02000033, "d, s, t"},
    {"mulh", 0xfe00707f, 0x02001033, "d, s, t"},
    {"mulhsu", 0xfe00707f, 0x02002033, "d, s, t"},
    {"mulhu", 0xfe00707f, 0x02003033, "d, s, t"},
    {"div", 0xfe00707f, 0x02004033, "d, s, t"},
    {"divu", 0xfe00707f, 0x02005033, "d, s, t"},
    {"rem", 0xfe00707f, 0x02006033, "d, s, t"},
    {"remu", 0xfe00707f, 0x02007033, "d, s, t"},
    {"mulw", 0xfe00707f, 0x0200003b, "d, s, t", 64},
    {"divw", 0xfe00707f, 0x0200403b, "d, s, t", 64},
    {"divuw", 0xfe00707f, 0x0200503b, "d, s, t", 64},
    {"remw", 0xfe00707f, 0x0200603b, "d, s, t", 64},
    {"remuw", 0xfe00707f, 0x0200703b, "d, s, t", 64},
    // A; the letter A stands for .aq, .rl or .aqrl behind the name
    {"lr.w", 0xf9f0707f, 0x1000202f, "A d, (s)"},
    {"sc.w", 0xf800707f, 0x1800202f, "A d, t, (s)"},
    {"amoswap.w", 0xf800707f, 0x0800202f, "A d, t, (s)"},
    {"amoadd.w", 0xf800707f, 0x0000202f, "A d, t, (s)"},
    {"amoxor.w", 0xf800707f, 0x2000202f, "A d, t, (s)"},
    {"amoand.w", 0xf800707f, 0x6000202f, "A d, t, (s)"},
    {"amoor.w", 0xf800707f, 0x4000202f, "A d, t, (s)"},
    {"amomin.w", 0xf800707f, 0x8000202f, "A d, t, (s)"},
    {"amomax.w", 0xf800707f, 0xa000202f, "A d, t, (s)"},
    {"amominu.w", 0xf800707f, 0xc000202f, "A d, t, (s)"},
    {"amomaxu.w", 0xf800707f, 0xe000202f, "A d, t, (s)"},
    {"lr.d", 0xf9f0707f, 0x1000302f, "A d, (s)", 64},
    {"sc.d", 0xf800707f, 0x1800302f, "A d, t, (s)", 64},
    {"amoswap.d", 0xf800707f, 0x0800302f, "A d, t, (s)", 64},
    {"amoadd.d", 0xf800707f, 0x0000302f, "A d, t, (s)", 64},
    {"amoxor.d", 0xf800707f, 0x2000302f, "A d, t, (s)", 64},
    {"amoand.d", 0xf800707f, 0x6000302f, "A d, t, (s)", 64},
    {"amoor.d", 0xf800707f, 0x4000302f, "A d, t, (s)", 64},
    {"amomin.d", 0xf800707f, 0x8000302f, "A d, t, (s)", 64},
    {"amomax.d", 0xf800707f, 0xa000302f, "A d, t, (s)", 64},
    {"amominu.d", 0xf800707f, 0xc000302f, "A d, t, (s)", 64},
    {"amomaxu.d", 0xf800707f, 0xe000302f, "A d, t, (s)", 64},
    // F and D; the letter m stands for the rounding mode, where it is not the dynamic one
    {"flw", 0x0000707f, 0x00002007, "D, o(s)"},
    {"fld", 0x0000707f, 0x00003007, "D, o(s)"},
    {"fsw", 0x0000707f, 0x00002027, "T, q(s)"},
    {"fsd", 0x0000707f, 0x00003027, "T, q(s)"},
    {"fmadd.s", 0x0600007f, 0x00000043, "D, S, T, Rm"},
    {"fmsub.s", 0x0600007f, 0x00000047, "D, S, T, Rm"},
    {"fnmsub.s", 0x0600007f, 0x0000004b, "D, S, T, Rm"},
    {"fnmadd.s", 0x0600007f, 0x0000004f, "D, S, T, Rm"},
    {"fadd.s", 0xfe00007f, 0x00000053, "D, S, Tm"},
    {"fsub.s", 0xfe00007f, 0x08000053, "D, S, Tm"},
    {"fmul.s", 0xfe00007f, 0x10000053, "D, S, Tm"},
    {"fdiv.s", 0xfe00007f, 0x18000053, "D, S, Tm"},
    {"fsqrt.s", 0xfff0007f, 0x58000053, "D, Sm"},
    {"fmv.s", 0xfe00707f, 0x20000053, "= D, S"},
    {"fneg.s", 0xfe00707f, 0x20001053, "= D, S"},
    {"fabs.s", 0xfe00707f, 0x20002053, "= D, S"},
    {"fsgnj.s", 0xfe00707f, 0x20000053, "D, S, T"},
    {"fsgnjn.s", 0xfe00707f, 0x20001053, "D, S, T"},
    {"fsgnjx.s", 0xfe00707f, 0x20002053, "D, S, T"},
    {"fmin.s", 0xfe00707f, 0x28000053, "D, S, T"},
    {"fmax.s", 0xfe00707f, 0x28001053, "D, S, T"},
    {"fle.s", 0xfe00707f, 0xa0000053, "d, S, T"},
    {"flt.s", 0xfe00707f, 0xa0001053, "d, S, T"},
    {"feq.s", 0xfe00707f, 0xa0002053, "d, S, T"},
    {"fcvt.w.s", 0xfff0007f, 0xc0000053, "d, Sm"},
    {"fcvt.s.w", 0xfff0007f, 0xd0000053, "D, sm"},
    {"fcvt.wu.s", 0xfff0007f, 0xc0100053, "d, Sm"},
    {"fcvt.s.wu", 0xfff0007f, 0xd0100053, "D, sm"},
    {"fcvt.l.s", 0xfff0007f, 0xc0200053, "d, Sm", 64},
    {"fcvt.s.l", 0xfff0007f, 0xd0200053, "D, sm", 64},
    {"fcvt.lu.s", 0xfff0007f, 0xc0300053, "d, Sm", 64},
    {"fcvt.s.lu", 0xfff0007f, 0xd0300053, "D, sm", 64},
    {"fclass.s", 0xfff0707f, 0xe0001053, "d, S"},
    {"fmadd.d", 0x0600007f, 0x02000043, "D, S, T, Rm"},
    {"fmsub.d", 0x0600007f, 0x02000047, "D, S, T, Rm"},
    {"fnmsub.d", 0x0600007f, 0x0200004b, "D, S, T, Rm"},
    {"fnmadd.d", 0x0600007f, 0x0200004f, "D, S, T, Rm"},
    {"fadd.d", 0xfe00007f, 0x02000053, "D, S, Tm"},
    {"fsub.d", 0xfe00007f, 0x0a000053, "D, S, Tm"},
    {"fmul.d", 0xfe00007f, 0x12000053, "D, S, Tm"},
    {"fdiv.d", 0xfe00007f, 0x1a000053, "D, S, Tm"},
    {"fsqrt.d", 0xfff0007f, 0x5a000053, "D, Sm"},
    {"fmv.d", 0xfe00707f, 0x22000053, "= D, S"},
    {"fneg.d", 0xfe00707f, 0x22001053, "= D, S"},
    {"fabs.d", 0xfe00707f, 0x22002053, "= D, S"},
    {"fsgnj.d", 0xfe00707f, 0x22000053, "D, S, T"},
    {"fsgnjn.d", 0xfe00707f, 0x22001053, "D, S, T"},
    {"fsgnjx.d", 0xfe00707f, 0x22002053, "D, S, T"},
    {"fmin.d", 0xfe00707f, 0x2a000053, "D, S, T"},
    {"fmax.d", 0xfe00707f, 0x2a001053, "D, S, T"},
    {"fle.d", 0xfe00707f, 0xa2000053, "d, S, T"},
    {"flt.d", 0xfe00707f, 0xa2001053, "d, S, T"},
    {"feq.d", 0xfe00707f, 0xa2002053, "d, S, T"},
    {"fcvt.w.d", 0xfff0007f, 0xc2000053, "d, Sm"},
    {"fcvt.d.w", 0xfff0707f, 0xd2000053, "D, s"},
    {"fcvt.wu.d", 0xfff0007f, 0xc2100053, "d, Sm"},
    {"fcvt.d.wu", 0xfff0707f, 0xd2100053, "D, s"},
    {"fcvt.l.d", 0xfff0007f, 0xc2200053, "d, Sm", 64},
    {"fcvt.d.l", 0xfff0007f, 0xd2200053, "D, sm", 64},
    {"fcvt.lu.d", 0xfff0007f, 0xc2300053, "d, Sm", 64},
    {"fcvt.d.lu", 0xfff0007f, 0xd2300053, "D, sm", 64},
    {"fclass.d", 0xfff0707f, 0xe2001053, "d, S"},
    {"fmv.x.w", 0xfff0707f, 0xe0000053, "d, S"},
    {"fmv.w.x", 0xfff0707f, 0xf0000053, "D, s"},
    {"fmv.x.d", 0xfff0707f, 0xe2000053, "d, S", 64},
    {"fmv.d.x", 0xfff0707f, 0xf2000053, "D, s", 64},
    {"fcvt.s.d", 0xfff0007f, 0x40100053, "D, Sm"},
    {"fcvt.d.s", 0xfff0707f, 0x42000053, "D, S"},
    // Zba, Zbb, Zbs
    {"sh1add", 0xfe00707f, 0x20002033, "d, s, t"},
    {"sh2add", 0xfe00707f, 0x20004033, "d, s, t"},
    {"sh3add", 0xfe00707f, 0x20006033, "d, s, t"},
    {"andn", 0xfe00707f, 0x40007033, "d, s, t"},
    {"orn", 0xfe00707f, 0x40006033, "d, s, t"},
    {"xnor", 0xfe00707f, 0x40004033, "d, s, t"},
    {"min", 0xfe00707f, 0x0a004033, "d, s, t"},
    {"minu", 0xfe00707f, 0x0a005033, "d, s, t"},
    {"max", 0xfe00707f, 0x0a006033, "d, s, t"},
    {"maxu", 0xfe00707f, 0x0a007033, "d, s, t"},
    {"rol", 0xfe00707f, 0x60001033, "d, s, t"},
    {"ror", 0xfe00707f, 0x60005033, "d, s, t"},
    {"bset", 0xfe00707f, 0x28001033, "d, s, t"},
    {"bclr", 0xfe00707f, 0x48001033, "d, s, t"},
    {"binv", 0xfe00707f, 0x68001033, "d, s, t"},
    {"bext", 0xfe00707f, 0x48005033, "d, s, t"},
    {"zext.w", 0xfff0707f, 0x0800003b, "d, s", 64},
    {"add.uw", 0xfe00707f, 0x0800003b, "d, s, t", 64},
    {"sh1add.uw", 0xfe00707f, 0x2000203b, "d, s, t", 64},
    {"sh2add.uw", 0xfe00707f, 0x2000403b, "d, s, t", 64},
    {"sh3add.uw", 0xfe00707f, 0x2000603b, "d, s, t", 64},
    {"rolw", 0xfe00707f, 0x6000103b, "d, s, t", 64},
    {"rorw", 0xfe00707f, 0x6000503b, "d, s, t", 64},
    {"slli.uw", 0xfc00707f, 0x0800101b, "d, s, h", 64},
    {"clz", 0xfff0707f, 0x60001013, "d, s"},
    {"clzw", 0xfff0707f, 0x6000101b, "d, s", 64},
    {"ctz", 0xfff0707f, 0x60101013, "d, s"},
    {"ctzw", 0xfff0707f, 0x6010101b, "d, s", 64},
    {"cpop", 0xfff0707f, 0x60201013, "d, s"},
    {"cpopw", 0xfff0707f, 0x6020101b, "d, s", 64},
    {"sext.b", 0xfff0707f, 0x60401013, "d, s"},
    {"sext.h", 0xfff0707f, 0x60501013, "d, s"},
    {"zext.h", 0xfff0707f, 0x08004033, "d, s", 32},
    {"zext.h", 0xfff0707f, 0x0800403b, "d, s", 64},
    {"rev8", 0xfff0707f, 0x69805013, "d, s", 32},
    {"rev8", 0xfff0707f, 0x6b805013, "d, s", 64},
    {"orc.b", 0xfff0707f, 0x28705013, "d, s"},
    {"rori", 0xfc00707f, 0x60005013, "d, s, h"},
    {"roriw", 0xfe00707f, 0x6000501b, "d, s, w", 64},
    {"bseti", 0xfc00707f, 0x28001013, "d, s, h"},
    {"bclri", 0xfc00707f, 0x48001013, "d, s, h"},
    {"binvi", 0xfc00707f, 0x68001013, "d, s, h"},
    {"bexti", 0xfc00707f, 0x48005013, "d, s, h"},
};
// clang-format on

constexpr std::uint32_t field(std::uint32_t word, unsigned high, unsigned low) {
  return (word >> low) & ((1u << (high - low + 1)) - 1);
}
constexpr std::int64_t immediate_i(std::uint32_t word) { return static_cast<std::int32_t>(word) >> 20; }
constexpr std::int64_t immediate_s(std::uint32_t word) {
  return (static_cast<std::int32_t>(word) >> 25 << 5) | static_cast<std::int32_t>(field(word, 11, 7));
}
constexpr std::int64_t immediate_b(std::uint32_t word) {
  return (static_cast<std::int32_t>(word) >> 31 << 12) |
         static_cast<std::int32_t>(field(word, 7, 7) << 11 | field(word, 30, 25) << 5 | field(word, 11, 8) << 1);
}
constexpr std::int64_t immediate_j(std::uint32_t word) {
  return (static_cast<std::int32_t>(word) >> 31 << 20) |
         static_cast<std::int32_t>(field(word, 19, 12) << 12 | field(word, 20, 20) << 11 | field(word, 30, 21) << 1);
}

std::string csr_name(unsigned number) {
  struct Csr {
    unsigned number;
    const char* name;
  };
  static constexpr Csr names[] = {
      {0x001, "fflags"}, {0x002, "frm"}, {0x003, "fcsr"}, {0x100, "sstatus"}, {0x104, "sie"}, {0x105, "stvec"},
      {0x106, "scounteren"}, {0x140, "sscratch"}, {0x141, "sepc"}, {0x142, "scause"}, {0x143, "stval"}, {0x144, "sip"},
      {0x180, "satp"}, {0x300, "mstatus"}, {0x301, "misa"}, {0x302, "medeleg"}, {0x303, "mideleg"}, {0x304, "mie"},
      {0x305, "mtvec"}, {0x306, "mcounteren"}, {0x310, "mstatush"}, {0x320, "mcountinhibit"}, {0x340, "mscratch"},
      {0x341, "mepc"}, {0x342, "mcause"}, {0x343, "mtval"}, {0x344, "mip"}, {0x3a0, "pmpcfg0"}, {0x3a1, "pmpcfg1"},
      {0x3a2, "pmpcfg2"}, {0x3a3, "pmpcfg3"}, {0x7a0, "tselect"}, {0x7a1, "tdata1"}, {0x7a2, "tdata2"}, {0x7a3, "tdata3"},
      {0x7b0, "dcsr"}, {0x7b1, "dpc"}, {0xb00, "mcycle"}, {0xb02, "minstret"}, {0xb80, "mcycleh"}, {0xb82, "minstreth"},
      {0xc00, "cycle"}, {0xc01, "time"}, {0xc02, "instret"}, {0xc80, "cycleh"}, {0xc81, "timeh"}, {0xc82, "instreth"},
      {0xf11, "mvendorid"}, {0xf12, "marchid"}, {0xf13, "mimpid"}, {0xf14, "mhartid"}};
  for (const Csr& csr : names)
    if (csr.number == number) return csr.name;
  if (number >= 0x3b0 && number <= 0x3bf) return fmt::format("pmpaddr{}", number - 0x3b0);
  return fmt::format("{:#x}", number);
}

std::string fence_set(unsigned bits) {
  std::string text;
  for (unsigned i = 0; i < 4; ++i)
    if (bits & (8u >> i)) text += "iorw"[i];
  return text.empty() ? "0" : text;
}

class Printer {
 public:
  Printer(std::uint32_t word, std::uint64_t address, bool is_64) : word_(word), address_(address), is_64_(is_64) {}

  // Nothing where a field has a value that the instruction does not allow.
  std::optional<Instruction> print(const Row& row) {
    Instruction instruction{.address = address_, .mnemonic = row.name, .flow = row.flow};
    std::string_view format = row.format;
    if (format.starts_with('=')) {
      if (field(word_, 19, 15) != field(word_, 24, 20)) return std::nullopt;
      format.remove_prefix(2);
    }
    if (format.starts_with('A')) {
      static constexpr const char* orders[] = {"", ".rl", ".aq", ".aqrl"};
      instruction.mnemonic += orders[field(word_, 26, 25)];
      format.remove_prefix(2);
    }
    for (const char letter : format)
      if (!add(letter, instruction)) return std::nullopt;
    return instruction;
  }

 private:
  bool add(char letter, Instruction& instruction) const {
    std::string& text = instruction.operands;
    const auto target = [&](std::int64_t offset) {
      const std::uint64_t to = address_ + static_cast<std::uint64_t>(offset);
      instruction.target = is_64_ ? to : to & 0xffffffff;
      text += fmt::format("{:#x}", *instruction.target);
    };
    switch (letter) {
      case 'd': text += integer_names[field(word_, 11, 7)]; return true;
      case 's': text += integer_names[field(word_, 19, 15)]; return true;
      case 't': text += integer_names[field(word_, 24, 20)]; return true;
      case 'D': text += float_names[field(word_, 11, 7)]; return true;
      case 'S': text += float_names[field(word_, 19, 15)]; return true;
      case 'T': text += float_names[field(word_, 24, 20)]; return true;
      case 'R': text += float_names[field(word_, 31, 27)]; return true;
      case 'j': case 'o': text += std::to_string(immediate_i(word_)); return true;
      case 'q': text += std::to_string(immediate_s(word_)); return true;
      case 'p': target(immediate_b(word_)); return true;
      case 'a': target(immediate_j(word_)); return true;
      case 'u': text += fmt::format("{:#x}", field(word_, 31, 12)); return true;
      case 'h':
        if (!is_64_ && field(word_, 25, 25)) return false;
        text += fmt::format("{:#x}", field(word_, 25, 20));
        return true;
      case 'w': text += fmt::format("{:#x}", field(word_, 24, 20)); return true;
      case 'c': text += csr_name(field(word_, 31, 20)); return true;
      case 'z': text += std::to_string(field(word_, 19, 15)); return true;
      case 'P': text += fmt::format("{}, {}", fence_set(field(word_, 27, 24)), fence_set(field(word_, 23, 20))); return true;
      case 'm': return add_rounding(text);
      default: text += letter; return true;
    }
  }

  bool add_rounding(std::string& text) const {
    static constexpr const char* modes[] = {", rne", ", rtz", ", rdn", ", rup", ", rmm", nullptr, nullptr, ""};
    const char* const mode = modes[field(word_, 14, 12)];
    if (mode) text += mode;
    return mode != nullptr;
  }

  std::uint32_t word_;
  std::uint64_t address_;
  bool is_64_;
};

}  // namespace

const char* const integer_names[32] = {"zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0",
                                       "a1", "a2", "a3", "a4", "a5", "a6", "a7", "s2", "s3", "s4", "s5",
                                       "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"};
const char* const float_names[32] = {"ft0", "ft1", "ft2", "ft3", "ft4", "ft5", "ft6", "ft7", "fs0", "fs1", "fa0",
                                     "fa1", "fa2", "fa3", "fa4", "fa5", "fa6", "fa7", "fs2", "fs3", "fs4", "fs5",
                                     "fs6", "fs7", "fs8", "fs9", "fs10", "fs11", "ft8", "ft9", "ft10", "ft11"};

std::optional<Instruction> decode(std::uint32_t word, std::uint64_t address, bool is_64) {
  if (is_compressed(word)) return decode_compressed(static_cast<std::uint16_t>(word), address, is_64);
  for (const Row& row : rows) {
    if ((word & row.mask) != row.match || (row.xlen && row.xlen != (is_64 ? 64 : 32))) continue;
    if (auto instruction = Printer(word, address, is_64).print(row)) return instruction;
  }
  return std::nullopt;
}

}  // namespace virserver::image::riscv
