"""Machine code in QEMU's user mode: a second emulator beside Unicorn, and the only one that runs LoongArch.

    board = QemuBoard(Program)      # as emulator.Board

A small program is compiled for the architecture, runs in `qemu-<name>` (Debian's package qemu-user), and does what it
is told on its standard input: map memory, write there, call a function, read. The function gets a thread pointer of
ours, beside which the fake rseq area lies. What is called are the very bytes of the blob. For LoongArch it does what
the kernel does, too: a breakpoint before an instruction ends in a signal handler that aborts the critical section.
"""

from __future__ import annotations

import copy
import shutil
import struct
import subprocess
import sys
import tempfile
import weakref
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from emulator import AREA, AREA_OFFSET, Board
from rseq import _arch as arch
from rseq._arch import Architecture
from rseq._check.code import Program

_SYSCALL = """
static long syscall(long number, long a, long b, long c, long d) {{
    {registers}
    __asm__ volatile("{instruction}" : {outputs} : {inputs} : "memory", {clobbers});
    return r0;
}}
__asm__(".globl call\\ncall: {call}");
"""

_PROGRAM = """
{facts}
extern long call(long address, long thread_pointer);

static void all(long number, long file, char *at, long left) {{
    while (left > 0) {{
        long done = syscall(number, file, (long)at, left, 0);
        if (done <= 0) syscall({exit}, done != 0, 0, 0, 0);
        at += done;
        left -= done;
    }}
}}

#if {pc}
static struct {{ long at, cpu; int word, hits; }} trap;

static void interrupt(int number, void *info, char *context) {{
    long *pc = (long *)(context + {pc});
    char *area = (char *){area};
    struct {{ unsigned version, flags; long start, length, abort; }} *section = *(void **)(area + 8);
    *(int *)trap.at = trap.word;
    trap.hits = 1;
    if (section && (unsigned long)(*pc - section->start) < (unsigned long)section->length) {{
        if (((unsigned *)section->abort)[-1] != {signature}) syscall({exit}, 3, 0, 0, 0);
        *(long *)(area + 8) = 0;
        *pc = section->abort;
        trap.hits = 2;
    }}
    *(int *)area = *(int *)(area + 4) = *(int *)(area + 24) = trap.cpu;
}}
#endif

void _start(void) {{
#if {pc}
    struct {{ void *handler; unsigned long flags, mask; }} action = {{ interrupt, 4, 0 }};
    syscall({action}, 5, (long)&action, 0, 8);
#endif
    for (;;) {{
        long order[3];
        all({read}, 0, (char *)order, sizeof order);
        if (order[0] == 0) {{
            if (syscall({mmap}, order[1], order[2], 7, 0x32) != order[1]) syscall({exit}, 2, 0, 0, 0);
        }} else if (order[0] == 1) {{
            all({read}, 0, (char *)order[1], order[2]);
        }} else if (order[0] == 2) {{
            all({write}, 1, (char *)order[1], order[2]);
#if {pc}
        }} else if (order[0] == 4) {{
            trap.at = order[1], trap.cpu = order[2], trap.hits = 0, trap.word = *(int *)trap.at;
            *(int *)trap.at = {breakpoint};
        }} else if (order[0] == 5) {{
            *(int *)trap.at = trap.word;
            all({write}, 1, (char *)&trap.hits, sizeof trap.hits);
#endif
        }} else {{
            long answer = call(order[1], order[2]);
            all({write}, 1, (char *)&answer, sizeof answer);
        }}
    }}
}}
"""
_MAP, _WRITE, _READ, _CALL, _TRAP, _HITS = range(6)


def _facts(instruction: str, number: str, registers: str, clobbers: str, call: str) -> str:
    """The system call and the function `call` of an architecture: mmap gets -1 and 0 for the last two arguments."""
    names = registers.split()
    values = ["a", "b", "c", "d", "-1", "0"]
    declared = [
        f'register long r{place} __asm__("{name}") = {value};'
        for place, (name, value) in enumerate(zip(names, values, strict=True))
    ]
    declared.append(f'register long n __asm__("{number}") = number;')
    return _SYSCALL.format(
        registers="\n    ".join(declared),
        instruction=instruction,
        outputs='"+r"(r0)' if "sc" != instruction else '"+r"(r0), "+r"(n)',
        inputs=", ".join(f'"r"(r{place})' for place in range(1, 6)) + ("" if instruction == "sc" else ', "r"(n)'),
        clobbers=", ".join(f'"{name}"' for name in clobbers.split()),
        call="\\n".join(line.strip() for line in call.split(";")),
    )


