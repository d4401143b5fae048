"""Structures of metrics in a segment: each is an entry of the directory, which says what it is, and blocks of memory.

A name is for people. What a structure is, its entry says in full. If a name is taken by something else, be it a
structure of the user's or the same metric as another version of the program has it, the next one with a number behind
it is taken: a service whose workers are replaced one after the other goes on.
"""

from __future__ import annotations

from _json import encode_basestring_ascii as _quoted
from hashlib import sha256
from itertools import count

from rseq import _quick_ctypes as ctypes
from rseq._percpu.memory import Memory
from rseq._percpu.shared.directory import MAX_NAME_BYTES
from rseq._percpu.shared.extents import Wanted
from rseq._percpu.shared.kinds import args_of, in_segment
from rseq._percpu.shared.layout import SegmentError
from rseq._percpu.shared.segment import core_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from rseq._percpu.segment import Place
    from rseq._percpu.shared.segment import Segment

LAYOUT = 1
"""Of the memory of all structures of this room."""

_MARGIN = 40
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:")


def made(
    segment: Segment,
    kind: str,
    name: str,
    args: Mapping[str, Any],
    wanted: Sequence[Wanted],
    begin: Callable[[list[Place]], object] = lambda places: None,
) -> tuple[str, list[Memory]]:
    """The structure of that kind and with those `args`, found or made: its name and its memory.

    Raises: MemoryError - no room. SegmentError - the segment is damaged.
    Threads: any thread of any process.
    """
    for number in count(2):
        try:
            return in_segment(segment, name, kind, args, LAYOUT, wanted, begin)
        except SegmentError:
            entry = core_of(segment).directory.find(name)
            if entry is None or (entry.kind == kind and args_of(entry) == args):
                raise
        name = f"{name.removesuffix(f' ({number - 1})')} ({number})"
    raise AssertionError("there are numbers enough")


def shown(metric: str, labels: Mapping[str, str]) -> str:
    """A name for what belongs to a metric and labels, as Prometheus writes it: hits_total{method="GET"}."""
    inside = ",".join(f"{_word(name)}={_quoted(value)}" for name, value in sorted(labels.items()))
    name = _word(metric) + (f"{{{inside}}}" if inside else "")
    if len(name) <= MAX_NAME_BYTES - _MARGIN:
        return name
    return f"{name[: MAX_NAME_BYTES - _MARGIN - 20]}… {sha256(name.encode()).hexdigest()[:16]}"


def _word(text: str) -> str:
    return text if _PLAIN.issuperset(text) else _quoted(text)


class Numbers:
    """Memory that is not per CPU, as numbers: `floats[i]` and `words[i]` are the same eight bytes."""

    __slots__ = ("_memory", "floats", "words")

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        whole = memory.buffer()
        self.floats, self.words = whole.cast("d"), whole.cast("Q")

    def address(self, number: int) -> int:
        """Where one of them is."""
        return self._memory.place.base + 8 * number


def store_float(place: Place, number: int, value: float) -> None:
    """Write a number of a block that is not per CPU, as `begin` does."""
    ctypes.c_double.from_address(place.base + 8 * number).value = value
