"""What is in a ring buffer: the words of its lanes, and how copies of them are taken apart and merged by time.

A reader copies in its turn (`reader.py`); whoever only looks copies without one (_look/rings.py).
"""

from __future__ import annotations

from _operator import itemgetter
from itertools import repeat

from rseq._once import load
from rseq._quick import NamedTuple
from rseq._structures.ring.sizes import SKIP, header_units, position_and_slot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    import numpy.typing as npt

    from rseq._percpu.lanes import Lanes
    from rseq._structures.ring.clock import Calibration
    from rseq._structures.ring.kind import Kind

_WORDS = 1 << 64


class Event(NamedTuple):
    """A record of a ring buffer."""

    cpu: int
    """The CPU that it was written on; the number after the last CPU's for a thread without rseq (the spare lane)."""
    time_ns: int | None
    """When it was written, on the clock of `time.monotonic_ns()`; None in a ring without a clock."""
    data: Any
    """The bytes that were written; with a `dtype` a number, or a NumPy scalar."""


class Lane(NamedTuple):
    """The words of a lane. `tail` is a position; `serial` and `given` are 0 if writers do not overwrite."""

    number: int
    head: int
    tail: int
    serial: int
    given: int


def _lane_of(number: int, head: int, tail: int, serials: Sequence[int], givens: Sequence[int]) -> Lane:
    """A lane of a ring that overwrites: the slot that `tail` names is the one that counts."""
    position, slot = position_and_slot(tail)
    return Lane(number, head, position, serials[slot], givens[slot])


class Copy(NamedTuple):
    """What was copied of a lane: positions `begin` to `end`, of which the first `gone` are not there any more.

    Behind the largest position comes 0, but not here.
    """

    lane: Lane
    begin: int
    end: int
    gone: int
    data: bytearray
    stamps: bytearray


class Found(NamedTuple):
    """The records of a lane that are read, and where its reader is then. With a `dtype`, both are arrays."""

    lane: Lane
    stamps: Any
    records: Any
    tail: int
    serial: int
    missed: int


