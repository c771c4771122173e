#include "board.h"

static volatile uint32_t* nvic(unsigned bank, unsigned irq) { return reg32(0xe000e000 + bank + irq / 32 * 4); }

void irq_enable(unsigned irq) { *nvic(0x100, irq) = 1u << irq % 32; }
void irq_disable(unsigned irq) { *nvic(0x180, irq) = 1u << irq % 32; }
void irq_done(void) { *nvic(0x280, UART_IRQ) = 1u << UART_IRQ % 32; }
