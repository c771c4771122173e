// For a benchmark of register models on an STM32F4: for 'a' it reads the RCC's CR 2000 times, for 'w' it computes for a while and touches
// no register; then it says so on USART2.
#include "start.h"

enum { RCC = 0x40023800, USART2 = 0x40004400 };

void interrupt(void) {}

static void put(char byte) {
  while (!(REG(USART2) & 1u << 7)) {}
  REG(USART2 + 4) = (uint8_t)byte;
}

_Noreturn void reset(void) {
  REG(USART2 + 12) = 1u << 13 | 1u << 3 | 1u << 2;
  put('r');
  for (;;) {
    while (!(REG(USART2) & 1u << 5)) {}
    const char what = (char)REG(USART2 + 4);
    if (what == 'a')
      for (int i = 0; i < 2000; ++i) (void)REG(RCC);
    if (what == 'w')
      for (volatile uint32_t i = 0; i < 20000000; ++i) {}
    put(what);
  }
}
