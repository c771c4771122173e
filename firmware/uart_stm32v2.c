// USARTs and LPUARTs of STM32 F0, F3, F7, G, H, L0, L4 and L5; the build says which clock enable register and bit are the UART's.
#include "board.h"

enum { CR1 = 0x00, BRR = 0x0c, ISR = 0x1c, RDR = 0x24, TDR = 0x28 };

void uart_init(uintptr_t base) {
  *reg32(RCC_ENABLE) |= RCC_UART;
  *reg32(base + BRR) = UART_DIVIDER;  // 115200 baud from the clock after reset
  *reg32(base + CR1) = 0x2d;          // enable, transmitter, receiver, RXNE interrupt
}
bool uart_ready(uintptr_t base) { return (*reg32(base + ISR) & 0x20) != 0; }
uint8_t uart_get(uintptr_t base) { return (uint8_t)*reg32(base + RDR); }
void uart_put(uintptr_t base, uint8_t byte) {
  while ((*reg32(base + ISR) & 0x80) == 0) {
  }
  *reg32(base + TDR) = byte;
}
