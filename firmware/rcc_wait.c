// What vendor start-up code does on an STM32F4: it switches the crystal on and waits for it. On a machine that does not
// emulate the RCC the ready bit never comes. For the test of the diagnosis; stands alone, without board.h.
#include <stdint.h>

#define RCC ((volatile uint32_t*)0x40023800)
#define USART2 ((volatile uint32_t*)0x40004400)

extern uint32_t __stack_top[];

enum { CR, PLLCFGR, CFGR };
enum { HSEON = 1u << 16, HSERDY = 1u << 17 };

static void print(const char* text) {
  for (; *text; ++text) {
    while (!(USART2[0] & 1u << 7)) {}
    USART2[1] = (uint32_t)*text;
  }
}

__attribute__((noinline)) static void wait_for_crystal(void) {
  RCC[CR] |= HSEON;
  while (!(RCC[CR] & HSERDY)) {}
}

static void clock_init(void) {
  wait_for_crystal();
  RCC[CFGR] = 1;
}

__attribute__((used)) _Noreturn void reset(void) {
  USART2[3] = 1u << 13 | 1u << 3;
  print("VirServer rcc-wait starts\r\n");
  clock_init();
  print("VirServer rcc-wait ready\r\n");
  for (;;) __asm__ volatile("wfi");
}

__attribute__((naked)) static void fault(void) { __asm__ volatile("b ."); }

__attribute__((section(".vectors"), used)) void (*const _vector_table[16])(void) = {
    (void (*)(void))__stack_top, reset, fault, fault, fault, fault, fault, fault,
    fault, fault, fault, fault, fault, fault, fault, fault};
