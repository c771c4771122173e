// Every form of load and store of Thumb-2 on a block of sixteen words. Each is tried from the same registers, and what it
// leaves in them goes to `results`. block and results are addresses that the linker is told.
  .syntax unified
  .cpu cortex-m4
  .thumb
  .text
  .global _start
  .thumb_func
  .set _start, start
  .word 0x20010000
  .word start + 1
  .rept 14
  .word hang + 1
  .endr
hang:
  b hang

  .thumb_func
setup:
  ldr r0, =0x81828384
  ldr r1, =block + 32
  movs r2, #4
  ldr r3, =0x5a6b7c8d
  ldr r4, =block
  movs r5, #0
  movs r6, #0
  mvn r7, r5
  cmp r2, #4
  bx lr
  .thumb_func
dump:
  mrs r12, apsr
  stmia r11!, {r0-r7, r12}
  bx lr
  .ltorg

  .macro try insn:vararg
  bl setup
  \insn
  bl dump
  .endm

  .thumb_func
start:
  ldr r11, =results
  bl fill
  try ldr r0, [r1, r2]
  try ldrb r0, [r1, r2]
  try ldrh r0, [r1, r2]
  try ldrsb r0, [r1, r2]
  try ldrsh r0, [r1, r2]
  try str r0, [r1, r2]
  try strb r0, [r1, r2]
  try strh r0, [r1, r2]
  try ldr r0, [r1, #12]
  try str r3, [r1, #12]
  try ldrb r0, [r1, #3]
  try strb r3, [r1, #3]
  try ldrh r0, [r1, #6]
  try strh r3, [r1, #6]
  try ldmia r1!, {r0, r2, r6}
  try ldmia r1, {r0, r1, r3}
  try stmia r1!, {r0, r3}
  try ldrb.w r0, [r1, #1]
  try ldrsb.w r0, [r1, #3]
  try ldrsh.w r0, [r1, #2]
  try ldr r0, [r1, #-4]
  try str r0, [r1, #-8]
  try ldr r0, [r1, #4]!
  try ldr r0, [r1], #8
  try str r0, [r1], #-8
  try strh r0, [r1, #-2]!
  try ldrsb r0, [r1], #-1
  try ldr.w r0, [r1, r2, lsl #1]
  try strh.w r0, [r1, r2, lsl #2]
  try ldrt r0, [r1, #4]
  try strbt r0, [r1, #4]
  try ldrd r0, r3, [r1, #8]
  try ldrd r0, r3, [r1], #16
  try ldrd r0, r3, [r1, #-16]!
  try strd r0, r3, [r1, #8]
  try strd r0, r3, [r1], #-8
  try ldmdb r1!, {r0, r3, r5}
  try stmdb r1!, {r0, r3}
  bl setup
  ldrex r0, [r1, #8]
  adds r0, #1
  strex r2, r0, [r1, #8]
  bl dump
  bl setup
  ldrexb r0, [r1]
  adds r0, #1
  strexb r2, r0, [r1]
  bl dump
  bl setup
  ldrexh r0, [r1]
  adds r0, #1
  strexh r2, r0, [r1]
  bl dump
  bl setup
  it eq
  ldreq r0, [r1]
  bl dump
  bl setup
  itte eq
  ldreq r0, [r1]
  streq r3, [r1, #4]
  movne r5, #9
  bl dump
  bl setup
  ite ne
  ldrne r0, [r1]
  ldreq r6, [r1, #4]
  bl dump
  bl setup
  ittee ne
  movne r5, #1
  ldrne r0, [r1]
  streq r0, [r1]
  ldreq r6, [r1]
  bl dump
  movs r0, #0
  b done
  .ltorg
  .thumb_func
fill:
  ldr r1, =block
  movs r2, #0
1: ldr r3, =0x01030507
  muls r3, r2
  str r3, [r1, r2, lsl #2]
  adds r2, #1
  cmp r2, #16
  bne 1b
  bx lr
  .ltorg

  .org 0x2000
  .thumb_func
done:
  b done
