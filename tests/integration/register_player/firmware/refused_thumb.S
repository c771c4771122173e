// Reads a modelled register with an instruction that cannot be played.
  .syntax unified
  .cpu cortex-m4
  .fpu fpv4-sp-d16
  .thumb
  .text
  .global _start
  .thumb_func
  .set _start, start
  .word 0x20010000
  .word start + 1
  .rept 14
  .word done + 1
  .endr
  .thumb_func
start:
  ldr r0, =0xe000ed88
  ldr r1, =0x00f00000
  str r1, [r0]
  dsb
  isb
  ldr r1, =block
  vldr s0, [r1]
  b done
  .ltorg
  .org 0x2000
  .thumb_func
done:
  b done
