"""Ring buffers: each record is read once, whole, or counted as lost. Small ones turn over all the time.

A record is the number of its writer's turn, again and again, so that one that is torn shows: half of it would
be of another turn. What `work` and `call` return is how many records were offered, less those that were read.
"""

from __future__ import annotations

import mmap
import os
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from rseq._language.types import i64, u64
from rseq._once import once
from rseq._percpu.memory import allocate
from rseq._percpu.shared.segment import Segment
from rseq._percpu.storage import PerCPU
from rseq._sequence import Routine, routine
from rseq._stress.workload import Mortal, Workload, buffered, is_one
from rseq._structures.ring import RingBuffer
from rseq._structures.ring.common import COMMON
from rseq._structures.ring.kind import PARTS, ROW_BYTES, SMALL, Kind
from rseq._structures.ring.reader import Reader
from rseq._structures.ring.records import Event, Found

_EXTREME = (*[b""] * 9, bytes(1 << 10))
"""Records that are too many for a part of a ring that overwrites, and one that is too long for any."""


def workloads() -> Iterator[Workload[RingBuffer]]:
    """One for each kind of ring."""
    for name, kind in SMALL.items():
        yield _of(f"Ring {name.replace('_', ' ')}", kind)


def loaded() -> Iterator[Workload[RingBuffer]]:
    """The smallest that a user can ask for."""
    yield _of("Ring drop, 1 KiB", Kind(256, 0, clock=True))
    yield _of("Ring over, 1 KiB", Kind(256, PARTS, clock=True))


def _of(name: str, kind: Kind) -> Workload[RingBuffer]:
    return Workload(name, partial(RingBuffer._of, kind), _work(kind), _call, law)


def mortals() -> Iterator[Mortal]:
    """Of a writer, a record is whole or not there; of a reader, what it was just taking out is gone with it."""
    for name, (large, small) in _LARGE_AND_SMALL.items():
        yield Mortal(f"RingBuffer {name}", partial(_Tapped, large), _work(large), _Tapped.offered, _is_offer, 2_000)
        yield Mortal(
            f"RingBuffer {name} read", partial(_Tapped, small), _write_and_read, _Tapped.offered, _is_offer, 300
        )


@once
def _work(kind: Kind) -> Routine[Any, int]:
    """Offer a record."""
    if kind.item is None:
        return _offer_bytes(kind)
    return _offer_number(kind) if kind.is_number else _offer_row(kind)


def _offer_bytes(kind: Kind) -> Routine[Any, int]:
    Ring, write = kind.code.record, kind.code.write  # noqa: N806 - it is a class
    _, go_on, _ = kind.code.parts

    @routine
    def work(cpu: Ring, turn: u64, data: bytes) -> i64:  # type: ignore[valid-type]
        write(cpu, data)
        return 1

    @routine
    def work_and_look(cpu: Ring, turn: u64, data: bytes) -> i64:  # type: ignore[valid-type]
        """Ask for the next part also where there is room, as who was overtaken on the way there does."""
        go_on(cpu, 1)
        write(cpu, data)
        return 1

    return work_and_look if kind.overwrites else work


def _offer_number(kind: Kind) -> Routine[Any, int]:
    Ring, write = kind.code.record, kind.code.write  # noqa: N806 - it is a class

    @routine
    def work(cpu: Ring, turn: u64) -> i64:  # type: ignore[valid-type]
        write(cpu, turn)
        return 1

    return work


def _offer_row(kind: Kind) -> Routine[Any, int]:
    Ring, put = kind.code.record, kind.code.parts[0]  # noqa: N806 - it is a class
    lose, overwrites = kind.code.parts[-1], kind.overwrites

    @routine
    def work(cpu: Ring, turn: u64, data: bytes) -> i64:  # type: ignore[valid-type]
        """`write` itself takes no other lengths than that of a row."""
        if len(data) < ROW_BYTES:
            return 0
        if not put(cpu, data) and not overwrites:
            lose(cpu)
        return 1

    return work


def _call(ring: RingBuffer, turn: int) -> int:
    """The same from Python, and now and then read what there is."""
    records = _EXTREME if turn & 16 and not ring.dtype else (_record(ring, turn),)
    for record in records:
        ring.write(record)
    return len(records) - (_checked(ring, ring.drain()) if turn % 4 == 0 else 0)


