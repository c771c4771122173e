// UARTs of NXP's (Philips') LPC2000: 16550s whose registers are words. The divisor keeps what the boot loader gave it.
#include "board.h"

enum { DATA = 0x00, IER = 0x04, FCR = 0x08, LCR = 0x0c, LSR = 0x14 };

void uart_init(uintptr_t base) {
#ifdef TIMER_BASE
  *reg32(TIMER_BASE + 0x18) = 0xffffffff;  // MR0: matches late
#endif
  *reg32(base + LCR) = 3;
  *reg32(base + FCR) = 0;
  *reg32(base + IER) = 1;
}
bool uart_ready(uintptr_t base) {
#ifdef TIMER_BASE
  *reg32(TIMER_BASE) = 1;  // IR: SkyEye takes no input while a match is not acknowledged
#endif
  return (*reg32(base + LSR) & 1) != 0;
}
uint8_t uart_get(uintptr_t base) { return (uint8_t)*reg32(base + DATA); }
void uart_put(uintptr_t base, uint8_t byte) {
  while ((*reg32(base + LSR) & 0x20) == 0) {
  }
  *reg32(base + DATA) = byte;
}
