"""What may be left of each structure when a process dies that works on it: what `kills.py` holds it against."""

from __future__ import annotations

import mmap
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from rseq._language.compiled import Compiled
from rseq._language.operations import sched_yield
from rseq._language.types import Record, i64, u32, u64
from rseq._percpu.shared import Segment
from rseq._percpu.storage import PerCPU
from rseq._sequence import Routine, routine
from rseq._structures.array import CounterArray
from rseq._structures.counter import Counter
from rseq._structures.histogram import NAN_WEIGHT, Histogram, weighed
from rseq._structures.lock import Lock, SpinLock, acquire, release
from rseq._structures.pool import Pool
from rseq._structures.rcu import RCU
from rseq._structures.ring import RingBuffer
from rseq._structures.ring.kind import PARTS, Kind
from rseq._structures.ring.reader import Reader
from rseq._structures.ring.stress import ROW_BYTES, row
from rseq._structures.ring.stress import work as offering
from rseq._structures.stack import Stack
from rseq._structures.workload import SPREAD, Workload, buffered

__all__ = ["OF_VICTIM", "Mortal", "mortals"]

OF_VICTIM = 1 << 39
"""Set in each turn of a victim."""


@dataclass(frozen=True)
class Mortal:
    """How processes die that work on a structure, and what may be left of it."""

    name: str
    make: Callable[[Segment], Any]
    work: Compiled | Callable[[Any, int], int]
    """See `Workload.work`, or for work from Python `Workload.call`.

    Turns of a victim have its process number in bits 40 to 61, and bit 39; others have none. Work that fails, in the
    survivor or in a victim, is a failure.
    """

    measure: Callable[[Any], Sequence[int]]
    """What the structure holds, in numbers that `work` adds to the ledger: one for each element, or several of one."""

    is_part: Callable[[Sequence[int]], bool]
    """Whether a part of one run may have added this, and noted nothing."""

    longest: int = 20_000
    """The most runs that a survivor makes while a victim lives."""

    bury: Callable[[Any, int, int], Iterable[str]] = lambda structure, process, noted: ()
    """`bury(structure, process, noted)` sees to what a dead process held, and says what is wrong; `noted`: its sum."""


_CHECKED_BITS = 22


def mortals() -> Iterator[Mortal]:
    """The structures that processes can share, and what a part of one run of their work may do."""
    yield Mortal("Counter", lambda segment: Counter(segment=segment), _work_of(Counter), _total, _is_addition)
    yield Mortal(
        "CounterArray", lambda segment: CounterArray(5, segment=segment), _work_of(Counter), _totals, _is_addition
    )
    yield Mortal("Histogram", _histogram, _work_of(Histogram), _weighed, _is_observation)
    yield Mortal("Stack", lambda segment: Stack(64, segment=segment), _pushing(), _items, _is_item, bury=_bury_items)
    yield Mortal("RCU", lambda segment: RCU(segment=segment), _work_of(RCU), _sections, _is_section, bury=_bury_reader)
    yield Mortal("Pool", lambda segment: Pool(8, 256, segment=segment), _holding(), _held, _is_held, bury=_bury_holder)
    yield Mortal(
        "SpinLock", lambda segment: SpinLock(segment=segment), _locking, _nothing, _is_nothing, bury=_bury_owner
    )
    yield Mortal("SpinLock guarding", _Guarding, _add_one, _guarded, _is_one, 300, _bury_owner)
    for name, (large, small) in _RINGS.items():
        yield Mortal(f"RingBuffer {name}", partial(_tapped, large), offering(large), _offered, _is_offer, 2_000)
        yield Mortal(f"RingBuffer {name} read", partial(_tapped, small), _write_and_read, _offered, _is_offer, 300)


def _work_of(structure: Any) -> Compiled:
    """The work of its first workload."""
    workload: Workload[Any] = next(structure.stress())
    return workload.work


def _total(counter: Counter) -> list[int]:
    return [counter.value]


