// UARTs of Samsung's S3C24xx and S3C64xx. UART_S3C64: a byte that has arrived shows in the FIFO's count.
#include "board.h"

enum { ULCON = 0x00, UCON = 0x04, UFCON = 0x08, UTRSTAT = 0x10, UFSTAT = 0x18, UTXH = 0x20, URXH = 0x24, UBRDIV = 0x28, UINTM = 0x38 };

void uart_init(uintptr_t base) {
  *reg32(base + ULCON) = 3;     // 8 bits, no parity
  *reg32(base + UBRDIV) = 26;   // 115200 baud from 50 MHz
#ifdef UART_S3C64
  *reg32(base + UFCON) = 1;     // FIFOs
  *reg32(base + UINTM) = 0xe;   // a received byte interrupts
#else
  *reg32(base + UFCON) = 0;
#endif
  *reg32(base + UCON) = 0x305;  // interrupts while there is something, or polled, both ways
}
bool uart_ready(uintptr_t base) {
#ifdef UART_S3C64
  return (*reg32(base + UFSTAT) & 0x7f) != 0;
#else
  return (*reg32(base + UTRSTAT) & 1) != 0;
#endif
}
uint8_t uart_get(uintptr_t base) { return (uint8_t)*reg32(base + URXH); }
void uart_put(uintptr_t base, uint8_t byte) {
  while ((*reg32(base + UTRSTAT) & 2) == 0) {
  }
  *reg32(base + UTXH) = byte;
}
