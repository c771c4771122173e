// LEON3's interrupt controller. The processor's power-down ends with any interrupt that the mask lets through.
#include "board.h"

enum { IRQMP = 0x80000200, CLEAR = IRQMP + 0x0c, MASK = IRQMP + 0x40 };

void irq_enable(unsigned irq) { *reg32(MASK) = 1u << irq; }
void irq_disable(unsigned irq) { *reg32(MASK) &= ~(1u << irq); }
void irq_done(void) { *reg32(CLEAR) = 1u << UART_IRQ; }
