// Runs at whatever exception level the board starts in. Processors but the first one sleep.
#include "board.h"

__asm__(
    ".section .vectors, \"ax\"\n .global _start\n"
    "_start:\n mrs x0, mpidr_el1\n and x0, x0, #0xff\n cbz x0, first\n"
    "park:\n wfi\n b park\n"
    "first:\n ldr x0, =__stack_top\n mov sp, x0\n ldr x0, =exceptions\n msr vbar_el1, x0\n"
    " mrs x1, CurrentEL\n cmp x1, #8\n b.lo 1f\n msr vbar_el2, x0\n b.eq 1f\n msr vbar_el3, x0\n"
    "1:\n isb\n b start_c\n .ltorg\n"
    ".balign 0x800\nexceptions:\n"
    ".rept 16\n b fault\n .balign 0x80\n .endr\n"
    "fault:\n mrs x1, CurrentEL\n cmp x1, #8\n mrs x0, elr_el1\n b.lo 1f\n mrs x0, elr_el2\n b.eq 1f\n mrs x0, elr_el3\n"
    "1:\n b report_fault\n .previous\n");

void cpu_wait(void) { __asm__ volatile("dsb sy\n wfi" ::: "memory"); }

long cpu_semihosting(long operation, const void* argument) {
  register long x0 __asm__("x0") = operation;
  register const void* x1 __asm__("x1") = argument;
  __asm__ volatile("hlt 0xf000" : "+r"(x0) : "r"(x1) : "memory");
  return x0;
}

void cpu_undefined_instruction(void) { __asm__ volatile("udf #0"); }
bool cpu_lockup(void) { return false; }

bool cpu_power_off(void) {
#ifdef HAS_PSCI
  register long x0 __asm__("x0") = 0x84000008;  // PSCI SYSTEM_OFF
  __asm__ volatile("hvc #0" : "+r"(x0)::"memory");
#endif
  return false;
}
