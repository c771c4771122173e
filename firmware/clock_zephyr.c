// The order of register accesses of a Zephyr image for an STM32F4: clocks from the PLL by the low-layer calls, which wait for ever,
// a console by polling, and a tick by SysTick that the greeting waits for. Source: RM0090, sections 3.5, 5.1, 7.2.
#include "start.h"

enum {
  RCC = 0x40023800, CR = RCC, PLLCFGR = RCC + 4, CFGR = RCC + 8, APB1ENR = RCC + 0x40, APB2ENR = RCC + 0x44,
  PWR_CR = 0x40007000, PWR_CSR = PWR_CR + 4, FLASH_ACR = 0x40023c00, USART2 = 0x40004400, SYST = 0xe000e010,
};

void interrupt(void) {}

static void put(char byte) {
  while (!(REG(USART2) & 1u << 7)) {}
  REG(USART2 + 4) = (uint8_t)byte;
}

_Noreturn void reset(void) {
  REG(APB2ENR) |= 1u << 14;
  REG(APB1ENR) |= 1u << 28 | 1u << 17;
  (void)REG(APB1ENR);
  REG(FLASH_ACR) |= 7u << 8;
  REG(FLASH_ACR) = (REG(FLASH_ACR) & ~7u) | 2;
  while ((REG(FLASH_ACR) & 7u) != 2) {}
  REG(PWR_CR) |= 1u << 14;
  while (!(REG(PWR_CSR) & 1u << 14)) {}
  REG(CR) |= 1u;
  while (!(REG(CR) & 1u << 1)) {}
  REG(CR) |= 1u << 16;
  while (!(REG(CR) & 1u << 17)) {}
  REG(PLLCFGR) = (REG(PLLCFGR) & 0xf0bc8000u) | 1u << 22 | 8u | 336u << 6 | 1u << 16;
  REG(CR) |= 1u << 24;
  while (!(REG(CR) & 1u << 25)) {}
  REG(CFGR) = (REG(CFGR) & ~3u) | 2;
  while ((REG(CFGR) & 3u << 2) != 2u << 2) {}
  REG(USART2 + 8) = 0x2d9;
  REG(USART2 + 12) = 1u << 13 | 1u << 3 | 1u << 2;
  REG(SYST + 4) = 84000 - 1;
  REG(SYST + 8) = 0;
  REG(SYST) = 5;
  for (int tick = 0; tick < 10;) tick += (REG(SYST) & 1u << 16) != 0;
  for (const char* text = "*** Booting ***\nHello from the kernel\n"; *text; ++text) {
    if (*text == '\n') put('\r');
    put(*text);
  }
  for (;;) __asm__ volatile("wfi");
}
