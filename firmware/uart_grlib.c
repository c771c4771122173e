// Gaisler's APBUART of LEON systems.
#include "board.h"

enum { DATA = 0x00, STATUS = 0x04, CONTROL = 0x08 };

void uart_init(uintptr_t base) { *reg32(base + CONTROL) = 7; }  // both directions, receive interrupt
bool uart_ready(uintptr_t base) { return (*reg32(base + STATUS) & 1) != 0; }
uint8_t uart_get(uintptr_t base) { return (uint8_t)*reg32(base + DATA); }
void uart_put(uintptr_t base, uint8_t byte) {
  while ((*reg32(base + STATUS) & 4) == 0) {
  }
  *reg32(base + DATA) = byte;
}
