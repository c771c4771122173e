#include "board.h"

extern uint32_t __stack_top[];
_Noreturn void start_c(void);

static volatile bool lock_up;

__attribute__((used)) _Noreturn void reset(void) {
  __asm__ volatile("cpsid i");
  start_c();
}

_Noreturn __attribute__((used)) static void fault_c(const uint32_t* frame) {
  if (lock_up) __asm__ volatile("udf #1");  // a fault in the fault handler
  report_fault(frame[6]);
}

__attribute__((naked)) static void fault(void) { __asm__ volatile("mov r0, sp\n ldr r1, =fault_c\n bx r1\n .ltorg"); }

__attribute__((section(".vectors"), used)) void (*const _vector_table[16])(void) = {
    (void (*)(void))__stack_top, reset, fault, fault, fault, fault, fault, fault,
    fault, fault, fault, fault, fault, fault, fault, fault};

void cpu_wait(void) { __asm__ volatile("dsb\n wfi" ::: "memory"); }

long cpu_semihosting(long operation, const void* argument) {
  register long r0 __asm__("r0") = operation;
  register const void* r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

void cpu_undefined_instruction(void) { __asm__ volatile("udf #0"); }
bool cpu_lockup(void) {
  lock_up = true;
  cpu_undefined_instruction();
  return true;
}
bool cpu_power_off(void) { return false; }
