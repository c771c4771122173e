// Controllers where a set bit keeps an interrupt off: Samsung's S3C24xx. IRQ_MASK is the register.
#include "board.h"

void irq_enable(unsigned irq) { *reg32(IRQ_MASK) &= ~(1u << irq % 32); }
void irq_disable(unsigned irq) { *reg32(IRQ_MASK) |= 1u << irq % 32; }
void irq_done(void) {}
