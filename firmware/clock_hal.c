// The order of register accesses of a CubeMX project for an STM32F4 that starts at 168 MHz from a crystal of 8 MHz: every wait has a
// time limit, the oscillators are switched through the bit-band alias, and what was written is read back. Source: RM0090,
// sections 3.5, 5.1, 7.2. Prints on USART2 by polling; "clock failed N" names the step that timed out.
#include "start.h"

enum {
  RCC = 0x40023800, CR = RCC, PLLCFGR = RCC + 4, CFGR = RCC + 8, APB1ENR = RCC + 0x40, APB2ENR = RCC + 0x44,
  PWR_CR = 0x40007000, FLASH_ACR = 0x40023c00, USART2 = 0x40004400,
  SYST = 0xe000e010,
};
#define BIT_BAND(address, bit) REG(0x42000000u + ((address) - 0x40000000u) * 32 + (bit) * 4)

void interrupt(void) {}

static void print(const char* text) {
  for (; *text; ++text) {
    while (!(REG(USART2) & 1u << 7)) {}
    REG(USART2 + 4) = (uint8_t)*text;
  }
}

static uint32_t ticks;
static uint32_t now(void) {
  if (REG(SYST) & 1u << 16) ++ticks;
  return ticks;
}

static int wait_for(uint32_t address, uint32_t mask, uint32_t value, uint32_t limit) {
  const uint32_t begun = now();
  while ((REG(address) & mask) != value)
    if (now() - begun > limit) return 0;
  return 1;
}

__attribute__((noinline)) static int start_clocks(void) {
  REG(APB1ENR) |= 1u << 28;
  (void)REG(APB1ENR);
  REG(PWR_CR) |= 3u << 14;  // scale 1
  (void)REG(PWR_CR);
  REG(CR) = (REG(CR) & ~(5u << 16)) | 1u << 16;
  if (!wait_for(CR, 1u << 17, 1u << 17, 100)) return 1;
  BIT_BAND(CR, 24) = 0;
  if (!wait_for(CR, 1u << 25, 0, 2)) return 2;
  REG(PLLCFGR) = 8u | 336u << 6 | 1u << 22 | 7u << 24;
  BIT_BAND(CR, 24) = 1;
  if (!wait_for(CR, 1u << 25, 1u << 25, 2)) return 3;
  *(volatile uint8_t*)(uintptr_t)FLASH_ACR = 5;
  if ((REG(FLASH_ACR) & 7) != 5) return 4;
  REG(CFGR) = (REG(CFGR) & ~0xf0u) | 0u << 4;
  if (!BIT_BAND(CR, 25)) return 5;
  REG(CFGR) = (REG(CFGR) & ~3u) | 2;
  if (!wait_for(CFGR, 3u << 2, 2u << 2, 5000)) return 6;
  REG(CFGR) = (REG(CFGR) & ~(7u << 10)) | 5u << 10;
  REG(CFGR) = (REG(CFGR) & ~(7u << 13)) | 4u << 13;
  REG(FLASH_ACR) |= 7u << 8;
  return 0;
}

_Noreturn void reset(void) {
  ticks = 0;
  REG(SYST + 4) = 16000 - 1;  // a tick a millisecond, as long as the clock is the internal one
  REG(SYST + 8) = 0;
  REG(SYST) = 5;
  const int failed = start_clocks();
  REG(APB1ENR) |= 1u << 17;
  REG(USART2 + 8) = 0x16d;
  REG(USART2 + 12) = 1u << 13 | 1u << 3 | 1u << 2;
  if (failed) {
    const char digit[2] = {(char)('0' + failed), 0};
    print("clock failed ");
    print(digit);
    print("\r\n");
  } else {
    print("clock ready: 168 MHz\r\n");
  }
  for (;;) __asm__ volatile("wfi");
}
