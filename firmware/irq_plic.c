// RISC-V's PLIC; the first context, which is the first hart in machine mode.
#include "board.h"

enum { CLAIM = PLIC_BASE + 0x200004 };

void irq_enable(unsigned irq) {
  *reg32(PLIC_BASE + 4 * irq) = 1;
#ifdef PLIC_PRIORITIES_FROM_0  // QEMU 7.2's OpenTitan: source 1 has the first word, which elsewhere is reserved
  *reg32(PLIC_BASE + 4 * (irq - 1)) = 1;
#endif
  *reg32(PLIC_BASE + 0x2000 + irq / 32 * 4) = 1u << irq % 32;
  *reg32(PLIC_BASE + 0x200000) = 0;
  __asm__ volatile("csrs mie, %0" ::"r"(1u << 11));  // external; mstatus.MIE stays 0
}
void irq_disable(unsigned irq) { *reg32(PLIC_BASE + 0x2000 + irq / 32 * 4) = 0; }
void irq_done(void) {
  const uint32_t irq = *reg32(CLAIM);
  if (irq != 0) *reg32(CLAIM) = irq;
}
