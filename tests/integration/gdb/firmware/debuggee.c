// Something to debug, the same on every processor: a loop that calls a function that calls a function.
volatile unsigned counter;
volatile unsigned watched;
volatile unsigned long long pattern;

__attribute__((noinline)) unsigned add(unsigned a, unsigned b) {
  unsigned sum = a + b;
  return sum;
}

__attribute__((noinline)) void work(void) {
  counter = add(counter, 1);
  if (counter % 16 == 0) watched = counter;
}

int main(void) {
  pattern = 0x1122334455667788ull;
  for (;;) work();
}

#if defined(__ARM_ARCH) && __ARM_ARCH_PROFILE == 'M'
extern char stack_top;
void reset(void) { main(); for (;;) { } }
void fault(void) { for (;;) { } }
__attribute__((section(".vectors"), used)) void *const vectors[16] = {&stack_top, (void *)reset, (void *)fault, (void *)fault};
#elif defined(__arm__)
__asm__(".section .start,\"ax\"\n.global _start\n_start: ldr sp, =stack_top\n bl main\n.text\n");
#elif defined(__aarch64__)
__asm__(".section .start,\"ax\"\n.global _start\n_start: ldr x0, =stack_top\n mov sp, x0\n bl main\n.text\n");
#elif defined(__riscv)
__asm__(".section .start,\"ax\"\n.global _start\n_start: la sp, stack_top\n call main\n.text\n");
#elif defined(__powerpc__)
__asm__(".section .start,\"ax\"\n.global _start\n_start: lis 1, stack_top@ha\n addi 1, 1, stack_top@l\n addi 1, 1, -64\n bl main\n.text\n");
#elif defined(__sparc__)
__asm__(".section .start,\"ax\"\n.global _start\n_start: set stack_top - 128, %sp\n mov %sp, %fp\n call main\n nop\n.text\n");
#endif
