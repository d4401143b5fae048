"""The events of a ring buffer for those who only look: copied without a turn, so that no reader waits.

A reader of the program may take out events meanwhile, and writers may then overwrite them. So after copying it is
asked where the reader is by then, and what it has left behind is not shown.
"""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING, Any

from rseq import _quick_ctypes as ctypes
from rseq._percpu.atomic import compare_exchange
from rseq._percpu.lanes import c_type
from rseq._percpu.shared.layout import SegmentError
from rseq._structures.ring.clock import SET_BACK_TICKS, Calibration, ticks
from rseq._structures.ring.common import birth_of
from rseq._structures.ring.records import Copy, Event, Found, Lane, Records
from rseq._thread.membarrier import barrier, register_for_barriers

if TYPE_CHECKING:
    from rseq._look.held import RingBuffer


class Onlooker(Records):
    """Copies what waits in a ring; each call of `events` what has come since the last one."""

    def __init__(self, ring: RingBuffer) -> None:
        super().__init__(ring.kind, ring.words, Calibration(birth_of(ring.common)) if ring.kind.clock else None)
        self._place = ring.place
        self._fields = ring.fields
        self._seen: dict[int, Lane] = {}
        """Where this one is in each lane."""
        self.missed = 0
        """How many events of a ring that overwrites were gone before they were seen."""
        if ring.kind.overwrites:
            register_for_barriers(shared=True)

    def events(self) -> list[Event]:
        """What waits and was not seen before, in order. Raises: SegmentError - the ring is damaged."""
        try:
            return self._merged(self._found())
        except (IndexError, ValueError) as error:
            raise SegmentError(f"the ring is damaged: {error}") from error

    def waiting_bytes(self) -> int:
        """How much `events` would copy now."""
        return sum(self._distance(lane) for lane in map(self._from_here, self.lanes())) * self.kind.unit_bytes

    def _found(self) -> list[Found]:
        until = None if self._calibration is None else self._calibration.add()
        copies = [self._copied(lane) for lane in map(self._from_here, self.lanes()) if self._distance(lane)]
        later = range(0) if until is None else range(until + 1, ticks() + SET_BACK_TICKS)
        copies = [copy for copy in self._intact(copies) if copy.gone < copy.end - copy.begin]
        found = [self._apart(copy, later) for copy in copies]
        for one in found:
            self.missed += one.missed
            self._seen[one.lane.number] = one.lane._replace(tail=one.tail, serial=one.serial)
        return found

    def _from_here(self, lane: Lane) -> Lane:
        """The lane as if its reader were where this one is, unless that is farther."""
        seen = self._seen.get(lane.number)
        if seen is None:
            return lane
        here = lane._replace(tail=seen.tail, serial=seen.serial)
        is_farther = not self.kind.overwrites and self._distance(lane) < self._distance(here)
        return lane if is_farther else here

    def _copied(self, lane: Lane) -> Copy:
        kind = self.kind
        end = kind.position(lane.head)
        count = min(self._distance(lane), kind.whole(end))
        begin = kind.distance(count, end)
        data = self._bytes(lane.number, "data", kind.unit_bytes, begin, count)
        stamps = self._bytes(lane.number, "stamps", 8, begin, count) if kind.has_stamps else bytearray()
        return Copy(lane, begin, begin + count, 0, data, stamps)

    def _bytes(self, lane: int, field: str, size: int, begin: int, count: int) -> bytearray:
        """Positions of an array, of which each takes `size` bytes."""
        offset, type, length = self._fields.places[field]
        first, nbytes = self._place.addresses()[lane] + offset, length * ctypes.sizeof(c_type(type))
        at = begin * size % nbytes
        part = min(count * size, nbytes - at)
        return bytearray(ctypes.string_at(first + at, part) + ctypes.string_at(first, count * size - part))

    def _intact(self, copies: list[Copy]) -> list[Copy]:
        """Give up what may have been overwritten while it was copied."""
        if not copies:
            return []
        if self.kind.overwrites:
            barrier(shared=True)
            heads = self._lanes.read("head")
            return [self._checked(copy, heads[copy.lane.number]) for copy in copies]
        word = ctypes.c_uint64(0)
        compare_exchange(ctypes.addressof(word), 0, 0)  # a barrier: the tails are read after what was copied
        tails = self._lanes.read("tail")
        return [copy._replace(gone=self._left(copy, tails[copy.lane.number])) for copy in copies]

    def _left(self, copy: Copy, tail: int) -> int:
        """How much of a copy a reader has left behind."""
        passed = self.kind.distance(copy.begin, tail)
        return passed if passed < self.kind.positions // 2 else 0


def unix_ns(time_ns: int) -> int:
    """The time of an event, as `time.time_ns()` has it."""
    return time_ns + _ahead_ns()


@cache
def _ahead_ns() -> int:
    """How far the clock on the wall is ahead of that of events; the same for all, so that they keep their distances."""
    return time.time_ns() - time.monotonic_ns()


def as_plain(data: Any) -> Any:
    """What an event holds as texts, numbers, and lists and dicts of them."""
    if isinstance(data, bytes):
        return text_of(data)
    names = getattr(getattr(data, "dtype", None), "names", None)
    if names:
        return {name: as_plain(data[name]) for name in names}
    return as_plain(data.tolist()) if hasattr(data, "tolist") else _plain_items(data)


def _plain_items(data: Any) -> Any:
    if isinstance(data, list):
        return [as_plain(one) for one in data]
    return data if isinstance(data, str | int | float | bool) or data is None else str(data)


def text_of(data: bytes) -> str:
    """Bytes as text if they are UTF-8, else in hex."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.hex()