def _totals(array: CounterArray) -> list[int]:
    totals: list[int] = array.values().tolist()
    return totals


def _is_addition(difference: Sequence[int]) -> bool:
    """One element, by an odd number up to 63."""
    changed = [n for n in difference if n]
    return not changed or (len(changed) == 1 and changed[0] in range(-63, 64, 2))


def _histogram(segment: Segment) -> Histogram:
    return Histogram((1, 2, 4), segment=segment)


def _weighed(found: Histogram) -> list[int]:
    return [weighed(found)]


def _is_observation(difference: Sequence[int]) -> bool:
    """A bucket's count may have its observation in the sum or not yet."""
    counts = [1 << (12 * bucket + 8) for bucket in range(4)]
    parts = {0, NAN_WEIGHT, *counts, *(3 * count for count in counts)}
    return difference[0] in parts | {count + x for count, x in zip(counts, (1, 2, 4, 64), strict=True)}


@cache
def _pushing() -> Routine[Any, int]:
    """Push and pop eight times each, items that can be told from what is torn."""
    structure = Stack(64)
    Slots = structure.storage.record  # noqa: N806 - it is a class
    push, pop = structure.bound("push").code, structure.bound("pop").code

    @routine
    def work(cpu: Slots, turn: u64) -> i64:  # type: ignore[valid-type]
        if turn & 8 == 0:
            number = turn & 0xFFFFFFFFFF
            value = (number << _CHECKED_BITS) + (number * SPREAD >> (64 - _CHECKED_BITS))
            return i64(value) if push(cpu, value) else 0
        item = pop(cpu)
        if item is None:
            return 0
        return -i64(item)  # type: ignore[call-overload, no-any-return]

    return work


def _is_whole(item: int) -> bool:
    """Whether it is an item that `work` pushes."""
    number, check = divmod(item, 1 << _CHECKED_BITS)
    return number < 1 << 40 and number & 8 == 0 and check == (number * SPREAD % (1 << 64)) >> (64 - _CHECKED_BITS)


def _on_stack(found: Stack) -> list[int]:
    return [int(item) for lane in found.storage.per_cpu() for item in lane["slots"][: int(lane["count"])]]


def _items(found: Stack) -> list[int]:
    return [sum(_on_stack(found))]


def _is_item(difference: Sequence[int]) -> bool:
    """One item more or less, or none."""
    return _is_whole(abs(difference[0]))


def _bury_items(found: Stack, process: int, noted: int) -> Iterator[str]:
    items = _on_stack(found)
    if not all(map(_is_whole, items)):
        yield "an item on the stack was never pushed: it is torn"
    if len(set(items)) != len(items):
        yield "an item is on the stack twice"


def _sections(found: RCU) -> list[int]:
    lanes = found.storage.per_cpu()
    return [int(lanes[field].sum()) for field in ("begun", "ended")]


def _is_section(difference: Sequence[int]) -> bool:
    """One that has begun, or begun and ended."""
    return tuple(difference) in {(0, 0), (1, 0), (1, 1)}


def _bury_reader(found: RCU, process: int, noted: int) -> Iterator[str]:
    """Whoever was killed while he read reads for ever, and `synchronize` says so; otherwise it does not wait."""
    try:
        found.synchronize(timeout=0)
    except TimeoutError as error:
        if not found.readers:
            yield f"nobody reads, and synchronize() waits: {error}"
    else:
        if found.readers:
            yield f"{found.readers} readers were killed, and synchronize() did not wait for them"


@cache
def _holding() -> Routine[Any, int]:
    """Acquire two items, release them; a victim keeps one now and then. How many are kept."""
    structure = Pool(8, 256)
    Lane = structure.storage.record  # noqa: N806 - it is a class
    acquire_row, release_row = structure.bound("acquire_row").code, structure.bound("release_row").code

    @routine
    def work(cpu: Lane, turn: u64) -> i64:  # type: ignore[valid-type]
        owner = u32(turn >> 40)
        first = acquire_row(cpu, owner)
        second = acquire_row(cpu, owner)
        kept: i64 = 0
        if first is not None:
            if turn & _KEPT == _KEPT:
                kept = 1
            elif not release_row(cpu, first):
                return _NOT_HELD
        if second is not None:
            if not release_row(cpu, second):
                return _NOT_HELD
        return kept

    return work


