// GICv1 and GICv2; GIC_DISTRIBUTOR and GIC_CPU by the build. The interrupt is level-sensitive and never taken: there is
// nothing to acknowledge.
#include "board.h"

void irq_enable(unsigned irq) {
  *reg8(GIC_DISTRIBUTOR + 0x400 + irq) = 0x80;  // priority
  *reg8(GIC_DISTRIBUTOR + 0x800 + irq) = 1;     // to processor 0
  *reg32(GIC_DISTRIBUTOR + 0x100 + irq / 32 * 4) = 1u << irq % 32;
  *reg32(GIC_DISTRIBUTOR) = 1;
  *reg32(GIC_CPU + 4) = 0xff;
  *reg32(GIC_CPU) = 1;
}
void irq_disable(unsigned irq) { *reg32(GIC_DISTRIBUTOR + 0x180 + irq / 32 * 4) = 1u << irq % 32; }
void irq_done(void) {}
