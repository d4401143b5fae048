"""Operations of the language that look like calls: `rseq.clock()`, `rseq.ctz(x)`, `rseq.copy(to, source, n)` and so on.

They mean something in sequences and routines only; `rseq.cpu_number()` and `rseq.clock()` in Python, too.
"""

from __future__ import annotations

from rseq._marks import operation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn, TypeVar

    _T = TypeVar("_T")


def _only_inside(name: str) -> NoReturn:
    raise TypeError(f"rseq.{name}() is an operation of sequences and routines; it is not called from Python")


@operation("clock")
def clock() -> int:
    """In a sequence: this CPU's counter as a u64, for stamping. It ticks at a constant rate, never backwards."""
    _only_inside("clock")


@operation("ctz")
def ctz(x: int, /) -> int:
    """In a sequence: the number of zeros below the lowest one of an integer, in its type; its width if it is 0."""
    _only_inside("ctz")


@operation("clz")
def clz(x: int, /) -> int:
    """In a sequence: the number of zeros above the highest one of an integer, in its type; its width if it is 0."""
    _only_inside("clz")


@operation("bits")
def bits(x: int, /) -> int:
    """In a sequence: the number of ones of an integer, in its type."""
    _only_inside("bits")


@operation("copy")
def copy(dst: Any, src: Any, nbytes: int, /) -> None:
    """In a sequence or routine: copy `nbytes` bytes, places that do not overlap.

    `dst` and `src` are an array of a record (`cpu.slots`), an element to begin at (`cpu.slots[at]`), or a parameter of
    type `bytes` or `bytearray` (`data`, `data[at]`). What is longer than either place is an IndexError, and nothing is
    copied.
    """
    _only_inside("copy")


@operation("float_bits")
def float_bits(x: float, /) -> int:
    """In a routine: the bits of an f64 as a u64, of an f32 as a u32. From 0.0 upwards they grow as the float does."""
    _only_inside("float_bits")


# ---- in routines, what crosses CPUs


@operation("lane")
def lane(cpu: _T, number: int, /) -> _T:
    """In a routine: the record in lane `number`, whatever CPU this is. The last one, `lanes(cpu) - 1`, is the spare.

    Its fields can be loaded, and stored to by `store_release` and `compare_exchange`.
    Raises: IndexError - there is no such lane.
    """
    _only_inside("lane")


@operation("lanes")
def lanes(cpu: object, /) -> int:
    """In a routine: the number of lanes as a u64, the spare one included."""
    _only_inside("lanes")


@operation("load_acquire")
def load_acquire(place: _T, /) -> _T:
    """In a routine or sequence: load a field; what follows sees what was stored before the release that stored it."""
    _only_inside("load_acquire")


@operation("store_release")
def store_release(place: _T, value: _T, /) -> None:
    """In a routine: store to `there.field`; who sees it sees all that came before."""
    _only_inside("store_release")


@operation("compare_exchange")
def compare_exchange(place: _T, expected: _T, desired: _T, /) -> bool:
    """In a routine: store `desired` to `there.field` if `expected` is there, in one step; True if it was.

    It acquires and releases. It is an atomic instruction: where the lane's own sequences store to that field with plain
    ones, one of the two may be lost.
    """
    _only_inside("compare_exchange")


@operation("full_fence")
def full_fence() -> None:
    """In a routine: all loads and stores before it come before all that follow."""
    _only_inside("full_fence")


@operation("relax")
def relax() -> None:
    """In a routine: tell the processor that this loop waits."""
    _only_inside("relax")


@operation("sched_yield")
def sched_yield() -> None:
    """In a routine: let other threads run; from Python, also those that wait for the GIL, and signal handlers."""
    _only_inside("sched_yield")


@operation("thread_ended")
def thread_ended(thread: int, /) -> bool:
    """In a routine: True if the thread whose number it was has ended for good, whatever ended it.

    False if it lives, and as long as its end is not proved. It calls into Python, so ask rarely.
    """
    _only_inside("thread_ended")


@operation("took_over")
def took_over(thread: int, /) -> bool:
    """In a routine: warn (RuntimeWarning) that a lock was taken from a thread that has ended.

    False if a signal handler raised something meanwhile: give the lock back, and leave by `refuse`.
    """
    _only_inside("took_over")


@operation("refuse")
def refuse(holder: int, /) -> None:
    """In a routine: leave it with a RuntimeError that says who holds a lock; 0 is nobody.

    If an exception is set already (see `took_over`), the routine is left with that one.
    """
    _only_inside("refuse")
