"""How a ring buffer is read: one reader at a time copies what waits in each lane, merges it by time, and moves `tail`.

    1. take the time, and restart the sequences that run: what comes later has a later stamp
    2. copy each lane from `tail` to `head`
    3. if writers overwrite: a memory barrier on all CPUs, look at `head` again, give up what they may have reached
    4. take the copies apart, up to the time of step 1
    5. tell the writers, by `tail`

So a record is read as a whole or later, and what one call returns is not older than what an earlier one returned.
Where the kernel has no membarrier for rseq, and for records that another process is writing in the very moment, step 1
restarts nothing: such a record may come with the next call, a little late. Without the barrier of step 3 a record might
be torn where processors reorder stores, so there is no ring that overwrites where it is forbidden.

Readers take turns (_percpu/turn.py), in the same memory as the ring, so it works between processes; that of a reader
who is killed goes to the next. A child that a signal handler forks in the middle of reading is no second reader.
"""

from __future__ import annotations

import time
from _operator import itemgetter
from itertools import compress, repeat

from rseq._forks import start_anew_after_forks
from rseq._once import load
from rseq._percpu.storage import lanes_of
from rseq._percpu.threads import table_of
from rseq._percpu.turn import forget_turn, prepare_turns, taken
from rseq._quick import NamedTuple
from rseq._structures.ring.clock import SET_BACK_TICKS, Calibration, ticks
from rseq._structures.ring.sizes import SKIP, header_units, position_and_slot
from rseq._structures.structure import bind
from rseq._thread.membarrier import barrier, fence, register_for_barriers

_HELD = "this thread is reading the ring already, and has been interrupted by a signal"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any, TypeVar

    import numpy.typing as npt

    from rseq._percpu.memory import Memory
    from rseq._percpu.storage import PerCPU
    from rseq._structures.ring.kind import Kind

    T = TypeVar("T")

_PATIENCE_S = 1e-4
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


class _Copy(NamedTuple):
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


