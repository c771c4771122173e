// Cadence's UART of Xilinx Zynq.
#include "board.h"

enum { CR = 0x00, MR = 0x04, IER = 0x08, ISR = 0x14, RXTRIG = 0x20, SR = 0x2c, FIFO = 0x30, RXRST_TXRST = 3, RXEN = 4, TXEN = 0x10 };

void uart_init(uintptr_t base) {
  *reg32(base + CR) = RXRST_TXRST | RXEN | TXEN;
  *reg32(base + MR) = 0x20;    // 8 bits, no parity
  *reg32(base + RXTRIG) = 1;   // every byte raises the interrupt
  *reg32(base + IER) = 1;
}
bool uart_ready(uintptr_t base) { return (*reg32(base + SR) & 2) == 0; }
uint8_t uart_get(uintptr_t base) {
  const uint8_t byte = (uint8_t)*reg32(base + FIFO);
  *reg32(base + ISR) = 1;
  return byte;
}
void uart_put(uintptr_t base, uint8_t byte) {
  while (*reg32(base + SR) & 0x10) {
  }
  *reg32(base + FIFO) = byte;
}
