// As forms_thumb.S, of A32.
  .syntax unified
  .arch armv7-a
  .arm
  .text
  .global _start
_start:
start:
  ldr r11, =results
  bl fill
  b tries
setup:
  ldr r0, =0x81828384
  ldr r1, =block + 32
  mov r2, #4
  ldr r3, =0x5a6b7c8d
  ldr r4, =block
  mov r5, #0
  mov r6, #0x40
  mvn r7, #0
  cmp r2, #4
  bx lr
dump:
  mrs r12, cpsr
  stmia r11!, {r0-r7, r12}
  bx lr
fill:
  ldr r1, =block
  mov r2, #0
1: ldr r3, =0x01030507
  mul r3, r3, r2
  str r3, [r1, r2, lsl #2]
  add r2, r2, #1
  cmp r2, #16
  bne 1b
  bx lr
  .ltorg

  .macro try insn:vararg
  bl setup
  \insn
  bl dump
  .endm

tries:
  try ldr r0, [r1, #4]
  try ldr r0, [r1, #-8]
  try ldr r0, [r1, #8]!
  try ldr r0, [r1], #-8
  try ldreq r0, [r1]
  try ldrne r0, [r1]
  try ldr r0, [r1, r2]
  try ldr r0, [r1, -r2]
  try ldr r0, [r1, r2, lsl #1]
  try ldr r0, [r1, r6, lsr #4]
  try ldr r0, [r1, r6, asr #3]
  try ldr r0, [r1, r6, ror #5]
  try ldr r0, [r1, -r2, lsl #1]!
  try ldr r0, [r1], -r2, lsl #1
  try str r3, [r1, #4]
  try str r3, [r1], r2
  try strb r3, [r1, #1]!
  try ldrb r0, [r1, #1]
  try ldrt r0, [r1], #4
  try ldrh r0, [r1, #2]
  try ldrh r0, [r1, -r2]
  try strh r3, [r1], #2
  try ldrsb r0, [r1, #-1]!
  try ldrsh r0, [r1], r2
  try ldrd r2, r3, [r1, #8]
  try strd r2, r3, [r1, #-8]!
  try strd r2, r3, [r1], #8
  try ldmia r1!, {r0, r4}
  try ldmib r1, {r0, r4}
  try ldmda r1!, {r0, r4}
  try ldmdb r1, {r0, r4}
  try stmib r1, {r0, r3}
  try stmda r1!, {r0, r3}
  try ldrex r0, [r1]
  try ldrexb r0, [r1]
  b done
  .ltorg

  .org 0x2000
done:
  b done
