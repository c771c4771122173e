// Cortex-M: a fault in the HardFault handler, the processor locks up.
.syntax unified
.thumb
.word 0x20001000
.word start
.word fault
.word fault
.thumb_func
.global start
start:
  ldr r0, =0xf0000000
  ldr r1, [r0]
.thumb_func
fault:
  ldr r1, [r0]
  b .
.ltorg
