// As forms_thumb.S, of A64.
  .arch armv8.1-a
  .text
  .global _start
_start:
  ldr x20, =results
  bl fill
  b tries
setup:
  ldr x0, =0x8182838485868788
  ldr x1, =block + 32
  mov x2, #4
  ldr x3, =0x5a6b7c8d9eafb0c1
  mov x4, #-8
  mov x5, #0
  ret
dump:
  stp x0, x1, [x20], #16
  stp x2, x3, [x20], #16
  str x5, [x20], #8
  ret
fill:
  ldr x1, =block
  mov x2, #0
1: ldr w3, =0x01030507
  mul w3, w3, w2
  str w3, [x1, x2, lsl #2]
  add x2, x2, #1
  cmp x2, #16
  b.ne 1b
  ret
  .ltorg

  .macro try insn:vararg
  bl setup
  \insn
  bl dump
  .endm

tries:
  try ldr w0, [x1, #4]
  try ldr x0, [x1, #8]
  try ldrb w0, [x1, #1]
  try ldrh w0, [x1, #2]
  try ldrsb w0, [x1, #-1]
  try ldrsb x0, [x1, #-1]
  try ldrsh w0, [x1, #-2]
  try ldrsh x0, [x1, #-2]
  try ldrsw x0, [x1, #4]
  try str w3, [x1, #4]
  try str x3, [x1, #8]
  try str wzr, [x1]
  try strb w3, [x1]
  try strh w3, [x1]
  try ldr w0, [x1], #4
  try ldr x0, [x1, #-8]!
  try str w3, [x1], #-16
  try ldur w0, [x1, #-3]
  try ldtr w0, [x1, #4]
  try ldr w0, [x1, x2]
  try ldr w0, [x1, x2, lsl #2]
  try ldr x0, [x1, w4, sxtw]
  try ldr x0, [x1, w2, uxtw #3]
  try strh w3, [x1, w2, sxtw #1]
  try ldp w0, w2, [x1, #8]
  try ldp x0, x2, [x1, #-16]
  try ldp x0, x2, [x1], #16
  try stp x3, xzr, [x1, #-16]!
  try ldpsw x0, x2, [x1, #4]
  try ldnp w0, w2, [x1, #8]
  try ldar w0, [x1]
  try stlr w3, [x1]
  try ldxr w0, [x1]
  b done
  .ltorg

  .org 0x2000
done:
  b done
