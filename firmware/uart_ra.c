// SCI of Renesas' RA family, without its queues.
#include "board.h"

enum { SMR = 0x00, BRR = 0x01, SCR = 0x02, TDR = 0x03, SSR = 0x04, RDR = 0x05 };

void uart_init(uintptr_t base) {
  *reg8(base + SCR) = 0;
  *reg8(base + SMR) = 0;     // 8 bits, no parity, one stop bit
  *reg8(base + BRR) = 12;    // 115200 baud from 50 MHz
  *reg8(base + SCR) = 0x70;  // receive interrupt, transmitter, receiver
}
bool uart_ready(uintptr_t base) { return (*reg8(base + SSR) & 0x40) != 0; }
uint8_t uart_get(uintptr_t base) { return *reg8(base + RDR); }
void uart_put(uintptr_t base, uint8_t byte) {
  while ((*reg8(base + SSR) & 0x80) == 0) {
  }
  *reg8(base + TDR) = byte;
}
