#include "board.h"

void irq_enable(unsigned irq) { *reg32(0xe000e100 + irq / 32 * 4) = 1u << irq % 32; }
void irq_wait(void) { __asm__ volatile("dsb\n wfi" ::: "memory"); }
void irq_done(void) { *reg32(0xe000e280 + UART_IRQ / 32 * 4) = 1u << UART_IRQ % 32; }
