// What a board shows and takes beside its UART, on an STM32F4 Discovery: the user button (PA0), the LED on PD12, two interrupt
// lines. It tells the button and each interrupt; a line that came is masked until it is armed again. Where there are no GPIO
// ports it says so. Source: RM0090, sections 8.4, 30.6.
//   a   arms the interrupts again and says `armed`
//   b   switches the LED on and off three times, about a million instructions apart, and says `blinked`
#include "start.h"

enum {
  GPIOA = 0x40020000, GPIOD = 0x40020c00, MODER = 0x00, IDR = 0x10, BSRR = 0x18,
  RCC_AHB1ENR = 0x40023830, RCC_APB1ENR = 0x40023840,
  USART2 = 0x40004400, SR = USART2, DR = USART2 + 4, CR1 = USART2 + 12, RXNE = 1u << 5, TXE = 1u << 7,
  NVIC_ISER0 = 0xe000e100, NVIC_ICER0 = 0xe000e180, NVIC_ICPR0 = 0xe000e280, ICSR = 0xe000ed04,
  LED = 12, EXTI0 = 6, TIM3 = 29,
};

static volatile uint32_t came;  // a bit for each line

void interrupt(void) {
  const uint32_t line = (REG(ICSR) & 0x1ff) - 16;
  REG(NVIC_ICER0) = 1u << line;
  came |= 1u << line;
}

static void write(const char* text) {
  for (; *text; ++text) {
    while (!(REG(SR) & TXE)) {}
    REG(DR) = (uint8_t)*text;
  }
}

static void led(uint32_t on) { REG(GPIOD + BSRR) = 1u << (on ? LED : LED + 16); }

static void arm(void) {
  REG(NVIC_ICPR0) = 1u << EXTI0 | 1u << TIM3;
  REG(NVIC_ISER0) = 1u << EXTI0 | 1u << TIM3;
}

__attribute__((noinline)) static void blink(void) {
  for (unsigned i = 0; i < 6; ++i) {
    led(i % 2 == 0);
    for (volatile unsigned wait = 0; wait < 250000; ++wait) {}
  }
}

_Noreturn void reset(void) {
  came = 0;
  REG(RCC_AHB1ENR) |= 1u << 0 | 1u << 3;
  REG(RCC_APB1ENR) |= 1u << 17;
  REG(CR1) = 1u << 13 | 1u << 3 | 1u << 2;
  REG(GPIOD + MODER) = 1u << 2 * LED;
  const uint32_t pins = REG(GPIOD + MODER) == 1u << 2 * LED;
  write(pins ? "pins ready\r\n" : "pins ready, without pins\r\n");
  arm();
  uint32_t button = 0;
  for (;;) {
    for (volatile unsigned rest = 0; rest < 500; ++rest) {}  // an emulator pays more for a register than for a thousand instructions
    const uint32_t now = pins ? REG(GPIOA + IDR) & 1 : 0;
    if (now != button) {
      button = now;
      write(button ? "button down\r\n" : "button up\r\n");
      led(button);
    }
    __asm__ volatile("cpsid i");
    const uint32_t lines = came;
    came = 0;
    __asm__ volatile("cpsie i");
    if (lines & 1u << EXTI0) write("interrupt 6\r\n");
    if (lines & 1u << TIM3) write("interrupt 29\r\n");
    if (!(REG(SR) & RXNE)) continue;
    const char byte = (char)REG(DR);
    if (byte == 'a') {
      arm();
      write("armed\r\n");
    } else if (byte == 'b') {
      blink();
      write("blinked\r\n");
    }
  }
}
