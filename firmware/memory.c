// Called by the start code of every processor once there is a stack.
#include "board.h"

extern uint32_t __data_start[], __data_end[], __data_load[], __bss_start[], __bss_end[];

_Noreturn void start_c(void) {
  for (volatile uint32_t *to = __data_start, *from = __data_load; to < __data_end;) *to++ = *from++;
  for (volatile uint32_t* p = __bss_start; p < __bss_end;) *p++ = 0;
  hello();
}

// The compiler may call these in freestanding code, too.
void* memset(void* to, int value, __SIZE_TYPE__ size) {
  for (volatile uint8_t* p = to; size-- > 0;) *p++ = (uint8_t)value;
  return to;
}
void* memcpy(void* to, const void* from, __SIZE_TYPE__ size) {
  volatile uint8_t* p = to;
  for (const uint8_t* q = from; size-- > 0;) *p++ = *q++;
  return to;
}