class Reader:
    """Reads the ring of `kind` that is in `storage`. `tell` is called with what is about to be taken out."""

    def __init__(
        self,
        storage: PerCPU[Any],
        kind: Kind,
        turns: Memory,
        tell: Callable[[Sequence[Found]], object] = lambda found: None,
    ) -> None:
        prepare_turns()
        self._storage, self.kind, self._tell = storage, kind, tell
        self._lanes = lanes_of(storage)
        self._read = bind(kind.form, "read", storage, "RingBuffer.read")
        self._settle = bind(kind.form, "settle", storage, "RingBuffer.settle")
        self._shared = storage.segment is not None
        self._readers = turns
        self._kept: list[Found] = []
        self._life = object()
        self._calibration = Calibration() if kind.clock else None
        if kind.overwrites:
            register_for_barriers(shared=self._shared)
        start_anew_after_forks(self)

    def events(self, *, stay: bool) -> list[Event]:
        """All that waits, in order; it stays where it is, or is taken out."""
        return self._looked_at(self._merged) if stay else self._taken_out(self._merged)

    def array(self) -> npt.NDArray[Any]:
        """All that waits, in order, as an array; it is taken out. For rings of one layout."""
        return self._taken_out(self._as_array)

    def count(self) -> int:
        """How many records wait."""
        return self._looked_at(lambda found: sum(len(one.records) for one in found))

    def _looked_at(self, combine: Callable[[list[Found]], T]) -> T:
        """What `combine` makes of all that waits; it stays. A child that was forked in the middle looks again."""
        while True:
            life, turn = self._life, self._turn()
            try:
                result = combine([*self._kept, *self._found(life)])
            finally:
                del turn
            if self._life is life:
                return result

    def _taken_out(self, combine: Callable[[list[Found]], T]) -> T:
        """What `combine` makes of all that waits; it is taken out.

        What is taken out of a lane is kept until it is returned: it is the next call's, if an exception comes before.
        `extend` does both at once, in C, so that no signal handler comes in between; nor does one between asking for
        `life` and what follows it, where no function is called. A child that was forked in the middle takes nothing of
        what it shares, as its parent goes on; its own copy it begins to read again.
        """
        while True:
            life, turn = self._life, self._turn()
            try:
                found = self._found(life)
                self._tell(found)
                for taking in self._takings(found):
                    if self._life is life:
                        self._kept.extend(taking)
                result = combine(self._kept)
                if self._life is life:
                    self._kept = []
                    return result
            finally:
                del turn
            if self._shared:
                return combine([])

    def lost(self) -> int:
        """What writers could not put in, and what readers have found overwritten."""
        return int(sum(self._lanes.read("lost"))) + sum(lane.given for lane in self.lanes())

    # ---- one reader at a time

    @property
    def _turn_address(self) -> int:
        return self._readers.place.addresses()[-1]

    def _turn(self) -> Any:
        """Wait until nobody else reads: a guard, with which the turn ends."""
        table, held = table_of(self._readers.place.lock), _HELD
        while (turn := taken(table, self._turn_address, held)) is None:
            time.sleep(_PATIENCE_S)
        return turn

    def _start_anew(self) -> None:
        """In a forked child: a turn, and what was taken out but not returned, are its parent's, or copies."""
        self._life = object()
        if self._shared:
            self._kept = []
        else:
            forget_turn(self._turn_address)

    # ---- reading

    def _found(self, life: object) -> list[Found]:
        """What is in the lanes; nothing in a child that was forked meanwhile, which has copied without a turn."""
        if not self._waiting():
            return []
        until = None if self._calibration is None else self._now(self._calibration)
        copies = [self._copied(lane) for lane in self._waiting()]
        later = range(0) if until is None else range(until + 1, ticks() + SET_BACK_TICKS)
        if self.kind.overwrites and copies:
            barrier(shared=self._shared)
            heads = self._lanes.read("head")
            copies = [self._checked(copy, heads[copy.lane.number]) for copy in copies]
        if self._life is not life:
            return []
        return [self._apart(copy, later) for copy in copies if copy.gone < copy.end - copy.begin]

    def _now(self, calibration: Calibration) -> int:
        now = calibration.add()
        try:
            fence()
        except OSError:
            pass
        return now

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

    def _copied(self, lane: Lane) -> _Copy:
        kind = self.kind
        end = kind.position(lane.head)
        count = min(self._distance(lane), kind.whole(end))
        begin = kind.distance(count, end)
        data = bytearray(count * kind.unit_bytes)
        stamps = bytearray(count * 8 if kind.has_stamps else 0)
        outs = (data, stamps) if kind.dtype is not None else (data,)
        gone = self._read(lane.number, begin, end, *outs)
        return _Copy(lane, begin, begin + count, gone, data, stamps)

    def _checked(self, copy: _Copy, head: int) -> _Copy:
        """Give up what writers may have reached since."""
        position = self.kind.position(head)
        gone = self.kind.distance(copy.begin, position) - self.kind.whole(position)
        return copy._replace(gone=max(copy.gone, gone))

    def _apart(self, copy: _Copy, later: range) -> Found:
        """The records in a copy, up to the first one whose stamp is in `later`: it was written meanwhile.

        One that is later still was written before the counter was set back.
        """
        if self.kind.dtype is None:
            return self._bytes_apart(copy, later)
        return self._rows_apart(copy, later)

    def _bytes_apart(self, copy: _Copy, later: range) -> Found:
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

    def _rows_apart(self, copy: _Copy, later: range) -> Found:
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

    def _takings(self, found: Sequence[Found]) -> list[Iterator[Found]]:
        """Iterators over each one of `found`, which tell the writers that it is read as they yield it."""
        return [compress((one,), map(self._settle, *((word,) for word in self._words_of(one)))) for one in found]

    def _words_of(self, one: Found) -> tuple[int, ...]:
        """What `settle` is told."""
        kept = (one.serial, (one.lane.given + one.missed) % _WORDS) if self.kind.overwrites else ()
        return one.lane.number, one.tail, *kept

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
