// Arm MPS2 with AN385: vector table, UART 0, and the end of the program by semihosting.
#include "board.h"

#include <stdint.h>

extern uint32_t stack_top[], data_load[], data_start[], data_end[], bss_start[], bss_end[];

static volatile uint32_t* const uart = (volatile uint32_t*)0x40004000;  // CMSDK: data, state, control, ..., baud rate divider
enum { uart_data = 0, uart_state = 1, uart_control = 2, uart_divider = 4, transmit_full = 1, transmit_enable = 1 };

void board_print(const char* text) {
  for (; *text; ++text) {
    while (uart[uart_state] & transmit_full) {
    }
    uart[uart_data] = (uint8_t)*text;
  }
}

_Noreturn void board_exit(int status) {
  const uint32_t block[] = {0x20026, (uint32_t)status};  // ADP_Stopped_ApplicationExit
  register uint32_t operation __asm__("r0") = 0x20;      // SYS_EXIT_EXTENDED
  register const uint32_t* argument __asm__("r1") = block;
  __asm__ volatile("bkpt 0xab" : : "r"(operation), "r"(argument) : "memory");
  for (;;) {
  }
}

static _Noreturn void fault(void) {
  board_print("fault\n");
  board_exit(99);
}

static _Noreturn void reset(void) {
  const uint32_t* from = data_load;
  for (uint32_t* to = data_start; to < data_end;) *to++ = *from++;
  for (uint32_t* to = bss_start; to < bss_end;) *to++ = 0;
  uart[uart_divider] = 16;
  uart[uart_control] = transmit_enable;
  board_exit(main());
}

__attribute__((section(".vectors"), used)) static const void* const vectors[] = {stack_top, reset, fault, fault, fault, fault, fault};
