// Arm state of Cortex-A and ARM926.
#include "board.h"

__asm__(
    ".section .vectors, \"ax\"\n .arm\n .global _start\n"
    "_start:\n b reset\n b undefined\n b other_fault\n b other_fault\n b other_fault\n b other_fault\n b other_fault\n b other_fault\n"
    "reset:\n msr cpsr_c, #0xd3\n ldr sp, =__stack_top\n"
#if __ARM_ARCH >= 7
    " ldr r0, =_start\n mcr p15, 0, r0, c12, c0, 0\n"  // VBAR
#endif
    " b start_c\n"
    "undefined:\n ldr sp, =__stack_top\n sub r0, lr, #4\n b report_fault\n"
    "other_fault:\n ldr sp, =__stack_top\n sub r0, lr, #8\n b report_fault\n"
    ".ltorg\n .previous\n");

_Noreturn void cpu_sleep(void) {
  *reg32(UART_BASE + 0x38) = 0;  // PL011 interrupts off
  for (;;) irq_wait();
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
