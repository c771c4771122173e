// GICv2 of QEMU's Arm virt machines. The interrupt is level-sensitive and never taken: there is nothing to acknowledge.
#include "board.h"

enum { DISTRIBUTOR = 0x08000000, CPU_INTERFACE = 0x08010000 };

void irq_enable(unsigned irq) {
  *reg8(DISTRIBUTOR + 0x400 + irq) = 0x80;  // priority
  *reg8(DISTRIBUTOR + 0x800 + irq) = 1;     // to processor 0
  *reg32(DISTRIBUTOR + 0x100 + irq / 32 * 4) = 1u << irq % 32;
  *reg32(DISTRIBUTOR) = 1;
  *reg32(CPU_INTERFACE + 4) = 0xff;
  *reg32(CPU_INTERFACE) = 1;
}
void irq_wait(void) { __asm__ volatile("dsb sy\n wfi" ::: "memory"); }
void irq_done(void) {}
