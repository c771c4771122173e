// USARTs of Microchip's (Atmel's) SAM3, SAM4 and SAM E70.
#include "board.h"

enum { CR = 0x00, MR = 0x04, IER = 0x08, CSR = 0x14, RHR = 0x18, THR = 0x1c, BRGR = 0x20 };

void uart_init(uintptr_t base) {
  *reg32(base + MR) = 0x8c0;    // 8 bits, no parity, from the peripheral clock
  *reg32(base + BRGR) = 7;      // 115200 baud from the 12 MHz after reset
  *reg32(base + IER) = 1;       // RXRDY
  *reg32(base + CR) = 0x50;     // both directions
}
bool uart_ready(uintptr_t base) { return (*reg32(base + CSR) & 1) != 0; }
uint8_t uart_get(uintptr_t base) { return (uint8_t)*reg32(base + RHR); }
void uart_put(uintptr_t base, uint8_t byte) {
  while ((*reg32(base + CSR) & 2) == 0) {
  }
  *reg32(base + THR) = byte;
}
