#include "board.h"

enum { PLIC = 0x0c000000, CLAIM = PLIC + 0x200004 };

void irq_enable(unsigned irq) {
  *reg32(PLIC + 4 * irq) = 1;
  *reg32(PLIC + 0x2000 + irq / 32 * 4) = 1u << irq % 32;
  *reg32(PLIC + 0x200000) = 0;
  __asm__ volatile("csrs mie, %0" ::"r"(1u << 11));  // external; mstatus.MIE stays 0
}
void irq_wait(void) { __asm__ volatile("wfi" ::: "memory"); }
void irq_done(void) {
  const uint32_t irq = *reg32(CLAIM);
  if (irq != 0) *reg32(CLAIM) = irq;
}
