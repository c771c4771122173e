#include "board.h"

enum { TXDATA = 0x00, RXDATA = 0x04, TXCTRL = 0x08, RXCTRL = 0x0c, IE = 0x10, IP = 0x14 };

void uart_init(uintptr_t base) {
  *reg32(base + TXCTRL) = 1;
  *reg32(base + RXCTRL) = 1;  // watermark 0: one byte raises the interrupt
  *reg32(base + IE) = 2;
}
bool uart_ready(uintptr_t base) { return (*reg32(base + IP) & 2) != 0; }
uint8_t uart_get(uintptr_t base) { return (uint8_t)*reg32(base + RXDATA); }
void uart_put(uintptr_t base, uint8_t byte) {
  while (*reg32(base + TXDATA) >> 31) {
  }
  *reg32(base + TXDATA) = byte;
}
