// Arm state of ARMv4T to ARMv7-A. Processors but the first one sleep. NO_CP15: there is no system control coprocessor, and so
// no sleep. NO_WAIT: StrongARM and XScale, which do not sleep by CP15's register 7; they go on looking.
#include "board.h"

__asm__(
    ".section .vectors, \"ax\"\n .arm\n .global _start\n"
    "_start:\n b reset\n b undefined\n b other_fault\n b other_fault\n b other_fault\n b other_fault\n b other_fault\n b other_fault\n"
    "reset:\n msr cpsr_c, #0xd3\n"
#if __ARM_ARCH >= 7
    " mrc p15, 0, r0, c0, c0, 5\n ands r0, r0, #3\n beq first\n"  // MPIDR
    "park:\n wfi\n b park\nfirst:\n"
#endif
    " ldr sp, =__stack_top\n"
#if __ARM_ARCH >= 7 || defined(__ARM_ARCH_6KZ__) || defined(__ARM_ARCH_6ZK__)
    " ldr r0, =_start\n mcr p15, 0, r0, c12, c0, 0\n"  // VBAR
#endif
#ifndef NO_CP15
    " mrc p15, 0, r0, c1, c0, 0\n bic r0, r0, #0x2000\n mcr p15, 0, r0, c1, c0, 0\n"  // SCTLR: vectors not at 0xffff0000
#endif
    " b start_c\n"
    "undefined:\n ldr sp, =__stack_top\n sub r0, lr, #4\n b report_fault\n"
    "other_fault:\n ldr sp, =__stack_top\n sub r0, lr, #8\n b report_fault\n"
    ".ltorg\n .previous\n");

void cpu_wait(void) {
#if __ARM_ARCH >= 7
  __asm__ volatile("dsb sy\n wfi" ::: "memory");
#elif !defined(NO_CP15) && !defined(NO_WAIT)
  __asm__ volatile("mcr p15, 0, %0, c7, c0, 4" ::"r"(0) : "memory");
#endif
}

long cpu_semihosting(long operation, const void* argument) {
  register long r0 __asm__("r0") = operation;
  register const void* r1 __asm__("r1") = argument;
  __asm__ volatile("svc 0x123456" : "+r"(r0) : "r"(r1) : "lr", "memory");  // supervisor mode: svc overwrites lr
  return r0;
}

void cpu_undefined_instruction(void) { __asm__ volatile("udf #0"); }
bool cpu_lockup(void) { return false; }

bool cpu_power_off(void) {
#ifdef HAS_PSCI
  register long r0 __asm__("r0") = (long)0x84000008;  // SYSTEM_OFF
  __asm__ volatile(".arch_extension virt\n hvc #0" : "+r"(r0)::"memory");
#endif
  return false;
}
