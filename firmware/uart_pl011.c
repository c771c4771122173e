#include "board.h"

enum { DR = 0x00, FR = 0x18, LCRH = 0x2c, CR = 0x30, IMSC = 0x38, ICR = 0x44 };

void uart_init(uintptr_t base) {
  *reg32(base + LCRH) = 0x60;  // 8 bits, no FIFO: every byte raises the interrupt
  *reg32(base + CR) = 0x301;
  *reg32(base + IMSC) = 0x10;
}
bool uart_ready(uintptr_t base) { return (*reg32(base + FR) & 0x10) == 0; }
uint8_t uart_get(uintptr_t base) {
  const uint8_t byte = (uint8_t)*reg32(base + DR);
  return byte;
}
void uart_put(uintptr_t base, uint8_t byte) {
  while (*reg32(base + FR) & 0x20) {
  }
  *reg32(base + DR) = byte;
}
