// UARTs of Cirrus Logic's CLPS7111, EP7211 and EP7312. UART_BASE is the first register of all.
#include "board.h"

enum { SYSCON = 0x100, SYSFLG = 0x140, UARTDR = 0x480, UBRLCR = 0x4c0 };

void uart_init(uintptr_t base) {
  *reg32(base + UBRLCR) = 0x60001;  // 8 bits, 115200 baud
  *reg32(base + SYSCON) |= 0x100;   // UARTEN
}
bool uart_ready(uintptr_t base) { return (*reg32(base + SYSFLG) & 0x400000) == 0; }  // receive FIFO empty
uint8_t uart_get(uintptr_t base) { return (uint8_t)*reg32(base + UARTDR); }
void uart_put(uintptr_t base, uint8_t byte) {
  while ((*reg32(base + SYSFLG) & 0x800000) != 0) {  // transmit FIFO full
  }
  *reg32(base + UARTDR) = byte;
}
