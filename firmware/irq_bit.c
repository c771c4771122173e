// Controllers with a bit an interrupt: PL190, the Integrator's, Broadcom's, Aspeed's, Freescale's AVIC, Allwinner's A10.
// IRQ_SET is the register that enables; IRQ_CLEAR the one that disables, where that is another one.
#include "board.h"

void irq_enable(unsigned irq) { *reg32(IRQ_SET) = 1u << irq % 32; }
void irq_disable(unsigned irq) {
#ifdef IRQ_CLEAR
  *reg32(IRQ_CLEAR) = 1u << irq % 32;
#else
  *reg32(IRQ_SET) &= ~(1u << irq % 32);
#endif
}
void irq_done(void) {}
