// Cortex-M: writes "bye" to the semihosting console and exits with 42.
.syntax unified
.thumb
.word 0x20001000
.word start
.thumb_func
.global start
start:
  movs r0, #0x04
  ldr r1, =text
  bkpt 0xab
  movs r0, #0x20
  ldr r1, =block
  bkpt 0xab
  b .
.ltorg
.align 2
block: .word 0x20026, 42
text: .asciz "bye\n"
