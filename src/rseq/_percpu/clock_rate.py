"""How fast the counter ticks that `clock()` reads, where machine code finds it: measured when it is first wanted."""

from __future__ import annotations

from rseq import _quick_ctypes as ctypes
from rseq._once import load, once

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_word = ctypes.c_uint64()
_measures: list[Callable[[], int]] = []


def measure_with(measure: Callable[[], int]) -> None:
    """Say what measures it: that needs machine code, which is made of what is above here."""
    _measures[:] = [measure]


@once
def rate() -> int:
    """Ticks per second. It is the same in all of a process. Threads: any thread."""
    if not _measures:  # the caller has been compiled by an earlier process, so that nobody has asked for it by name
        load("rseq._structures.clock")
    _word.value = _measures[0]()
    return int(_word.value)


def word_address() -> int:
    """Where the word is. It holds 0 until `rate` was asked."""
    return ctypes.addressof(_word)
