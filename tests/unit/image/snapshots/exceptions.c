// Cortex-M: a task on the process stack is interrupted by SVC, whose handler is interrupted by a fault.
// Linked at 0 for mps2-an386 (Cortex-M4 with FPU) and mps2-an385 (Cortex-M3, no FPU).
typedef unsigned int u32;
volatile u32 sink;
volatile float real;

__attribute__((noinline)) void stop_here(u32 value) {
  sink = value;
  for (;;) sink = sink + 1;
}

__attribute__((noinline)) u32 fault_work(u32 value) {
  u32 local[4] = {value, value + 1, value + 2, value + 3};
  stop_here(local[sink & 3]);
  return local[0];
}

void fault_handler(void) { sink = fault_work(7) + 1; }

__attribute__((noinline)) u32 load(volatile u32* address) { return *address + sink; }

void svc_handler(void) {
#if __ARM_ARCH == 6
  sink = load((volatile u32*)1);  // misaligned
#else
  sink = load((volatile u32*)0x50000000) + 1;  // nothing there
#endif
}

__attribute__((noinline)) u32 deep(u32 value) {
#ifdef __ARM_FP
  real = real * 1.5f;
#endif
  __asm__ volatile("svc 0" ::: "memory");
  return value + sink;
}

__attribute__((noinline)) u32 work(u32 value) {
  volatile u32 room[5] = {value};
  return deep(room[0] + 1) + room[0];
}

void task(void) {
  for (;;) sink = work(sink) + 1;
}

static u32 task_stack[256];

__attribute__((naked)) void reset(void) {
#ifdef __ARM_FP
  __asm__ volatile("ldr r0, =0xe000ed88\n ldr r1, [r0]\n orr r1, r1, #0xf00000\n str r1, [r0]\n dsb\n isb");
#endif
  __asm__ volatile("msr psp, %0\n movs r0, #2\n msr control, r0\n isb\n ldr r0, =task\n bx r0" ::"r"(task_stack + 256) : "r0");
}

__attribute__((section(".vectors"), used)) void (*const vectors[])(void) = {
    (void (*)(void))0x20010000, reset, fault_handler, fault_handler, fault_handler, fault_handler, fault_handler,
    0, 0, 0, 0, svc_handler, 0, 0, 0, 0};
