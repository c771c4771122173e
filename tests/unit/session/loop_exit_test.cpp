#include "session/loop_exit.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace virserver::session {
namespace {

using enum Architecture;
using Registers = std::map<std::string, std::uint64_t>;

// A loop as gcc makes it; the first load in it from `read` bytes behind its begin is the read.
struct Case {
  const char* name;
  Architecture architecture;
  bool thumb;
  std::vector<unsigned char> code;
  std::uint64_t read;
  Registers registers;
  std::optional<Awaited> expected;
};

const Case cases[] = {
    // ldr.w r2, [r3, #0x800]; lsls r2, r2, #14; bpl
    {"a bit by its sign", arm, true, {0xd3, 0xf8, 0x00, 0x28, 0x92, 0x03, 0xfb, 0xd5}, 0, {}, Awaited{0x20000, 0x20000, false}},
    // ldr r3, [r0]; and.w r3, r3, #12; cmp r3, #8; bne
    {"a field", arm, true, {0x03, 0x68, 0x03, 0xf0, 0x0c, 0x03, 0x08, 0x2b, 0xfa, 0xd1}, 0, {}, Awaited{0xc, 0x8, false}},
    // ldr r3, [r0]; ands r3, r2; cmp r3, #48; bne: the mask was loaded before the loop
    {"a mask in a register", arm, true, {0x03, 0x68, 0x13, 0x40, 0x30, 0x2b, 0xfb, 0xd1}, 0, {{"r2", 0x30}}, Awaited{0x30, 0x30, false}},
    {"a mask that is not known", arm, true, {0x03, 0x68, 0x13, 0x40, 0x30, 0x2b, 0xfb, 0xd1}, 0, {}, std::nullopt},
    // bl tick; subs r0, r0, r5; cmp r0, #100; bhi out; ldr r3, [r4]; lsls r3, r3, #6; bpl
    {"a loop with a time-out", arm, true,
     {0x00, 0xf0, 0x0a, 0xf8, 0x40, 0x1b, 0x64, 0x28, 0x04, 0xd8, 0x23, 0x68, 0x9b, 0x01, 0xf7, 0xd5}, 10, {{"r5", 0}}, Awaited{0x2000000, 0x2000000, false}},
    // ldr r3, [r0]; tst r3, #4; bne
    {"a bit that goes", arm, false, {0x00, 0x30, 0x90, 0xe5, 0x04, 0x00, 0x13, 0xe3, 0xfc, 0xff, 0xff, 0x1a}, 0, {}, Awaited{0x4, 0, false}},
    // ldr w1, [x0]; tst w1, w2; b.eq
    {"one of two bits", aarch64, false, {0x01, 0x00, 0x40, 0xb9, 0x3f, 0x00, 0x02, 0x6a, 0xc0, 0xff, 0xff, 0x54}, 0, {{"x2", 0x11}}, Awaited{0x11, 0x11, true}},
    // lw a5, 0(a0); and a5, a5, a4; beqz a5
    {"compressed RISC-V", riscv32, false, {0x1c, 0x41, 0xf9, 0x8f, 0xf5, 0xdf}, 0, {{"a4", 0x20000}}, Awaited{0x20000, 0x20000, false}},
    // lw a5, 0(a0); bgez a5
    {"the sign on RISC-V", riscv32, false, {0x1c, 0x41, 0xe3, 0xdf, 0x07, 0xfe}, 0, {}, Awaited{0x80000000, 0x80000000, false}},
    // lwu a5, -20(s0); lw a5, 0(a5); sext.w a5, a5; mv a4, a5; lui a5, 0x20; and a5, a5, a4; sext.w a5, a5; beqz a5
    {"unoptimised RV64", riscv64, false,
     {0x83, 0x67, 0xc4, 0xfe, 0x9c, 0x43, 0x81, 0x27, 0x3e, 0x87, 0xb7, 0x07, 0x02, 0x00, 0xf9, 0x8f, 0x81, 0x27, 0xfd, 0xd7}, 4, {},
     Awaited{0x20000, 0x20000, false}},
    // ldr r3, [r0]; b: nothing ends it
    {"a loop without an end", arm, true, {0x03, 0x68, 0xfd, 0xe7}, 0, {}, std::nullopt},
};

TEST(LoopExit, IsUnderstoodOnEveryArchitecture) {
  for (const Case& each : cases) {
    const auto bytes = std::as_bytes(std::span(each.code));
    const image::Code code{.architecture = each.architecture, .thumb = each.thumb, .cortex_m = each.thumb, .address = 0x8000, .bytes = bytes};
    const auto loop = image::disassemble(code);
    const auto found = awaited(loop, 0x8000 + each.read, each.registers, each.architecture);
    EXPECT_EQ(found.has_value(), each.expected.has_value()) << each.name;
    if (found && each.expected) EXPECT_EQ(*found, *each.expected) << each.name << ": " << awaited_text(*found);
  }
}

TEST(LoopExit, HasNothingToSayOfCodeThatIsNone) {
  EXPECT_FALSE(awaited({}, 0, {}, arm));
  const unsigned char junk[] = {0xff, 0xff, 0xff, 0xff, 0x00, 0xde};
  const auto loop = image::disassemble({.architecture = arm, .thumb = true, .cortex_m = true, .address = 0x8000, .bytes = std::as_bytes(std::span(junk))});
  for (const auto& each : loop) EXPECT_FALSE(awaited(loop, each.address, {}, arm));
  EXPECT_FALSE(awaited(loop, 0x9000, {}, arm)) << "not in the loop";
}

TEST(LoopExit, InWords) {
  EXPECT_EQ(awaited_text({0x20000, 0x20000, false}), "until bit 17 is 1");
  EXPECT_EQ(awaited_text({0x4, 0, false}), "until bit 2 is 0");
  EXPECT_EQ(awaited_text({0xc, 0x8, false}), "until the bits 0xc are 0x8");
  EXPECT_EQ(awaited_text({0x11, 0x11, true}), "until one of the bits 0x11 is 1");
  EXPECT_EQ(awaited_text({0xffffffff, 0xffffffff, true}), "until it is not 0");
}

}  // namespace
}  // namespace virserver::session
