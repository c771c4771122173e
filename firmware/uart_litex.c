// LiteX's UART, its registers 32 bits wide.
#include "board.h"

enum { RXTX = 0x00, TXFULL = 0x04, RXEMPTY = 0x08, EV_PENDING = 0x10, EV_ENABLE = 0x14, EV_RX = 2 };

void uart_init(uintptr_t base) { *reg32(base + EV_ENABLE) = EV_RX; }
bool uart_ready(uintptr_t base) { return *reg32(base + RXEMPTY) == 0; }
uint8_t uart_get(uintptr_t base) {
  const uint8_t byte = (uint8_t)*reg32(base + RXTX);
  *reg32(base + EV_PENDING) = EV_RX;  // takes the byte out of the queue
  return byte;
}
void uart_put(uintptr_t base, uint8_t byte) {
  while (*reg32(base + TXFULL) != 0) {
  }
  *reg32(base + RXTX) = byte;
}
