#!/usr/bin/env python3
"""Starts SkyEye as a person does, in a terminal, with the files of a directory; prints the milliseconds from its start to the
first byte of the UART whose terminal its skyeye.conf names. skyeye_by_hand.py LAUNCHER DIRECTORY CONSOLE"""
import os
import pty
import select
import subprocess
import sys
import time
import tty

launcher, directory, console = sys.argv[1:]
terminal, terminal_end = pty.openpty()
uart, uart_end = pty.openpty()
for end in (terminal_end, uart_end):
    tty.setraw(end)
os.makedirs(f"{directory}/pty", exist_ok=True)
link = f"{directory}/pty/{console}"
if os.path.lexists(link):
    os.remove(link)
os.symlink(os.ttyname(uart_end), link)

begun = time.monotonic()
process = subprocess.Popen([launcher, "-c", "skyeye.conf", "-e", "image.elf"], cwd=directory, stdin=terminal_end, stdout=terminal_end,
                           stderr=terminal_end, start_new_session=True, env={"PATH": os.environ["PATH"], "TERM": "dumb", "HOME": directory})
commands, said = [b"start\n", b"run\n"], b""
deadline = begun + 30
while time.monotonic() < deadline:
    ready, _, _ = select.select([terminal, uart], [], [], 1)
    if uart in ready and os.read(uart, 1):
        print(f"{(time.monotonic() - begun) * 1000:.2f}")
        break
    if terminal in ready:
        said += os.read(terminal, 4096)
        if commands and said.rstrip().endswith(b"(skyeye)"):
            os.write(terminal, commands.pop(0))
            said = b""
else:
    print(f"no byte came: {said!r}", file=sys.stderr)
os.killpg(process.pid, 9)
process.wait()
