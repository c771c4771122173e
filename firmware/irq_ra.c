// Renesas' RA: the ICU links an event of a peripheral to a line of the NVIC and keeps it until it is told that it is done.
#include "board.h"

static volatile uint32_t* link(unsigned irq) { return reg32(ICU_BASE + 0x300 + 4 * irq); }
static volatile uint32_t* nvic(unsigned bank, unsigned irq) { return reg32(0xe000e000 + bank + irq / 32 * 4); }

void irq_enable(unsigned irq) {
  *link(irq) = UART_EVENT;
  *nvic(0x100, irq) = 1u << irq % 32;
}
void irq_disable(unsigned irq) { *nvic(0x180, irq) = 1u << irq % 32; }
void irq_done(void) {
  *link(UART_IRQ) = UART_EVENT;
  *nvic(0x280, UART_IRQ) = 1u << UART_IRQ % 32;
}
