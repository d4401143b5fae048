"""The native loops: what an operation costs when nothing but the operation is in the loop.

Every loop has one form, `i64 loop(ptr argument, i64 count)`. It is compiled and loaded as rseq's own code is, and
called without the GIL. The argument says where its memory and the functions that it calls are, so that the code is the
same for every libc, and the answers of the loop's body are summed, so that none is optimised away.
An empty inline assembly that may touch memory ends each body: loops are neither unrolled nor vectorised, and a store is
a store in every one. Slots are 128 bytes apart, as lines are fetched in pairs.

What is compared is what a C programmer would write: calls through a function pointer stand for calls into a library.
"""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from rseq._arch import Architecture, host
from rseq._bench.run import Unavailable, Work
from rseq._codegen.blob import BlobEnvironment
from rseq._codegen.writer import I32, I64, NULL, PTR, VOID, Writer
from rseq._libc import libc
from rseq._percpu.segment import address_of
from rseq._thread.cpus import possible_cpus

SLOT_BYTES = 128
_WORDS = SLOT_BYTES // 8
ARGUMENTS = 6
"""Words of a loop's argument."""

Loop = Callable[[int, int], int]
"""A loop, called without the GIL: the address of its argument, and how often; the sum of the answers."""


@dataclass
class Turn:
    """One turn of a loop, while it is written: its number, the argument's words, and what is carried to the next.

    Words: memory, the function that tells the CPU, two functions more (to lock and to unlock), more memory. What is
    carried is at first the last word; the body may put another number in its place.
    """

    emit: Writer
    words: Sequence[Any]
    i: Any
    held: Any

    @property
    def memory(self) -> Any:
        """A pointer."""
        return self.words[0]

    @property
    def more(self) -> Any:
        """The pointer to more memory."""
        return self.words[4]

    def call(self, word: int, *arguments: Any, returns: Any = I32) -> Any:
        """Emit a call of the function that a word leads to."""
        return self.emit.call_at(self.words[word], returns, *arguments)

    def cpu(self, getcpu: str, word: int = 1) -> Any:
        """Emit: the CPU's number, from a function of the kind "sched_getcpu" or "getcpu"."""
        if getcpu == "sched_getcpu":
            return self.emit.fit(self.call(word), I64, signed=True)
        out = self.emit.slot(I32)
        self.call(word, out, NULL, NULL)
        return self.emit.fit(self.emit.load(out, type=I32), I64, signed=True)

    def slot(self, getcpu: str, stride: int = SLOT_BYTES) -> Any:
        """Emit: the pointer to the CPU's slot of the memory."""
        return slot(self.emit, self.memory, self.cpu(getcpu), stride)

    @contextmanager
    def locked(self, lock: Any) -> Iterator[None]:
        """Emit what follows with a mutex held."""
        self.call(2, lock)
        yield
        self.call(3, lock)


Body = Callable[[Turn], Any]
"""Emits what a loop does in one turn; its answer."""


def slot(emit: Writer, memory: Any, number: Any, stride: int = SLOT_BYTES) -> Any:
    """Emit: the pointer to a slot."""
    return emit.offset(memory, emit.mul(number, stride))


def increment(emit: Writer, counter: Any, offset: int = 0) -> None:
    """Emit: add 1 to an i64 in memory, not atomically."""
    emit.store(emit.add(emit.load(counter, offset), 1), counter, offset)


def words_of(emit: Writer, types: Sequence[Any]) -> list[Any]:
    """Emit: the words of a loop's argument."""
    return [emit.load(emit.arguments[0], 8 * number, type) for number, type in enumerate(types)]


def write_loop(emit: Writer, words: Sequence[Any], body: Body) -> None:
    """Emit a loop around a body."""
    count = emit.arguments[1]
    again = emit.label("again", I64, I64, I64)
    emit.jump(again, 0, 0, words[-1])
    i, total, held = emit.here(again)
    turn = Turn(emit, words, i, held)
    answer = body(turn)
    emit.assembly("", "~{memory}", VOID)
    grown, following = emit.add(total, answer), emit.add(i, 1)
    with emit.if_(emit.compare(following, "<", count)):
        emit.jump(again, following, grown, turn.held)
    emit.ret(grown)


class Loops:
    """The loops of one operation, compiled together when the first of them is wanted."""

    def __init__(self, bodies: Mapping[str, Body]) -> None:
        self._bodies = bodies
        self._loops: dict[str, Loop] = {}

    def __getitem__(self, name: str) -> Loop:
        """The loop of this name.

        Raises: Unavailable - no code can be made for this machine.
        """
        if not self._loops:
            self._loops.update(self._compile())
        return self._loops[name]

    def _compile(self) -> dict[str, Loop]:
        code = BlobEnvironment.new("bench", architecture())
        for name, body in self._bodies.items():
            emit = code.function(f"loop_{name}", I64, [PTR, I64])
            write_loop(emit, words_of(emit, [PTR] * (ARGUMENTS - 1) + [I64]), body)
        entries = code.loaded(f"loop_{name}" for name in self._bodies).entries
        return {name: callable_at(entries[f"loop_{name}"]) for name in self._bodies}


def callable_at(address: int) -> Loop:
    """The loop at an address, as a function that runs without the GIL."""
    return ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64)(address)


def work(loop: Loop, arguments: Sequence[Sequence[int]], *kept: object) -> Work:
    """Run a loop, worker number `i` with `arguments[i]`: its memory and what it calls. It keeps `kept` alive."""
    packed = [(ctypes.c_void_p * ARGUMENTS)(*argument) for argument in arguments]

    def run(worker: int, count: int, _kept: object = kept) -> int:
        return loop(ctypes.addressof(packed[worker]), count)

    return run


class Memory:
    """Zeroed memory of its own pages, as an address for loops and as integers to add up.

    Without a size it has a slot for each CPU.
    """

    def __init__(self, nbytes: int = 0) -> None:
        self._pages = mmap.mmap(-1, nbytes or possible_cpus() * SLOT_BYTES)
        self.address = address_of(self._pages)
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


def sched_getcpu() -> int:
    """The address of libc's sched_getcpu. Raises: Unavailable - it has none."""
    return function("sched_getcpu")


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
