// SPARC V8 of LEON3, built without register windows (-mflat): the trap table only has to report.
#include "board.h"

__asm__(
    ".section .vectors, \"ax\"\n .global _start\n .align 4096\n"
    "_start:\n .rept 256\n ba trap\n rd %psr, %l0\n nop\n nop\n .endr\n"
    ".global reset\n"
    "reset:\n"
    " mov 0, %wim\n sethi %hi(_start), %g1\n mov %g1, %tbr\n"
    " mov 0xf80, %g1\n mov %g1, %psr\n nop\n nop\n nop\n"  // supervisor, interrupt level 15, no traps while it starts
    " sethi %hi(__stack_top - 96), %sp\n or %sp, %lo(__stack_top - 96), %sp\n clr %fp\n"
    " mov 0xfa0, %g1\n mov %g1, %psr\n nop\n nop\n nop\n"  // traps on
    " call start_c\n nop\n"
    "trap:\n mov %l1, %o0\n sethi %hi(__stack_top - 96), %sp\n or %sp, %lo(__stack_top - 96), %sp\n call report_fault\n nop\n"
    " .previous\n");

void cpu_wait(void) { __asm__ volatile("wr %%g0, %%asr19\n nop" ::: "memory"); }
long cpu_semihosting(long operation __attribute__((unused)), const void* argument __attribute__((unused))) { return -1; }
void cpu_undefined_instruction(void) { __asm__ volatile("unimp 0"); }
bool cpu_lockup(void) { return false; }
bool cpu_power_off(void) { return false; }
