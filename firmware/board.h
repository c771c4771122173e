// What hello.c needs from a board. The build gives BOARD, UART_BASE, UART_IRQ and, where there is one, UART2_BASE.
#pragma once
#include <stdbool.h>
#include <stdint.h>

static inline volatile uint32_t* reg32(uintptr_t address) { return (volatile uint32_t*)address; }
static inline volatile uint8_t* reg8(uintptr_t address) { return (volatile uint8_t*)address; }

// uart_*.c: one driver a kind of UART. uart_init also lets the UART raise its interrupt when a byte has arrived.
void uart_init(uintptr_t base);
bool uart_ready(uintptr_t base);  // a byte has arrived
uint8_t uart_get(uintptr_t base);
void uart_put(uintptr_t base, uint8_t byte);

// irq_*.c: one an interrupt controller. Interrupts stay masked in the processor: a pending one only ends the wait.
void irq_enable(unsigned irq);
void irq_disable(unsigned irq);
void irq_done(void);  // the cause is gone: lets the controller signal the next one

// cpu_*.c
void cpu_wait(void);                        // sleeps until an enabled interrupt is pending; may return early
long cpu_semihosting(long operation, const void* argument);
void cpu_undefined_instruction(void);
bool cpu_lockup(void);                      // false: this processor does not know such a state
bool cpu_power_off(void);                   // false: this board has no switch for it

// hello.c
_Noreturn void hello(void);
_Noreturn void report_fault(uintptr_t pc);
