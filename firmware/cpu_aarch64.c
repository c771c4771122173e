#include "board.h"

__asm__(
    ".section .vectors, \"ax\"\n .global _start\n"
    "_start:\n ldr x0, =__stack_top\n mov sp, x0\n ldr x0, =exceptions\n msr vbar_el1, x0\n isb\n b start_c\n .ltorg\n"
    ".balign 0x800\nexceptions:\n"
    ".rept 16\n mrs x0, elr_el1\n b report_fault\n .balign 0x80\n .endr\n .previous\n");

_Noreturn void cpu_sleep(void) {
  *reg32(UART_BASE + 0x38) = 0;  // PL011 interrupts off
  for (;;) irq_wait();
}

long cpu_semihosting(long operation, const void* argument) {
  register long x0 __asm__("x0") = operation;
  register const void* x1 __asm__("x1") = argument;
  __asm__ volatile("hlt 0xf000" : "+r"(x0) : "r"(x1) : "memory");
  return x0;
}

void cpu_undefined_instruction(void) { __asm__ volatile("udf #0"); }
bool cpu_lockup(void) { return false; }

bool cpu_power_off(void) {
  register long x0 __asm__("x0") = 0x84000008;  // PSCI SYSTEM_OFF
  __asm__ volatile("hvc #0" : "+r"(x0)::"memory");
  return false;
}
