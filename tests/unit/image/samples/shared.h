#pragma once

extern volatile int counter;
int other(int value);

// In both units: one line, several addresses.
static inline __attribute__((always_inline)) int shared(int value) {
  return value * 3 + counter;  // line: shared
}
