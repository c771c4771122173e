#include "board.h"

enum { STARTRX = 0x000, STARTTX = 0x008, RXDRDY = 0x108, TXDRDY = 0x11c, INTENSET = 0x304, ENABLE = 0x500,
       PSELTXD = 0x50c, PSELRXD = 0x514, RXD = 0x518, TXD = 0x51c, BAUDRATE = 0x524 };

void uart_init(uintptr_t base) {
  *reg32(base + PSELTXD) = 24;
  *reg32(base + PSELRXD) = 25;
  *reg32(base + BAUDRATE) = 0x01d7e000;  // 115200
  *reg32(base + ENABLE) = 4;
  *reg32(base + RXDRDY) = 0;
  *reg32(base + INTENSET) = 1u << 2;     // RXDRDY
  *reg32(base + STARTTX) = 1;
  *reg32(base + STARTRX) = 1;
}
bool uart_ready(uintptr_t base) { return *reg32(base + RXDRDY) != 0; }
uint8_t uart_get(uintptr_t base) {
  *reg32(base + RXDRDY) = 0;  // before the read, which may set it again for the next byte
  return (uint8_t)*reg32(base + RXD);
}
void uart_put(uintptr_t base, uint8_t byte) {
  *reg32(base + TXDRDY) = 0;
  *reg32(base + TXD) = byte;
  while (*reg32(base + TXDRDY) == 0) {
  }
}