_KEPT = OF_VICTIM + (1 << 14) - 1
_NOT_HELD = 1 << 40
"""What is noted when an item that was acquired could not be released: somebody else has done so."""


def _held(found: Pool) -> list[int]:
    return [found.count - len(found)]


def _is_held(difference: Sequence[int]) -> bool:
    """Up to two that were acquired."""
    return difference[0] in (0, 1, 2)


def _bury_holder(found: Pool, process: int, noted: int) -> Iterator[str]:
    """All that the dead process held is recovered, and no more; then each item is there once."""
    held, recovered = found.held(), found.recover(process)
    if recovered != held.pop(process, []) or not noted <= len(recovered) <= noted + 2:
        yield f"{noted} items, or up to two more, were held when the process was killed; {recovered} were recovered"
    if held:
        yield f"items are held that nobody acquired: {held}"
    rows = list(iter(found.acquire_row, None))
    if sorted(rows) != list(range(found.count)):
        yield f"there are {found.count} items, and {len(rows)} could be acquired, {len(set(rows))} different ones"
    for number in rows:
        found.release_row(number)


@routine
def _locking(cpu: Lock, turn: u64) -> i64:
    """Take a lock and release it, which refuses if another has it too.

    Now and then others run while it is held, and while it is free: who waits on the same CPU looks only then.
    """
    number = acquire(cpu)
    if turn & 1023 == 0:
        sched_yield()
    release(cpu, number)
    if turn & 1023 == 512:
        sched_yield()
    return i64(0)


def _nothing(found: SpinLock) -> list[int]:
    return [0]


def _is_nothing(difference: Sequence[int]) -> bool:
    return not difference[0]


class _Count(Record):
    count: i64


class _Guarding(SpinLock):
    """A lock, and what it guards."""

    __slots__ = ("counts",)
    counts: Any

    def __init__(self, segment: Segment) -> None:
        super().__init__(segment=segment)
        self.counts = PerCPU(_Count, segment=segment).view()["count"]


def _add_one(lock: _Guarding, turn: int) -> int:
    """What is not atomic, under the lock; others run when `_locking` says."""
    with lock as cpu:
        count = lock.counts[cpu]
        if turn & 63 == 0:
            os.sched_yield()
        lock.counts[cpu] = count + 1
    if turn & 63 == 32:
        os.sched_yield()
    return 1


def _guarded(found: _Guarding) -> list[int]:
    return [int(found.counts.sum())]


def _is_one(difference: Sequence[int]) -> bool:
    """One that was added, or a record that was written or lost."""
    return difference[0] in (0, 1)


def _bury_owner(found: SpinLock, process: int, noted: int) -> Iterator[str]:
    """The dead process held one lock at most. Whoever wants it next is told whose it was, and has it."""
    left = found.holders()
    if len(left) > 1 or not all(f" of process {process}" in holder for holder in left.values()):
        yield f"process {process} was killed, which could hold one lock; held are {left}"
    for cpu in left:
        yield from _take_over(found, cpu, process)
    if found.holders():
        yield f"locks are held by nobody who is alive: {found.holders()}"


def _take_over(found: SpinLock, cpu: int, process: int) -> Iterator[str]:
    before = os.sched_getaffinity(0)
    if cpu < found.storage.place.lanes:  # no CPU leads to the spare lane: only threads without rseq go there
        os.sched_setaffinity(0, {cpu})
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        taken = found.acquire()
    os.sched_setaffinity(0, before)
    found.release(taken)
    texts = [str(one.message) for one in said]
    if taken != cpu or len(texts) != 1 or f"of process {process} held a lock and has ended" not in texts[0]:
        yield f"the lock of CPU {cpu}, whose holder was killed, came as that of CPU {taken}, with the warnings {texts}"


