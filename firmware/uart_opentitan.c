#include "board.h"

enum { INTR_STATE = 0x00, INTR_ENABLE = 0x04, CTRL = 0x10, STATUS = 0x14, RDATA = 0x18, WDATA = 0x1c, FIFO_CTRL = 0x20, RX_WATERMARK = 2 };

void uart_init(uintptr_t base) {
  *reg32(base + CTRL) = 0x04b70003;      // 115200 baud from 24 MHz, both directions
  *reg32(base + FIFO_CTRL) = 3;          // both empty; one byte reaches the watermark
  *reg32(base + INTR_ENABLE) = RX_WATERMARK;
}
bool uart_ready(uintptr_t base) { return (*reg32(base + STATUS) & 0x20) == 0; }
uint8_t uart_get(uintptr_t base) {
  const uint8_t byte = (uint8_t)*reg32(base + RDATA);
  *reg32(base + INTR_STATE) = RX_WATERMARK;
  return byte;
}
void uart_put(uintptr_t base, uint8_t byte) {
  while (*reg32(base + STATUS) & 1) {
  }
  *reg32(base + WDATA) = byte;
}