_KINDS = {
    "loongarch64": {
        "facts": _facts(
            "syscall 0",
            "$a7",
            "$a0 $a1 $a2 $a3 $a4 $a5",
            "$t0 $t1 $t2 $t3 $t4 $t5 $t6 $t7 $t8",
            "addi.d $sp, $sp, -16; st.d $ra, $sp, 0; st.d $tp, $sp, 8; move $tp, $a1; jirl $ra, $a0, 0;"
            "ld.d $tp, $sp, 8; ld.d $ra, $sp, 0; addi.d $sp, $sp, 16; jirl $zero, $ra, 0",
        ),
        "read": 63,
        "write": 64,
        "exit": 93,
        "mmap": 222,
        "action": 134,
        "pc": 176,  # in a ucontext
        "breakpoint": "0x002A0000",
    },
    "ppc64le": {
        "facts": _facts(
            "sc",
            "r0",
            "r3 r4 r5 r6 r7 r8",
            "r9 r10 r11 r12 cr0",
            "mflr 0; std 0, 16(1); stdu 1, -64(1); std 13, 40(1); std 2, 24(1); mr 13, 4; mr 12, 3; mtctr 12; bctrl;"
            "ld 2, 24(1); ld 13, 40(1); addi 1, 1, 64; ld 0, 16(1); mtlr 0; blr",
        ),
        "read": 3,
        "write": 4,
        "exit": 1,
        "mmap": 90,
        "action": 0,
        "pc": 0,
        "breakpoint": 0,
    },
}
"""What runs in QEMU's user mode here."""


@cache
def missing(name: str) -> str:
    """Why code of an architecture cannot be run so; "" if it can."""
    if name not in _KINDS:
        return f"tests/qemu.py does not know {name}"
    if shutil.which(f"qemu-{name}") is None:
        return f"there is no qemu-{name}: apt install qemu-user"
    return ""


def in_qemu(name: str, *, slow: bool = False) -> Any:
    """A pytest parameter: an architecture whose code runs in QEMU, whether Unicorn knows it or not."""
    architecture = copy.copy(arch.get(name))
    architecture.emulator = None
    reason = missing(name)
    marks = [pytest.mark.skipif(bool(reason), reason=reason), *[pytest.mark.slow] * slow]
    return pytest.param(architecture, id=f"{name} in QEMU", marks=marks)


def board_for(program: Program) -> Board:
    """Unicorn where it knows the architecture, else QEMU."""
    return Board(program) if program.architecture.emulator is not None else QemuBoard(program)


class _Processor:
    """Memory and a processor, with the methods of Unicorn's engine that a board uses."""

    def __init__(self, architecture: Architecture) -> None:
        self._order = architecture.order
        self._process = subprocess.Popen(
            [f"qemu-{architecture.name}", str(_program(architecture))], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        weakref.finalize(self, _end, self._process)

    def mem_map(self, start: int, nbytes: int) -> None:
        self._tell(_MAP, start, nbytes)

    def mem_write(self, start: int, data: bytes) -> None:
        self._tell(_WRITE, start, len(data), bytes(data))

    def mem_read(self, start: int, nbytes: int) -> bytearray:
        self._tell(_READ, start, nbytes)
        return bytearray(self._hear(nbytes))

    def call(self, address: int, thread_pointer: int) -> int:
        """Call a C function; what it returns."""
        self._tell(_CALL, address, thread_pointer)
        (answer,) = struct.unpack(self._order + "Q", self._hear(8))
        return int(answer)

    def trap(self, address: int, cpu: int) -> None:
        """Interrupt what is called next, once, before the instruction at `address`, and go on on another CPU.

        As the kernel does: if that is in a critical section, its abort handler follows.
        """
        self._tell(_TRAP, address, cpu)

    def was_interrupted(self) -> tuple[bool, bool]:
        """Whether the instruction was reached, and whether a section was aborted there."""
        self._tell(_HITS, 0, 0)
        (hits,) = struct.unpack(self._order + "I", self._hear(4))
        return hits > 0, hits > 1

    def _tell(self, order: int, first: int, second: int, data: bytes = b"") -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(struct.pack(self._order + "3Q", order, first, second) + data)

    def _hear(self, nbytes: int) -> bytes:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.flush()
        data = self._process.stdout.read(nbytes)
        assert len(data) == nbytes, f"the processor has stopped: {self._process.wait()}"
        return data


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.communicate()


@cache
def _program(architecture: Architecture) -> Path:
    """What runs in QEMU, compiled once."""
    folder = Path(tempfile.mkdtemp(prefix="rseq-qemu-"))
    weakref.finalize(_program, shutil.rmtree, folder, ignore_errors=True)
    source, program = folder / "program.c", folder / "program"
    facts = {"area": AREA, "signature": architecture.signature, **_KINDS[architecture.name]}
    source.write_text(_PROGRAM.format(**facts))
    target = f"{architecture.triple.partition('-')[0]}-linux-musl"
    no_vectors = ["-mcpu=generic_la64"] if architecture.name == "loongarch64" else []  # QEMU 7 has none
    options = [
        *no_vectors,
        "-O1",
        "-ffreestanding",
        "-nostdlib",
        "-static",
        "-fno-stack-protector",
        "-fno-sanitize=all",
    ]
    command = [sys.executable, "-m", "ziglang", "cc", "-target", target, *options, "-Wl,--image-base=0x40000000"]
    done = subprocess.run([*command, str(source), "-o", str(program)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return program


class QemuBoard(Board):
    """A board whose processor is QEMU's."""

    def __init__(self, program: Program) -> None:
        self.program, self.order = program, program.architecture.order
        self.engine: Any = _Processor(program.architecture)
        self.returned = 0
        self._load()

    def run(self, address: int) -> None:
        """Call the function at `address`."""
        self.returned = self.engine.call(address, AREA - AREA_OFFSET)
