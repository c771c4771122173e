// UARTs of Intel's StrongARM SA-1100 and SA-1110.
#include "board.h"

enum { UTCR0 = 0x00, UTCR1 = 0x04, UTCR2 = 0x08, UTCR3 = 0x0c, UTDR = 0x14, UTSR1 = 0x20 };

void uart_init(uintptr_t base) {
  *reg32(base + UTCR3) = 0;
  *reg32(base + UTCR0) = 8;  // 8 bits, no parity
  *reg32(base + UTCR1) = 0;
  *reg32(base + UTCR2) = 1;  // 115200 baud
  *reg32(base + UTCR3) = 0xb;  // both directions, interrupt on reception
}
bool uart_ready(uintptr_t base) { return (*reg32(base + UTSR1) & 2) != 0; }
uint8_t uart_get(uintptr_t base) { return (uint8_t)*reg32(base + UTDR); }
void uart_put(uintptr_t base, uint8_t byte) {
  while ((*reg32(base + UTSR1) & 4) == 0) {
  }
  *reg32(base + UTDR) = byte;
}
