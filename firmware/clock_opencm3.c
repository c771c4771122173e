// The order of register accesses of a libopencm3 program for an STM32F100 at 24 MHz: waits without a limit. Source: RM0041,
// sections 2.3 and 6.2. Prints on USART1 by polling.
#include "start.h"

enum { RCC = 0x40021000, CR = RCC, CFGR = RCC + 4, APB2ENR = RCC + 0x18, FLASH_ACR = 0x40022000, USART1 = 0x40013800 };

void interrupt(void) {}

static void select_clock(uint32_t source) {
  REG(CFGR) = (REG(CFGR) & ~3u) | source;
  while ((REG(CFGR) >> 2 & 3) != source) {}
}

_Noreturn void reset(void) {
  REG(CR) |= 1u;
  while (!(REG(CR) & 2u)) {}
  select_clock(0);
  REG(CR) |= 1u << 16;
  while (!(REG(CR) & 1u << 17)) {}
  select_clock(1);
  REG(CFGR) = (REG(CFGR) & ~(0xfu << 18)) | 1u << 18 | 1u << 16;
  REG(FLASH_ACR) = 0x12;
  REG(CR) |= 1u << 24;
  while (!(REG(CR) & 1u << 25)) {}
  select_clock(2);
  REG(APB2ENR) |= 1u << 14 | 1u << 2;
  REG(USART1 + 8) = 0xd0;
  REG(USART1 + 12) = 1u << 13 | 1u << 3;
  for (const char* text = "clock ready: 24 MHz\r\n"; *text; ++text) {
    while (!(REG(USART1) & 1u << 7)) {}
    REG(USART1 + 4) = (uint8_t)*text;
  }
  for (;;) __asm__ volatile("wfi");
}
