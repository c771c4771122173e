// The interrupt inputs of a VexRiscv as LiteX builds it: a mask in a register of the processor.
#include "board.h"

void irq_enable(unsigned irq) {
  __asm__ volatile("csrs 0xbc0, %0" ::"r"(1u << irq));
  __asm__ volatile("csrs mie, %0" ::"r"(1u << 11));  // external; mstatus.MIE stays 0
}
void irq_disable(unsigned irq) { __asm__ volatile("csrc 0xbc0, %0" ::"r"(1u << irq)); }
void irq_done(void) {}  // a level