_V = f"V{ROW_BYTES}"

_RINGS = {
    "drop": (Kind(1 << 13, 0, clock=True), Kind(1 << 7, 0, clock=True)),
    "overwrite": (Kind(1 << 13, PARTS, clock=True), Kind(1 << 7, 2, clock=True)),
    "drop rows": (Kind(1 << 11, 0, True, ROW_BYTES, _V), Kind(8, 0, True, ROW_BYTES, _V)),
    "overwrite rows": (Kind(1 << 11, 1, True, ROW_BYTES, _V), Kind(8, 1, True, ROW_BYTES, _V)),
}
"""Large ones, which victims are killed while they fill, and small ones, which are full whenever they are read."""


class _Tapped(RingBuffer):
    """A ring, and how many records were taken out to count them."""

    __slots__ = ("taken",)
    taken: int


class _Announcing(Reader):
    """A reader that says in shared memory what it is about to take out of each lane, if it is not the survivor."""

    def __init__(self, storage: PerCPU[Any], kind: Kind) -> None:
        super().__init__(storage, kind)
        self._survivor, lanes = os.getpid(), len(storage.view())
        self._tails, self._counts = (memoryview(mmap.mmap(-1, 8 * lanes)).cast("q") for _ in range(2))

    def _takings(self, found: Sequence[Any]) -> list[Iterator[Any]]:
        if os.getpid() != self._survivor:
            self._announce({one.lane.number: (one.tail, len(one.records)) for one in found})
        return super()._takings(found)

    def _announce(self, taking: Mapping[int, tuple[int, int]]) -> None:
        for lane in range(len(self._tails)):
            self._tails[lane], self._counts[lane] = taking.get(lane, (0, 0))

    def taken_by_victim(self) -> int:
        """How many records it has taken out that it had announced last, which are forgotten."""
        pairs = zip(self._lanes(), self._tails, self._counts, strict=True)
        taken = sum(count for lane, tail, count in pairs if lane.tail >= tail)
        self._announce({})
        return taken


def _tapped(kind: Kind, segment: Segment) -> _Tapped:
    ring = _Tapped._of(kind, segment)
    ring._reads = _Announcing(ring.storage, kind)
    ring.taken = 0
    return ring


_READ_EVERY = 16


def _record(ring: _Tapped, turn: int) -> bytes:
    return row(turn) if ring.dtype else buffered(turn)


def _write_and_read(ring: _Tapped, turn: int) -> int:
    """Write a record, and now and then read all that there are; how many more are there, or were lost."""
    ring.write(_record(ring, turn))
    return 1 if turn % _READ_EVERY else 1 - _read(ring)


def _read(ring: _Tapped) -> int:
    """Take out all records; how many there were. Raises: RuntimeError - one is torn, or out of order."""
    events = ring.drain()
    for event in events:
        data = bytes(event.data)
        if len(data) >= 8 and data != _record(ring, int.from_bytes(data[:8], sys.byteorder)):
            raise RuntimeError(f"a record is torn: {data!r}")
    stamps = [event.time_ns for event in events if event.time_ns is not None]
    if stamps != sorted(stamps):
        raise RuntimeError("records come out of order")
    return len(events)


def _offered(ring: _Tapped) -> list[int]:
    """What was written and not taken out by `work`, or lost; and that with what a victim took out last.

    What is overwritten is lost when it is missed.
    """
    assert isinstance(ring._reader, _Announcing)
    by_victim = ring._reader.taken_by_victim()
    ring.taken += _read(ring)
    return [ring.taken + ring.lost, ring.taken + ring.lost + by_victim]


def _is_offer(difference: Sequence[int]) -> bool:
    """A record that was written or lost, or none, and the victim had noted what it took out; or it had not."""
    return any(one in (0, 1) for one in difference)
