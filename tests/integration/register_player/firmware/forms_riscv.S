// As forms_thumb.S, of RV32IMAC and RV64IMAC.
  .option norelax  // else the code shrinks and `done` moves
  .text
  .global _start
_start:
  la s10, results
  call fill
  j tries
setup:
  li a0, 0x81828384
  la a1, block + 32
  li a2, 0x5a6b7c8d
  li a3, 3
  ret
dump:
  .if __riscv_xlen == 64
  sd a0, 0(s10)
  sd a1, 8(s10)
  sd a2, 16(s10)
  sd a3, 24(s10)
  addi s10, s10, 32
  .else
  sw a0, 0(s10)
  sw a1, 4(s10)
  sw a2, 8(s10)
  sw a3, 12(s10)
  addi s10, s10, 16
  .endif
  ret
fill:
  la a1, block
  li a2, 0
  li a4, 0x01030507
1: mul a3, a4, a2
  sw a3, 0(a1)
  addi a1, a1, 4
  addi a2, a2, 1
  li a3, 16
  bne a2, a3, 1b
  ret

  .macro try insn:vararg
  call setup
  \insn
  call dump
  .endm

tries:
  .option norvc
  try lb a0, -1(a1)
  try lh a0, -2(a1)
  try lw a0, 4(a1)
  try lbu a0, -1(a1)
  try lhu a0, -2(a1)
  try lw zero, 0(a1)
  try sb a2, -1(a1)
  try sh a2, 2(a1)
  try sw a2, 4(a1)
  try sw zero, 8(a1)
  try lr.w a0, (a1)
  try amoswap.w a0, a2, (a1)
  try amoadd.w a0, a2, (a1)
  try amoxor.w a0, a2, (a1)
  try amoand.w a0, a2, (a1)
  try amoor.w a0, a2, (a1)
  try amomin.w a0, a2, (a1)
  try amomax.w a0, a2, (a1)
  try amominu.w a0, a2, (a1)
  try amomaxu.w zero, a2, (a1)
  .if __riscv_xlen == 64
  try ld a0, 8(a1)
  try lwu a0, -4(a1)
  try sd a2, -8(a1)
  try amoadd.d a0, a2, (a1)
  .endif
  .option rvc
  try c.lw a0, 4(a1)
  try c.sw a2, 8(a1)
  .if __riscv_xlen == 64
  try c.ld a0, 8(a1)
  try c.sd a2, 16(a1)
  .endif
  call setup
  mv a4, sp
  mv sp, a1
  lw a0, 4(sp)
  sw a2, 8(sp)
  mv sp, a4
  call dump
2: call setup
  lr.w a0, (a1)
  addi a0, a0, 1
  sc.w a3, a0, (a1)
  bnez a3, 2b
  call dump
  j done

  .org 0x2000
done:
  j done
