# RISC-V virt: prints "ready\n", then sends back every character it gets, with 1 added.
.global start
start:
  li t0, 0x10000000
  la t1, text
1: lbu t2, 0(t1)
  beqz t2, 2f
  sb t2, 0(t0)
  addi t1, t1, 1
  j 1b
2: lbu t2, 5(t0)
  andi t2, t2, 1
  beqz t2, 2b
  lbu t3, 0(t0)
  addi t3, t3, 1
  sb t3, 0(t0)
  j 2b
text: .asciz "ready\n"
