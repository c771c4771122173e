// PowerPC e500 as its loader leaves it: RAM mapped at 0. The devices get a mapping of 1 MiB; their physical address has
// 36 bits, CCSR_HIGH is the upper four. The program lies in the first 64 KiB, where the trap vectors must be.
#include "board.h"

#define TEXT(x) TEXT_(x)
#define TEXT_(x) #x

__asm__(
    ".section .vectors, \"ax\"\n .global _start\n"
    "_start:\n"
    " lis 3, 0x1001\n mtspr 624, 3\n"                                     // MAS0: TLB1, entry 1
    " lis 3, 0xc000\n ori 3, 3, 0x0500\n mtspr 625, 3\n"                  // MAS1: valid, protected, 1 MiB
    " lis 4, " TEXT(UART_BASE) "@h\n ori 3, 4, 0x0a\n mtspr 626, 3\n"     // MAS2: uncached, guarded
    " ori 3, 4, 0x15\n mtspr 627, 3\n li 3, " TEXT(CCSR_HIGH) "\n mtspr 944, 3\n"  // MAS3, MAS7: supervisor
    " isync\n tlbwe\n isync\n"
    " lis 1, __stack_top@h\n ori 1, 1, __stack_top@l\n addi 1, 1, -32\n"
    " li 3, 0\n mtspr 63, 3\n"                                            // IVPR
    " li 3, external@l\n mtspr 404, 3\n li 3, program@l\n mtspr 406, 3\n"  // IVOR4, IVOR6
    " lis 3, 0x0080\n mtspr 1008, 3\n"                                    // HID0: MSR.WE means doze
    " b start_c\n"
    // An external interrupt ends the doze and goes back with MSR.WE and MSR.EE off.
    ".balign 16\nexternal:\n mtspr 272, 3\n mfspr 3, 27\n rlwinm 3, 3, 0, 17, 15\n rlwinm 3, 3, 0, 14, 12\n mtspr 27, 3\n mfspr 3, 272\n rfi\n"
    ".balign 16\nprogram:\n mfspr 3, 26\n b report_fault\n .previous\n");

void cpu_wait(void) {
  uint32_t msr;
  __asm__ volatile("mfmsr %0\n ori %0, %0, 0x8000\n oris %0, %0, 4\n sync\n mtmsr %0\n isync" : "=&r"(msr)::"memory");
}
long cpu_semihosting(long operation __attribute__((unused)), const void* argument __attribute__((unused))) { return -1; }
void cpu_undefined_instruction(void) { __asm__ volatile(".long 0"); }
bool cpu_lockup(void) { return false; }
bool cpu_power_off(void) { return false; }
