// UART_SHIFT 2: registers lie four bytes apart and are words; else they are adjacent bytes. UART_PXA: Intel's XScale, which has
// a bit that switches the UART on and passes its interrupt on by an output of the modem control.
#include "board.h"

#ifdef UART_SHIFT
#define REG(base, n) (*reg32((base) + ((n) << UART_SHIFT)))
#else
#define REG(base, n) (*reg8((base) + (n)))
#endif

enum { DATA = 0, IER = 1, FCR = 2, LCR = 3, MCR = 4, LSR = 5 };

void uart_init(uintptr_t base) {
  REG(base, LCR) = 3;
  REG(base, FCR) = 0;
#ifdef UART_PXA
  REG(base, MCR) = 8;
  REG(base, IER) = 0x41;
#else
  REG(base, IER) = 1;
#endif
}
bool uart_ready(uintptr_t base) { return (REG(base, LSR) & 1) != 0; }
uint8_t uart_get(uintptr_t base) { return (uint8_t)REG(base, DATA); }
void uart_put(uintptr_t base, uint8_t byte) {
  while ((REG(base, LSR) & 0x20) == 0) {
  }
  REG(base, DATA) = byte;
}
