// Arm virt: PSCI SYSTEM_OFF.
.arch_extension virt
.global start
start:
  ldr r0, =0x84000008
  hvc #0
  b .
