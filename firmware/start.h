// The beginning of firmware that stands alone on a Cortex-M: vectors, and registers as volatile words.
#pragma once
#include <stdint.h>

#define REG(address) (*(volatile uint32_t*)(uintptr_t)(address))

extern uint32_t __stack_top[];

_Noreturn void reset(void);
void interrupt(void);  // any interrupt of the chip

__attribute__((naked)) static void fault(void) { __asm__ volatile("b ."); }

__attribute__((section(".vectors"), used)) static void (*const vectors[16 + 64])(void) = {
    (void (*)(void))__stack_top, reset, fault, fault, fault, fault, fault, fault,
    fault, fault, fault, fault, fault, fault, fault, fault, [16 ... 16 + 63] = interrupt};
