// Reads an address that nothing answers and a register that the USART does not have, then counts at 0x20000000.
        .syntax unified
        .thumb
        .word 0x20001000
        .word start + 1
        .thumb_func
        .global start
start:  ldr r0, =0x50000000
        ldr r1, [r0]
        ldr r0, =0x40004420
        ldr r1, [r0]
        ldr r0, =0x20000000
loop:   ldr r1, [r0]
        adds r1, r1, #1
        str r1, [r0]
        b loop
