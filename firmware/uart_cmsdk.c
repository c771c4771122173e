#include "board.h"

enum { DATA = 0x00, STATE = 0x04, CTRL = 0x08, INTCLEAR = 0x0c, BAUDDIV = 0x10 };

void uart_init(uintptr_t base) {
  *reg32(base + BAUDDIV) = 16;
  *reg32(base + CTRL) = 0x0b;  // transmitter, receiver, receive interrupt
}
bool uart_ready(uintptr_t base) { return (*reg32(base + STATE) & 2) != 0; }
uint8_t uart_get(uintptr_t base) {
  *reg32(base + INTCLEAR) = 2;
  return (uint8_t)*reg32(base + DATA);
}
void uart_put(uintptr_t base, uint8_t byte) {
  while (*reg32(base + STATE) & 1) {
  }
  *reg32(base + DATA) = byte;
}
