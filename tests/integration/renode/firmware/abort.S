// Counts for a while, then jumps to where nothing is.
        .syntax unified
        .thumb
        .word 0x20001000
        .word start + 1
        .thumb_func
        .global start
start:  ldr r0, =2000000
loop:   subs r0, r0, #1
        bne loop
        ldr r0, =0xdead0001
        bx r0
