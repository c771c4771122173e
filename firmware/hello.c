// The demo and test firmware: a prompt on the first UART. README.md lists the commands.
#include "board.h"

static void put_text(const char* text) {
  while (*text) uart_put(UART_BASE, (uint8_t)*text++);
}

static void put_hex(uintptr_t value, unsigned digits) {
  while (digits-- > 0) uart_put(UART_BASE, (uint8_t)"0123456789abcdef"[value >> 4 * digits & 15]);
}

static void put_number(uint32_t value) {
  char text[11];
  char* p = text + sizeof text;
  *--p = 0;
  do {
    *--p = (char)('0' + value % 10);
  } while ((value /= 10) != 0);
  put_text(p);
}

static uint8_t wait_for_byte(void) {
  while (!uart_ready(UART_BASE)) cpu_wait();
  const uint8_t byte = uart_get(UART_BASE);
  irq_done();
  return byte;
}

// Ends at CR, LF or CR LF; what was typed is echoed.
static void read_line(char* line, unsigned size) {
  static bool after_cr = false;
  unsigned length = 0;
  for (;;) {
    const uint8_t byte = wait_for_byte();
    const bool second_half = byte == '\n' && after_cr;
    after_cr = byte == '\r';
    if (second_half) continue;
    if (byte == '\r' || byte == '\n') break;
    if (byte == 8 || byte == 127) {
      if (length > 0) {
        --length;
        put_text("\b \b");
      }
    } else if (length + 1 < size) {
      line[length++] = (char)byte;
      uart_put(UART_BASE, byte);
    }
  }
  line[length] = 0;
  put_text("\r\n");
}

// If `line` is `command`, or starts with it and a space, gives what follows; else NULL.
static const char* argument_of(const char* line, const char* command) {
  while (*command)
    if (*line++ != *command++) return 0;
  return *line == 0 ? line : *line == ' ' ? line + 1 : 0;
}

static uint32_t number(const char* text) {
  uint32_t value = 0;
  while (*text >= '0' && *text <= '9') value = value * 10 + (uint32_t)(*text++ - '0');
  return value;
}

static void count(uint32_t lines) {
  for (uint32_t i = 1; i <= lines; ++i) {
    put_text("line ");
    put_number(i);
    put_text("\r\n");
  }
}

// Lines of 64 bytes that start with their number, so that a reader sees what is missing.
static void flood(uint32_t kib) {
  for (uint32_t i = 0; i < kib * 16; ++i) {
    put_hex(i, 8);
    put_text(" ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz.\r\n");
  }
  put_text("flood done ");
  put_number(kib);
  put_text(" KiB\r\n");
}

static unsigned length_of(const char* text) {
  unsigned length = 0;
  while (text[length]) ++length;
  return length;
}

// The same lines by semihosting, 1 KiB a call.
static void semihosting_flood(uint32_t kib) {
  static char text[1025];
  static const char rest[] = " ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz.\r\n";
  for (uint32_t line = 0; line < kib * 16; ++line) {
    char* p = text + line % 16 * 64;
    for (int digit = 0; digit < 8; ++digit) p[digit] = "0123456789abcdef"[line >> (28 - 4 * digit) & 15];
    for (int i = 0; i < 56; ++i) p[8 + i] = rest[i];
    if (line % 16 == 15) cpu_semihosting(4, text);
  }
  put_text("flooded\r\n");
}

