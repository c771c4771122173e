#include "board.h"

enum { DATA = 0, IER = 1, FCR = 2, LCR = 3, LSR = 5 };

void uart_init(uintptr_t base) {
  *reg8(base + LCR) = 3;
  *reg8(base + FCR) = 0;
  *reg8(base + IER) = 1;
}
bool uart_ready(uintptr_t base) { return (*reg8(base + LSR) & 1) != 0; }
uint8_t uart_get(uintptr_t base) { return *reg8(base + DATA); }
void uart_put(uintptr_t base, uint8_t byte) {
  while ((*reg8(base + LSR) & 0x20) == 0) {
  }
  *reg8(base + DATA) = byte;
}
