// Code with known shapes for the tests of debug information: who calls whom, what is inlined where, which lines have code.
// Tests name lines by their markers ("// line: NAME"), never by number.
#include "shared.h"

volatile int counter;
int table[4] = {1, 2, 3, 4};

static int helper(int value) {
  counter += value;  // line: calls helper
  return counter;
}

// Thrown away by the linker: its debug information must not be taken for what is at address 0.
int unused(int value) {
  for (int i = 0; i < value; ++i) counter += table[i & 3];  // line: unused
  return helper(counter) * 3;
}

__attribute__((noinline)) int leaf(int value) {
  counter = value;  // line: leaf
  __asm__ volatile("" ::: "memory");
  return value + 1;
}

__attribute__((noinline)) int middle(int value) {
  volatile int local[8];
  for (int i = 0; i < 8; ++i) local[i] = value + i;  // line: loop

  int result = leaf(local[value & 7]);  // line: call leaf
  return result + local[0];
}

static inline __attribute__((always_inline)) int innermost(int value) {
  return middle(value) + 1;  // line: innermost
}

static inline __attribute__((always_inline)) int inlined(int value) {
  return innermost(value + 2) * 2;  // line: inlined
}

__attribute__((noinline)) int outer(int value) {
  int result = inlined(value);  // line: call inlined
  return result + helper(result);
}

__attribute__((noinline)) int recursive(int depth) {
  if (depth == 0) return outer(1);  // line: recursion ends
  int below = recursive(depth - 1);
  counter = below;  // line: recursion
  return below + 1;
}

int main(void) {
  int sum = recursive(3);  // line: main
  sum += shared(sum) + other(sum);
  for (;;) counter = sum;
}

__attribute__((section(".start"), used, noreturn)) void _start(void) {
  main();
  __builtin_unreachable();
}
