"""The native loops: what an operation costs when nothing but the operation is in the loop.

Every loop is LLVM IR from one template, compiled and loaded as rseq's own code is, and called without the GIL. Each has
the form `i64 loop(ptr argument, i64 count)`: the argument says where its memory and the functions that it calls are, so
that the code is the same for every libc, and the answers of the loop's body are summed, so that none is optimised away.
An empty inline assembly that may touch memory ends each body: loops are neither unrolled nor vectorised, and a store is
a store in every one. Slots are 128 bytes apart, as lines are fetched in pairs.

What is compared is what a C programmer would write: calls through a function pointer stand for calls into a library.
"""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from rseq._arch import Architecture, host
from rseq._bench.run import Crew, Implementation, Missing, Threads, Unavailable, Work
from rseq._libc import libc
from rseq._thread.cpus import possible_cpus

__all__ = [
    "NO_ANSWER",
    "SLOT_BYTES",
    "Body",
    "Loop",
    "Loops",
    "Memory",
    "architecture",
    "callable_at",
    "function",
    "implementation",
    "mutexes",
    "slot_of",
    "vdso_getcpu",
    "work",
]

SLOT_BYTES = 128
_WORDS = SLOT_BYTES // 8
ARGUMENTS = 6
"""Words of a loop's argument."""

Loop = Callable[[int, int], int]
"""A loop, called without the GIL: the address of its argument, and how often; the sum of the answers."""

_LOOP = """
define i64 @loop_{name}(ptr %argument, i64 %count) {{
entry:
  %memory = load ptr, ptr %argument
  %first.at = getelementptr ptr, ptr %argument, i32 1
  %first = load ptr, ptr %first.at
  %second.at = getelementptr ptr, ptr %argument, i32 2
  %second = load ptr, ptr %second.at
  %third.at = getelementptr ptr, ptr %argument, i32 3
  %third = load ptr, ptr %third.at
  %fourth.at = getelementptr ptr, ptr %argument, i32 4
  %fourth = load ptr, ptr %fourth.at
  %initial.at = getelementptr ptr, ptr %argument, i32 5
  %initial = load i64, ptr %initial.at
{before}
  br label %again
again:
  %i = phi i64 [ 0, %entry ], [ %next, %again ]
  %sum = phi i64 [ 0, %entry ], [ %sum.next, %again ]
  %held = phi i64 [ %initial, %entry ], [ %held.next, %again ]
{body}
  call void asm sideeffect "", "~{{memory}}"()
  %sum.next = add i64 %sum, %answer
  %next = add i64 %i, 1
  %more = icmp ult i64 %next, %count
  br i1 %more, label %again, label %done
done:
  ret i64 %sum.next
}}
"""

_HELPERS = """
define internal i64 @sched_getcpu(ptr %function) alwaysinline {
  %cpu = call i32 %function()
  %number = sext i32 %cpu to i64
  ret i64 %number
}

define internal i64 @getcpu(ptr %function) alwaysinline {
  %out = alloca i32
  %failed = call i32 %function(ptr %out, ptr null, ptr null)
  %cpu = load i32, ptr %out
  %number = sext i32 %cpu to i64
  ret i64 %number
}

define internal ptr @slot(ptr %memory, i64 %number, i64 %stride) alwaysinline nounwind {
  %offset = mul i64 %number, %stride
  %slot = getelementptr i8, ptr %memory, i64 %offset
  ret ptr %slot
}

define internal void @increment(ptr %counter) alwaysinline nounwind {
  %value = load i64, ptr %counter
  %grown = add i64 %value, 1
  store i64 %grown, ptr %counter
  ret void
}

define internal void @spin_lock(ptr %lock) alwaysinline nounwind {
entry:
  br label %try
try:
  %old = atomicrmw xchg ptr %lock, i64 1 acquire
  %taken = icmp ne i64 %old, 0
  br i1 %taken, label %wait, label %locked
wait:
  %seen = load atomic i64, ptr %lock monotonic, align 8
  %busy = icmp ne i64 %seen, 0
  br i1 %busy, label %wait, label %try
locked:
  ret void
}

define internal void @spin_unlock(ptr %lock) alwaysinline nounwind {
  store atomic i64 0, ptr %lock release, align 8
  ret void
}
"""
"""What several loops call; all of it is inlined."""

NO_ANSWER = "  %answer = add i64 0, 0\n"


def slot_of(get: str, name: str = "slot", function: str = "first", stride: int = SLOT_BYTES) -> str:
    """Emit: the CPU's number and its slot of `%memory`, through a function of the kind "sched_getcpu" or "getcpu"."""
    return f"""
  %{name}.cpu = call i64 @{get}(ptr %{function})
  %{name} = call ptr @slot(ptr %memory, i64 %{name}.cpu, i64 {stride})
"""


