"""Operations of the language that look like calls: `rseq.clock()`, `rseq.ctz(x)`, `rseq.copy(to, source, n)` and so on.

They mean something in sequences and routines only; `rseq.cpu_number()` can be called from Python too.
"""

from __future__ import annotations

from typing import Any, NoReturn

from .compiled import operation

__all__ = ["bits", "clock", "clz", "copy", "ctz"]


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
