// The order of register accesses of nRF51 firmware that starts its crystals before its UART: tasks, events, and waits without a limit.
// Source: nRF51 Series Reference Manual, chapters 13 and 29.
#include "start.h"

enum { CLOCK = 0x40000000, UART = 0x40002000 };

void interrupt(void) {}

_Noreturn void reset(void) {
  REG(CLOCK + 0x100) = 0;
  REG(CLOCK + 0x000) = 1;  // HFCLKSTART
  while (!REG(CLOCK + 0x100)) {}
  REG(CLOCK + 0x518) = 1;  // LFCLKSRC: crystal
  REG(CLOCK + 0x104) = 0;
  REG(CLOCK + 0x008) = 1;  // LFCLKSTART
  while (!REG(CLOCK + 0x104)) {}
  const uint32_t running = REG(CLOCK + 0x40c) & 1 && REG(CLOCK + 0x418) & 1u << 16;
  REG(UART + 0x500) = 4;
  REG(UART + 0x524) = 0x01d7e000;
  REG(UART + 0x008) = 1;
  for (const char* text = running ? "clock ready: crystals\r\n" : "clock failed\r\n"; *text; ++text) {
    REG(UART + 0x11c) = 0;
    REG(UART + 0x51c) = (uint8_t)*text;
    while (!REG(UART + 0x11c)) {}
  }
  for (;;) __asm__ volatile("wfi");
}