@dataclass(frozen=True)
class Body:
    """What a loop does: `body` again and again, after `before`.

    Both use the words of the argument: the pointers `%memory`, `%first`, …, `%fourth`. The body defines `%answer`. A
    number that it carries from one turn to the next is `%held`, at first the argument's last word, and then what the
    body calls `%held.next`. Branches stand in functions that are inlined: the body is one block.
    """

    body: str
    before: str = ""

    def text(self, name: str) -> str:
        """The loop as LLVM IR."""
        held = "" if "%held.next =" in self.body else "  %held.next = add i64 %held, 0\n"
        return _LOOP.format(name=name, before=self.before, body=self.body + held)


class Loops:
    """The loops of one operation, compiled together when the first of them is wanted."""

    def __init__(self, bodies: Mapping[str, Body], helpers: str = "") -> None:
        self._bodies, self._helpers = bodies, helpers
        self._loops: dict[str, Loop] = {}

    def __getitem__(self, name: str) -> Loop:
        """The loop of this name.

        Raises: Unavailable - no code can be made for this machine.
        """
        if not self._loops:
            self._loops.update(self._compile())
        return self._loops[name]

    def _compile(self) -> dict[str, Loop]:
        from rseq._codegen.blob import compile_module, new_module
        from rseq._loader import load

        text = "".join(body.text(name) for name, body in self._bodies.items())
        module = f"{new_module(architecture(), 'bench')}\n{_HELPERS}{self._helpers}{text}"
        names = {name: f"loop_{name}" for name in self._bodies}
        entries = load(compile_module(module, architecture(), [*names.values()])).entries
        return {name: callable_at(entries[symbol]) for name, symbol in names.items()}


def callable_at(address: int) -> Loop:
    """The loop at an address, as a function that runs without the GIL."""
    return ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64)(address)


def work(loop: Loop, arguments: Sequence[Sequence[int]], *kept: object) -> Work:
    """Run a loop, worker number `i` with `arguments[i]`: its memory and what it calls. It keeps `kept` alive."""
    packed = [(ctypes.c_void_p * ARGUMENTS)(*argument) for argument in arguments]

    def run(worker: int, count: int, _kept: object = kept) -> int:
        return loop(ctypes.addressof(packed[worker]), count)

    return run


def implementation(name: str, label: str, work: Work, missing: Missing) -> Implementation:
    """An implementation that runs `work` in threads."""

    def crew(cpus: Sequence[int | None]) -> Crew:
        return Threads(work, cpus)

    return Implementation(name, label, crew, missing)


class Memory:
    """Zeroed memory of its own pages, as an address for loops and as integers to add up.

    Without a size it has a slot for each CPU.
    """

    def __init__(self, nbytes: int = 0) -> None:
        self._pages = mmap.mmap(-1, nbytes or possible_cpus() * SLOT_BYTES)
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(self._pages))
        self.words = memoryview(self._pages).cast("q")

    def slot(self, number: int) -> int:
        """What slot `number` begins with."""
        return self.words[number * _WORDS]

    def total(self, word: int = 0) -> int:
        """The sum over all slots of their first word, or of another."""
        return sum(self.words[word::_WORDS])


def architecture() -> Architecture:
    """The one of this machine. Raises: Unavailable - there is no code generator for it."""
    known = host()
    if known is None:
        raise Unavailable("this project makes no code for this architecture.")
    return known


@cache
def function(name: str) -> int:
    """The address of a function of libc. Raises: Unavailable - it has none of that name."""
    try:
        return _address(libc(), name)
    except AttributeError:
        raise Unavailable(f"this system's libc has no {name}().") from None


@cache
def vdso_getcpu() -> int:
    """The address of getcpu in the vDSO, as C libraries called it before they read the rseq field.

    Raises: Unavailable - there is none.
    """
    try:
        return _address(ctypes.CDLL(architecture().vdso), architecture().vdso_getcpu)
    except (OSError, AttributeError):
        raise Unavailable("this kernel's vDSO has no getcpu.") from None


def _address(library: Any, name: str) -> int:
    return ctypes.cast(getattr(library, name), ctypes.c_void_p).value or 0


def mutexes(address: int, count: int = 1, stride: int = SLOT_BYTES) -> tuple[int, int]:
    """Make pthread mutexes at an address and behind; the addresses of the functions that lock and unlock one."""
    for number in range(count):
        libc().pthread_mutex_init(address + number * stride, None)
    return function("pthread_mutex_lock"), function("pthread_mutex_unlock")
