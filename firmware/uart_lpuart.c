// NXP's LPUART, as in i.MX RT.
#include "board.h"

enum { BAUD = 0x10, STAT = 0x14, CTRL = 0x18, DATA = 0x1c };

void uart_init(uintptr_t base) {
  *reg32(base + BAUD) = 0x0f00000d;                     // 16 samples a bit, 24 MHz / 16 / 13: 115200 baud
  *reg32(base + CTRL) = 1u << 19 | 1u << 18 | 1u << 21;  // transmitter, receiver, receive interrupt
}
bool uart_ready(uintptr_t base) { return (*reg32(base + STAT) & 1u << 21) != 0; }
uint8_t uart_get(uintptr_t base) { return (uint8_t)*reg32(base + DATA); }
void uart_put(uintptr_t base, uint8_t byte) {
  while ((*reg32(base + STAT) & 1u << 23) == 0) {
  }
  *reg32(base + DATA) = byte;
}
