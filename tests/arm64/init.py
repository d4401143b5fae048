#!/usr/bin/python3.13
"""Process 1 of the emulated machine: runs the commands in /commands, says what they end with, and halts the machine."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path

LIBC = ctypes.CDLL(None, use_errno=True)
MOUNTS = {"/proc": "proc", "/sys": "sysfs", "/dev": "devtmpfs", "/dev/shm": "tmpfs", "/tmp": "tmpfs"}
POWER_OFF = 0x4321FEDC  # linux/reboot.h
ENVIRONMENT = {
    "PATH": "/usr/bin",
    "HOME": "/tmp",
    "TERM": "dumb",
    "PYTHONPATH": "/src:/tests:/usr/lib/site",
    "PYTHONUNBUFFERED": "1",
}


def main() -> None:
    for place, kind in MOUNTS.items():
        Path(place).mkdir(exist_ok=True)
        if LIBC.mount(kind.encode(), place.encode(), kind.encode(), 0, None):
            raise OSError(ctypes.get_errno(), f"cannot mount {place}")
    print(*os.uname(), os.cpu_count(), "CPUs", flush=True)
    status = 0
    for command in Path("/commands").read_text().splitlines():
        print(f"\n== python3 {command}", flush=True)
        done = subprocess.run([sys.executable, *command.split()], env=ENVIRONMENT, cwd="/", check=False)
        status = status or done.returncode
    print(f"\narm64: exit status {status}", flush=True)


try:
    main()
finally:
    os.sync()
    LIBC.reboot(POWER_OFF)
