// A second unit: another `helper`, and the header's function once more.
#include "shared.h"

extern volatile int counter;

__attribute__((noinline)) static int helper(int value) {
  counter -= value;  // line: other helper
  return value;
}

__attribute__((noinline)) int other(int value) {
  return helper(value) + shared(value);
}
