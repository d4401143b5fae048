"""Runs the project on Linux for arm64, in an emulator of the whole machine: `make arm64` and `make numa`.

QEMU translates blocks of instructions and takes interrupts between them, so that a critical section, which is one
block, is never interrupted: a section that the kernel does not know of would lose nothing. With -icount it counts
instructions and takes an interrupt behind any of them. All of the machine's time is that count, too, so that one
seed gives one interleaving, and a second there has nothing to do with a second here. The two processors take
turns: what they would reorder is not seen.

`make numa` has four processors in two NUMA nodes, whose numbers do not go up with those of the processors.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from stat import S_IFREG

from image import ROOT, Archive, image

QEMU, STATUS, LIMIT_S = "qemu-system-aarch64", "arm64: exit status ", 1800
MACHINE = """
    -machine virt,gic-version=3 -cpu neoverse-n1 -smp 2 -m 2048 -accel tcg,thread=single,tb-size=512
    -icount shift=4,sleep=off -rtc clock=vm,base=2026-01-01 -nodefaults -display none -serial stdio -no-reboot
"""
NODES = """
    -smp 4 -object memory-backend-ram,id=memory0,size=1G -numa node,nodeid=0,memdev=memory0,cpus=0,cpus=3
    -object memory-backend-ram,id=memory1,size=1G -numa node,nodeid=1,memdev=memory1,cpus=1,cpus=2
"""
LANES = ("tests/arm64/lanes.py",)
COMMANDS = ("-m rseq info", *(f"tests/arm64/proof.py {part}" for part in ("bugs", "breakpoints", "stress")))
FILES = ("src/**/*.py", "tests/*.py", "tests/stress/*.py", "tests/arm64/*.py")


def main() -> int:
    """Boot, print what the machine prints, and return the status that it ends with."""
    parser = argparse.ArgumentParser(description="Run the project on Linux for arm64, in an emulator.")
    parser.add_argument("--seed", type=int, default=1, help="of the interleaving; 1 by default")
    parser.add_argument("--nodes", action="store_true", help="two NUMA nodes, and the commands for those")
    parser.add_argument("commands", nargs="*", help="arguments for Python there, one command in each")
    options = parser.parse_args()
    if shutil.which(QEMU) is None:
        sys.exit(f"{QEMU} is missing: on Debian and Ubuntu, `apt install qemu-system-arm` and try again.")
    folder = ROOT / ".arm64"
    folder.mkdir(exist_ok=True)
    kernel, base = image(folder)
    archive = _with_project(base, options.commands or (LANES if options.nodes else COMMANDS))
    machine = MACHINE + NODES if options.nodes else MACHINE
    command = [QEMU, *machine.split(), "-seed", f"{options.seed}", "-kernel", kernel, "-initrd", archive]
    return _run([*command, "-append", "console=ttyAMA0 quiet panic=-1 mitigations=off"])


def _with_project(base: Path, commands: Sequence[str]) -> Path:
    """The archive that the machine starts from: `base`, and behind it the project."""
    path = base.with_name("initrd.cpio")
    with path.open("wb") as out:
        out.write(base.read_bytes())
        archive = Archive(out)
        archive.add("init", (ROOT / "tests/arm64/init.py").read_bytes(), S_IFREG | 0o755)
        archive.add("commands", "\n".join(commands).encode())
        for file in (file for pattern in FILES for file in ROOT.glob(pattern)):
            archive.add(str(file.relative_to(ROOT)), file.read_bytes())
        archive.end()
    return path


def _run(command: list[str | Path]) -> int:
    """The status that the machine says at its end, or 1."""
    status = 1
    output = {"stdout": subprocess.PIPE, "text": True, "errors": "replace"}
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, **output) as machine:
        clock = threading.Timer(LIMIT_S, machine.kill)
        clock.start()
        for line in machine.stdout:
            print(line.rstrip(), flush=True)
            if line.startswith(STATUS):
                status = int(line.removeprefix(STATUS))
        clock.cancel()
    return status


if __name__ == "__main__":
    sys.exit(main())
