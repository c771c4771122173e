// Machine mode. Harts but the first one sleep.
#include "board.h"

__asm__(
    ".section .vectors, \"ax\"\n .global _start\n"
    "_start:\n csrw mie, zero\n csrci mstatus, 8\n csrr t0, mhartid\n beqz t0, first\n"
    "park:\n wfi\n j park\n"
    "first:\n la sp, __stack_top\n la t0, trap\n csrw mtvec, t0\n j start_c\n"
    ".balign 4\ntrap:\n csrr a0, mepc\n j report_fault\n .previous\n");

void cpu_wait(void) { __asm__ volatile("wfi" ::: "memory"); }

// The three instructions must be uncompressed and in one page; aligned to 16 they are.
__attribute__((naked, aligned(16))) long cpu_semihosting(long operation __attribute__((unused)),
                                                         const void* argument __attribute__((unused))) {
  __asm__ volatile(".option push\n .option norvc\n slli x0, x0, 0x1f\n ebreak\n srai x0, x0, 7\n ret\n .option pop");
}

void cpu_undefined_instruction(void) { __asm__ volatile(".word 0"); }
bool cpu_lockup(void) { return false; }

bool cpu_power_off(void) {
#ifdef FINISHER_BASE
  *reg32(FINISHER_BASE) = 0x5555;
#endif
  return false;
}
