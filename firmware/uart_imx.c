// NXP's (Freescale's) i.MX UART.
#include "board.h"

enum { URXD = 0x00, UTXD = 0x40, UCR1 = 0x80, UCR2 = 0x84, USR1 = 0x94, USR2 = 0x98 };

void uart_init(uintptr_t base) {
  *reg32(base + UCR1) = 1u << 0 | 1u << 9;          // enable, interrupt when a byte is ready
  *reg32(base + UCR2) = 1u << 0 | 1u << 1 | 1u << 2 | 1u << 5 | 1u << 14;  // out of reset, both directions, 8 bits, no RTS
}
bool uart_ready(uintptr_t base) { return (*reg32(base + USR2) & 1) != 0; }
uint8_t uart_get(uintptr_t base) { return (uint8_t)*reg32(base + URXD); }
void uart_put(uintptr_t base, uint8_t byte) {
  while ((*reg32(base + USR1) & 1u << 13) == 0) {
  }
  *reg32(base + UTXD) = byte;
}
