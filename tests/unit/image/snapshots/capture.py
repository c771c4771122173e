# Inside gdb: prints registers, stack and backtrace of the stopped program, in the form that unwind_test reads.
import gdb

# QEMU 7.2 does not tell the process stack pointer; an instruction does.
def process_stack_pointer(scratch=0x2000f000):
    memory = gdb.selected_inferior()
    read = lambda name: int(gdb.parse_and_eval("(unsigned)$" + name))
    pc, r0, saved = read("pc"), read("r0"), bytes(memory.read_memory(scratch, 4))
    memory.write_memory(scratch, bytes.fromhex("eff30980"))  # mrs r0, psp
    gdb.execute(f"set $pc = {scratch}")
    gdb.execute("stepi", to_string=True)
    psp = read("r0")
    memory.write_memory(scratch, saved)
    gdb.execute(f"set $r0 = {r0}")
    gdb.execute(f"set $pc = {pc}")
    return psp

def emit(architecture, registers, stacks, cortex_m=False, big_endian=False):
    print(f"architecture {architecture}")
    if cortex_m: print("cortex_m")
    if big_endian: print("big_endian")
    psp = process_stack_pointer() if cortex_m else None
    mask = (1 << 64) - 1
    for name in registers:
        try: print(f"register {name} {int(gdb.parse_and_eval('(unsigned long long)$' + name)) & mask:#x}")
        except gdb.error: pass
    if psp is not None: print(f"register psp {psp:#x}")
    for begin, size in stacks:
        begin = int(gdb.parse_and_eval(f"(unsigned long long)({begin})"))
        data = bytes(gdb.selected_inferior().read_memory(begin, size))
        print(f"memory {begin:#x} {data.hex()}")
    frame = gdb.newest_frame()
    while frame:
        if frame.type() in (gdb.NORMAL_FRAME, gdb.ARCH_FRAME) and frame.pc():
            sp = int(frame.read_register("r1" if architecture == "ppc" else "sp")) & mask
            print(f"frame {frame.pc():#x} {frame.name()} {sp:#x}")
        frame = frame.older()
    # Without that pointer gdb does not find what was interrupted in the task.
    if cortex_m:
        for name in ("deep", "work", "task"): print(f"frame 0 {name}")
