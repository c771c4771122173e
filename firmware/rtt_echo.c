// Firmware that has no UART to print on, only SEGGER's RTT: says that it is ready, counts on demand and gives back what it
// gets. For the test of RTT consoles; stands alone, without board.h.
#include <stdint.h>

extern uint32_t __stack_top[];

struct channel {
  const char* name;
  volatile uint8_t* buffer;
  uint32_t size;
  volatile uint32_t write, read;
  uint32_t flags;
};

static volatile uint8_t up_buffer[64], down_buffer[16], defmt_buffer[32];

struct {
  char id[16];
  int32_t up_count, down_count;
  struct channel up[2], down[1];
} _SEGGER_RTT;

static void put(struct channel* channel, uint8_t byte) {
  const uint32_t next = (channel->write + 1) % channel->size;
  while (next == channel->read) {
  }
  channel->buffer[channel->write] = byte;
  channel->write = next;
}

static void print(const char* text) {
  for (; *text; ++text) put(&_SEGGER_RTT.up[0], (uint8_t)*text);
}

static void set_up(struct channel* channel, const char* name, volatile uint8_t* buffer, uint32_t size) {
  channel->name = name;
  channel->buffer = buffer;
  channel->size = size;
  channel->write = channel->read = channel->flags = 0;
}

__attribute__((used)) _Noreturn void reset(void) {
  set_up(&_SEGGER_RTT.up[0], "Terminal", up_buffer, sizeof up_buffer);
  set_up(&_SEGGER_RTT.up[1], "defmt", defmt_buffer, sizeof defmt_buffer);
  set_up(&_SEGGER_RTT.down[0], "Terminal", down_buffer, sizeof down_buffer);
  _SEGGER_RTT.up_count = 2;
  _SEGGER_RTT.down_count = 1;
  const char* id = "SEGGER RTT";
  for (int i = 15; i >= 0; --i) _SEGGER_RTT.id[i] = i < 10 ? id[i] : 0;
  print("VirServer rtt ready\r\n");
  for (int i = 0; i < 256; ++i) put(&_SEGGER_RTT.up[1], (uint8_t)i);
  struct channel* down = &_SEGGER_RTT.down[0];
  for (;;) {
    if (down->read == down->write) continue;
    const uint8_t byte = down->buffer[down->read];
    down->read = (down->read + 1) % down->size;
    put(&_SEGGER_RTT.up[0], byte);
    if (byte == '!')
      for (int i = 0; i < 200; ++i) print("0123456789abcdef\r\n");
  }
}

__attribute__((naked)) static void fault(void) { __asm__ volatile("b ."); }

__attribute__((section(".vectors"), used)) void (*const _vector_table[16])(void) = {
    (void (*)(void))__stack_top, reset, fault, fault, fault, fault, fault, fault,
    fault, fault, fault, fault, fault, fault, fault, fault};
