#include "backend/qemu/boot_stub.hpp"

#include <algorithm>

namespace virserver::backend::qemu {

namespace {

using Place = BootStub::Place;
using Others = BootStub::Others;

constexpr std::size_t elf_entry = 6;  // the word of a 32-bit ELF header

const std::vector<BootStub>& stubs() {
  static const std::vector<BootStub> table = {
      // The firmware's armstub7: core 0 to 0x8000, the others sleep until mailbox 3 of their core is not 0 and go there.
      {"raspi2b", Place::memory, Others::machine, 0, false,
       {0xee100fb0,    // mrc p15, 0, r0, c0, c0, 5   MPIDR
        0xe2100003,    // ands r0, r0, #3
        0x03a0f902,    // moveq pc, #0x8000
        0xe3a01101,    // mov r1, #0x40000000
        0xe3a02008,    // mov r2, #8
        0xe0813100,    // add r3, r1, r0, lsl #2
        0xe5832050,    // str r2, [r3, #0x50]         mailbox 3 of the core interrupts
        0xe0813200,    // add r3, r1, r0, lsl #4
        0xe320f003,    // 1: wfi
        0xe59320cc,    // ldr r2, [r3, #0xcc]
        0xe3520000,    // cmp r2, #0
        0x0afffffb,    // beq 1b
        0xe58320cc,    // str r2, [r3, #0xcc]
        0xe12fff12}},  // bx r2
      // The firmware's armstub8: core 0 to 0x80000, the others wait for an address at 0xd8 + 8 * core. QEMU's WFE does not
      // wait, so they sleep until their timer, every 590,000 ticks.
      {"raspi3b", Place::memory, Others::machine, 0, false,
       {0xd53800a0,    // mrs x0, mpidr_el1
        0x92400400,    // and x0, x0, #3
        0xb5000060,    // cbnz x0, 1f
        0xd2a00101,    // mov x1, #0x80000
        0xd61f0020,    // br x1
        0xd2a80001,    // 1: mov x1, #0x40000000
        0x52800062,    // mov w2, #3
        0x8b000823,    // add x3, x1, x0, lsl #2
        0xb9004062,    // str w2, [x3, #0x40]         the core's physical timers interrupt
        0xd2800024,    // mov x4, #1
        0xd51be224,    // msr cntp_ctl_el0, x4
        0xd2801b05,    // mov x5, #0xd8
        0xd2a00122,    // 2: mov x2, #0x90000
        0xd51be202,    // msr cntp_tval_el0, x2
        0xd5033fdf,    // isb
        0xd503207f,    // wfi
        0xf86078a2,    // ldr x2, [x5, x0, lsl #3]
        0xb4ffff62,    // cbz x2, 2b
        0xd51be23f,    // msr cntp_ctl_el0, xzr
        0xd61f0040}},  // br x2
      // Both would run whatever is in memory; the boot ROM keeps the second core asleep.
      {"ast2600-evb", Place::memory, Others::stub, 0x10000000, false, {0xe320f003, 0xeafffffd}},  // wfi; b .-4
      {"npcm750-evb", Place::memory, Others::stub, 0xfffd0000, false, {0xe320f003, 0xeafffffd}},
      // As from the boot memory, where every hart starts.
      {"microchip-icicle-kit", Place::none, Others::program},
      // A boot PROM or a kernel must be given; four nops are a PROM.
      {"leon3_generic", Place::firmware, Others::machine, 0, true, {0x01000000, 0x01000000, 0x01000000, 0x01000000}},
      // An ELF of one instruction, "b .", at 16 MiB. Its entry becomes the program's.
      {"ppce500", Place::entering, Others::machine, 0x01000000, true,
       {0x7f454c46, 0x01020100, 0, 0, 0x00020014, 1, 0x01000000, 0x34, 0, 0, 0x00340020, 0x00010000, 0,  // header
        1, 0x54, 0x01000000, 0x01000000, 4, 4, 7, 4,                                                     // one segment
        0x48000000}},
  };
  return table;
}

}  // namespace

Bytes BootStub::bytes(std::uint64_t entry) const {
  Bytes out;
  out.reserve(size());
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto word = place == Place::entering && i == elf_entry ? static_cast<std::uint32_t>(entry) : words[i];
    for (unsigned byte = 0; byte < 4; ++byte) out.push_back(static_cast<std::byte>(word >> (big_endian ? 24 - 8 * byte : 8 * byte)));
  }
  return out;
}

const BootStub* boot_stub(std::string_view machine) {
  const auto found = std::ranges::find(stubs(), machine, &BootStub::machine);
  return found == stubs().end() ? nullptr : &*found;
}

}  // namespace virserver::backend::qemu