def law(ring: RingBuffer, ledger: Sequence[int]) -> Iterator[str]:
    """Each record that was offered was read once, is there, or was lost."""
    left, lost = _checked(ring, ring.drain()), ring.lost
    if left + lost != ledger[0]:
        yield f"{left:,} records are left and {lost:,} were lost, and {ledger[0]:,} were offered and not read"


def _record(ring: RingBuffer, turn: int) -> Any:
    if ring.dtype == "uint64":
        return turn
    return row(turn) if ring.dtype else buffered(turn)


def row(turn: int) -> bytes:
    """A record of one layout that says whose turn it is, and says it again."""
    return (turn.to_bytes(8, sys.byteorder) * 2)[:ROW_BYTES]


def _checked(ring: RingBuffer, events: Sequence[Event]) -> int:
    """How many records there are. Raises: RuntimeError - one is torn, or out of order."""
    if ring.dtype != "uint64":
        for data in (bytes(event.data) for event in events):
            if len(data) >= 8 and data != _record(ring, int.from_bytes(data[:8], sys.byteorder)):
                raise RuntimeError(f"a record is torn: {data!r}")
    times = [event.time_ns for event in events if event.time_ns is not None]
    if times != sorted(times):
        raise RuntimeError("records come out of order")
    return len(events)


# ---- writers and readers that are killed

_V = f"V{ROW_BYTES}"

_LARGE_AND_SMALL = {
    "drop": (Kind(1 << 13, 0, clock=True), Kind(1 << 7, 0, clock=True)),
    "overwrite": (Kind(1 << 13, PARTS, clock=True), Kind(1 << 7, 2, clock=True)),
    "drop rows": (Kind(1 << 11, 0, True, ROW_BYTES, _V), Kind(8, 0, True, ROW_BYTES, _V)),
    "overwrite rows": (Kind(1 << 11, 1, True, ROW_BYTES, _V), Kind(8, 1, True, ROW_BYTES, _V)),
}
"""Large ones, which victims are killed while they fill, and small ones, which are full whenever they are read."""


class _Tapped:
    """A ring, a reader of it, and how many records the survivor took out to count them.

    The reader of a victim says in shared memory what it is about to take out of each lane.
    """

    def __init__(self, kind: Kind, segment: Segment) -> None:
        self.ring, self.taken = RingBuffer._of(kind, segment), 0
        common = allocate(*COMMON[:2], self.storage.segment)
        self._survivor, self._reader = os.getpid(), Reader(self.storage, kind, common, self._about_to_take)
        lanes = len(self.storage.view())
        self._tails, self._counts = (memoryview(mmap.mmap(-1, 8 * lanes)).cast("q") for _ in range(2))

    @property
    def storage(self) -> PerCPU[Any]:
        """What `work` runs on."""
        return self.ring.storage

    def read(self) -> int:
        """Take out all records; how many there were."""
        return _checked(self.ring, self._reader.events(stay=False))

    def offered(self) -> list[int]:
        """What was written and not taken out by `work`, or lost; and that with what a victim took out last.

        What is overwritten is lost when it is missed.
        """
        by_victim = self._taken_by_victim()
        self.taken += self.read()
        return [self.taken + self.ring.lost, self.taken + self.ring.lost + by_victim]

    def _about_to_take(self, found: Sequence[Found]) -> None:
        if os.getpid() != self._survivor:
            self._announce({one.lane.number: (one.tail, len(one.records)) for one in found})

    def _announce(self, taking: dict[int, tuple[int, int]]) -> None:
        for lane in range(len(self._tails)):
            self._tails[lane], self._counts[lane] = taking.get(lane, (0, 0))

    def _taken_by_victim(self) -> int:
        """How many records it has taken out that it had announced last, which are forgotten."""
        pairs = zip(self._reader.lanes(), self._tails, self._counts, strict=True)
        taken = sum(count for lane, tail, count in pairs if lane.tail >= tail)
        self._announce({})
        return taken


def _write_and_read(tapped: _Tapped, turn: int) -> int:
    """Write a record, and now and then read all that there are; how many more are there, or were lost."""
    tapped.ring.write(_record(tapped.ring, turn))
    return 1 if turn % 16 else 1 - tapped.read()


def _is_offer(difference: Sequence[int]) -> bool:
    """A record that was written or lost, or none, and the victim had noted what it took out; or it had not."""
    return any(is_one([one]) for one in difference)