// A file of the host, as far as the emulator's confinement lets it: its first bytes, or a word written to it.
static void host_file(const char* path, bool write) {
  static char text[65];
  const uintptr_t name[3] = {(uintptr_t)path, write ? 4 : 0, length_of(path)};  // "w", "r"
  const long file = cpu_semihosting(1, name);                                    // SYS_OPEN
  if (file < 0) {
    put_text("cannot open\r\n");
    return;
  }
  const uintptr_t data[3] = {(uintptr_t)file, (uintptr_t)(write ? "hello" : text), write ? 5 : 64};
  const long missing = cpu_semihosting(write ? 5 : 6, data);                     // SYS_WRITE, SYS_READ
  const uintptr_t handle[1] = {(uintptr_t)file};
  cpu_semihosting(2, handle);                                                    // SYS_CLOSE
  if (write) {
    put_text(missing == 0 ? "written\r\n" : "cannot write\r\n");
    return;
  }
  text[missing >= 0 && missing <= 64 ? 64 - missing : 0] = 0;
  put_text("read: ");
  put_text(text);
  put_text("\r\n");
}

// Until the next reset.
_Noreturn static void sleep_for_ever(void) {
  irq_disable(UART_IRQ);
  for (;;) cpu_wait();
}

static void exit_with(uint32_t code) {
  const uintptr_t block[2] = {0x20026, code};  // ADP_Stopped_ApplicationExit
  cpu_semihosting(0x20, block);                // SYS_EXIT_EXTENDED
  put_text("semihosting is not enabled\r\n");
}

static void run(const char* line) {
  const char* argument;
  if (*line == 0) return;
  if (argument_of(line, "version")) {
    put_text("VirServer hello 1 on " BOARD "\r\n");
  } else if ((argument = argument_of(line, "count"))) {
    count(number(argument));
  } else if ((argument = argument_of(line, "flood"))) {
    flood(number(argument));
  } else if (argument_of(line, "bytes")) {
    for (unsigned i = 0; i < 256; ++i) uart_put(UART_BASE, (uint8_t)i);
    put_text("\r\n");
  } else if (argument_of(line, "utf8")) {
    put_text("Gr\xc3\xbc\xc3\x9f" "e \xe4\xbd\xa0\xe5\xa5\xbd \xf0\x9f\x9a\x80 \xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82\r\n");
  } else if ((argument = argument_of(line, "second"))) {
#ifdef UART2_BASE
    for (; *argument; ++argument) uart_put(UART2_BASE, (uint8_t)*argument);
    uart_put(UART2_BASE, '\r');
    uart_put(UART2_BASE, '\n');
#else
    put_text("this board has one UART\r\n");
#endif
  } else if ((argument = argument_of(line, "semi"))) {
    cpu_semihosting(4, argument);  // SYS_WRITE0
    cpu_semihosting(4, "\n");
  } else if ((argument = argument_of(line, "semi-flood"))) {
    semihosting_flood(number(argument));
  } else if ((argument = argument_of(line, "semi-read"))) {
    host_file(argument, false);
  } else if ((argument = argument_of(line, "semi-write"))) {
    host_file(argument, true);
  } else if ((argument = argument_of(line, "exit"))) {
    exit_with(number(argument));
  } else if (argument_of(line, "off")) {
    if (!cpu_power_off()) put_text("this board cannot switch itself off\r\n");
  } else if (argument_of(line, "fault")) {
    cpu_undefined_instruction();
  } else if (argument_of(line, "lockup")) {
    if (!cpu_lockup()) put_text("this processor knows no lockup\r\n");
  } else if (argument_of(line, "sleep")) {
    put_text("sleeping\r\n");
    sleep_for_ever();
  } else if (argument_of(line, "spin")) {
    put_text("spinning\r\n");
    for (volatile unsigned i = 0;; ++i) {
    }
  } else {
    put_text("you said: ");
    put_text(line);
    put_text("\r\n");
  }
}

void report_fault(uintptr_t pc) {
  put_text("fault at 0x");
  put_hex(pc, 8);
  put_text("\r\n");
  sleep_for_ever();
}

void hello(void) {
  char line[256];
  uart_init(UART_BASE);
#ifdef UART2_BASE
  uart_init(UART2_BASE);
#endif
  irq_enable(UART_IRQ);
  put_text("VirServer " BOARD " ready\r\n");
  for (;;) {
    put_text("> ");
    read_line(line, sizeof line);
    run(line);
  }
}