class Records:
    """What is in the `lanes` of a ring of `kind`. `calibration`: of its clock, if it has one. It writes nothing."""

    def __init__(self, kind: Kind, lanes: Lanes, calibration: Calibration | None) -> None:
        self.kind, self._lanes, self._calibration = kind, lanes, calibration

    def lost(self) -> int:
        """What writers could not put in, and what readers have found overwritten."""
        return int(sum(self._lanes.read("lost"))) + sum(lane.given for lane in self.lanes())

    def filled(self, lane: Lane) -> int:
        """How much of a lane waits, in what `RingBuffer.capacity` counts: bytes, or records."""
        waiting = min(self._distance(lane), self.kind.whole(self.kind.position(lane.head)))
        return self._counted(waiting)

    def written(self, lane: Lane) -> int:
        """How much has been written to a lane so far, in the same; headers and gaps count, what was lost does not."""
        kind = self.kind
        return self._counted(kind.distance(kind.position(kind.empty_head), kind.position(lane.head)))

    def _counted(self, positions: int) -> int:
        return positions if self.kind.dtype is not None else 4 * positions

    def _waiting(self) -> list[Lane]:
        """The lanes in which there is something."""
        return [lane for lane in self.lanes() if self._distance(lane)]

    def _distance(self, lane: Lane) -> int:
        """How far its reader is behind. Who has no turn may see a tail that has overtaken the head: 0."""
        distance = self.kind.distance(lane.tail, self.kind.position(lane.head))
        return distance if distance < self.kind.positions // 2 else 0

    def lanes(self) -> list[Lane]:
        """All lanes. Who has no turn may see a `given` of somebody who has read meanwhile."""
        read = self._lanes.read
        if not self.kind.overwrites:
            words = zip(read("head"), read("tail"), strict=True)
            return [Lane(number, head, tail, 0, 0) for number, (head, tail) in enumerate(words)]
        slots = (zip(read(name), read(name, 1), strict=True) for name in ("serial", "given"))
        columns = (read("head"), read("tail"), *slots)
        return [_lane_of(number, *words) for number, words in enumerate(zip(*columns, strict=True))]

    # ---- copies

    def _checked(self, copy: Copy, head: int) -> Copy:
        """Give up what writers may have reached since."""
        position = self.kind.position(head)
        gone = self.kind.distance(copy.begin, position) - self.kind.whole(position)
        return copy._replace(gone=max(copy.gone, gone))

    def _apart(self, copy: Copy, later: range) -> Found:
        """The records in a copy, up to the first one whose stamp is in `later`: it was written meanwhile.

        One that is later still was written before the counter was set back.
        """
        if self.kind.dtype is None:
            return self._bytes_apart(copy, later)
        return self._rows_apart(copy, later)

    def _bytes_apart(self, copy: Copy, later: range) -> Found:
        kind, data, begin = self.kind, bytes(copy.data), copy.begin
        words = memoryview(data).cast("I")
        part, header = kind.part_units, header_units(kind.clock)
        position, serial, missed, stamp = begin + copy.gone, copy.lane.serial, 0, 0
        stamps: list[int] = []
        records: list[bytes] = []
        while position < copy.end:
            at = position - begin
            if part and not position % part:
                first = words[at] | words[at + 1] << 32
                missed, serial, position = missed + (first - serial) % _WORDS, first, position + 2
                continue
            length = words[at]
            if length == SKIP:
                block = part or kind.units
                position = (position // block + 1) * block
                continue
            if kind.clock:
                stamp = words[at + 1] | words[at + 2] << 32
                if stamp in later:
                    break
            start = 4 * (at + header)
            stamps.append(stamp)
            records.append(data[start : start + length])
            position += header + (length + 3) // 4
            serial += 1
        return Found(copy.lane, stamps, records, position % kind.positions, serial % _WORDS, missed)

    def _rows_apart(self, copy: Copy, later: range) -> Found:
        load("numpy")
        import numpy as np

        records = np.frombuffer(copy.data, self.kind.dtype)[copy.gone :]
        stamps = np.frombuffer(copy.stamps, np.uint64)[copy.gone :]
        if self.kind.clock and later:
            count = _first(stamps - np.uint64(later.start) < np.uint64(len(later)))
            records, stamps = records[:count], stamps[:count]
        start = copy.begin + copy.gone
        missed = self.kind.distance(copy.lane.tail, start)
        return Found(copy.lane, stamps, records, (start + len(records)) % self.kind.positions, 0, missed)

    # ---- merging

    def _merged(self, found: Sequence[Found]) -> list[Event]:
        rows: list[tuple[int, int, Any]] = []
        for one in found:
            number, records = one.lane.number, self._as_objects(one.records)
            stamps = repeat(0) if self._calibration is None else map(int, one.stamps)
            rows += [(stamp, number, record) for stamp, record in zip(stamps, records, strict=False)]
        if self._calibration is None:
            return [Event(number, None, record) for _, number, record in rows]
        rows.sort(key=itemgetter(0))
        times = self._calibration.nanoseconds(row[0] for row in rows)
        events = [Event(number, time_ns, record) for (_, number, record), time_ns in zip(rows, times, strict=True)]
        if self._calibration.was_set_back:
            events.sort(key=itemgetter(1))
        return events

    def _as_objects(self, records: Any) -> Sequence[Any]:
        """Records as what `Event.data` is."""
        if self.kind.dtype is None:
            return records  # type: ignore[no-any-return]
        return records.tolist() if self.kind.is_number else list(records)

    def _as_array(self, found: Sequence[Found]) -> npt.NDArray[Any]:
        load("numpy")
        import numpy as np

        dtype: Any = self.kind.dtype
        fields: list[tuple[str, Any]] = [("cpu", np.uint32), ("data", dtype)]
        if self._calibration is not None:
            fields.insert(1, ("time_ns", np.int64))
        merged = np.empty(sum(len(one.records) for one in found), fields)
        merged["cpu"] = np.repeat([one.lane.number for one in found], [len(one.records) for one in found])
        if found:
            merged["data"] = np.concatenate([one.records for one in found])
        if self._calibration is None or not found:
            return merged
        stamps: Any = np.concatenate([one.stamps for one in found])
        order = np.argsort(stamps, kind="stable")
        merged = merged[order]
        merged["time_ns"] = self._calibration.array(stamps[order])
        if self._calibration.was_set_back:
            merged = merged[np.argsort(merged["time_ns"], kind="stable")]
        return merged


def _first(flags: npt.NDArray[Any]) -> int:
    """The place of the first true one; behind the last one if there is none."""
    return int(flags.argmax()) if flags.any() else len(flags)
