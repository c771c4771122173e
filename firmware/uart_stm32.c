// USARTs of STM32 F1, F2 and F4; the build says where RCC_APB1ENR and RCC_APB2ENR are, and the bit of USART1.
#include "board.h"

enum { SR = 0x00, DR = 0x04, BRR = 0x08, CR1 = 0x0c };

void uart_init(uintptr_t base) {
  *reg32(RCC_APB2ENR) |= RCC_USART1;
  *reg32(RCC_APB1ENR) |= 1u << 17;  // USART2
  *reg32(base + BRR) = 0x8b;        // 115200 baud from the 16 MHz reset clock
  *reg32(base + CR1) = 0x202c;      // enable, transmitter, receiver, RXNE interrupt
}
bool uart_ready(uintptr_t base) { return (*reg32(base + SR) & 0x20) != 0; }
uint8_t uart_get(uintptr_t base) { return (uint8_t)*reg32(base + DR); }
void uart_put(uintptr_t base, uint8_t byte) {
  while ((*reg32(base + SR) & 0x80) == 0) {
  }
  *reg32(base + DR) = byte;
}
