"""Writing an event into a ring buffer: a header of 32 bits, a time stamp or none, and a payload.

The other rings have the same layout: a position that only grows, records in one piece, a mark where one did not fit in
before the end. Writers reserve room by compare-and-exchange, as they may be moved to another CPU, or under a lock; the
header is stored last, so that a reader would know what is complete. Nobody reads: whoever finds a ring full empties it,
once in some thousand events, and goes on. In the end as many records have been written as events, and none is torn.
"""

from __future__ import annotations

import mmap
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, partial
from typing import Any

import rseq
from rseq._bench.native.loop import (
    Loops,
    Memory,
    Turn,
    architecture,
    mutexes,
    sched_getcpu,
    vdso_getcpu,
    work,
)
from rseq._bench.native.ours import Site, ours
from rseq._bench.run import Implementation, Missing, Operation, Span, answered, counted, done, growth, threaded
from rseq._codegen.writer import I1, I32, I64, PTR, Writer, ll
from rseq._language.compiled import Compiled
from rseq._language.types import SCALARS, i64
from rseq._sequence import Routine, routine, sequence
from rseq._structures.ring import RingBuffer
from rseq._structures.structure import bound_of
from rseq._thread.cpus import possible_cpus

_CAPACITY = 1 << 16
_TAIL_AT, _DATA_AT = 64, 128
_RING_BYTES = _DATA_AT + _CAPACITY
_SKIP = 0xFFFFFFFF


def _reserve(emit: Writer, ring: Any, size: int, shared: bool) -> Any:
    """Emit: reserve room for a record; its offset in the data. Of a ring that is not shared, the lock is held."""
    attempt, take, taken = emit.label("try", I64), emit.label("take"), emit.label("taken")
    emit.jump(attempt, emit.load(ring, order="monotonic"))
    (old,) = emit.here(attempt)
    at = emit.and_(old, _CAPACITY - 1)
    over = emit.compare(emit.add(at, size), ">", _CAPACITY)
    start = emit.choose(over, emit.add(old, emit.sub(_CAPACITY, at)), old)
    new = emit.add(start, size)
    used = emit.sub(new, emit.load(ring, _TAIL_AT, order="acquire"))
    full = emit.label("empty")
    emit.branch(emit.compare(used, ">", _CAPACITY), full, take)
    emit.here(full)
    emit.store(old, ring, _TAIL_AT, order="release")
    emit.jump(attempt, old)
    emit.here(take)
    if shared:
        pair = emit.llvm.cmpxchg(ring, old, new, "monotonic", "monotonic")
        emit.branch(emit.llvm.extract_value(pair, 1), taken, attempt, emit.llvm.extract_value(pair, 0))
    else:
        emit.store(new, ring)
    emit.here(taken)
    with emit.if_(over):
        emit.store(I32(_SKIP), emit.offset(ring, _DATA_AT), at)
    return emit.and_(start, _CAPACITY - 1)


@dataclass(frozen=True)
class _Event:
    """A kind of event: the bytes of its payload, and whether it has a time stamp."""

    payload: int
    clock: bool

    @property
    def size(self) -> int:
        """Its bytes in a ring."""
        return 4 + 8 * self.clock + self.payload

    @property
    def data(self) -> bytes:
        """What all events hold."""
        return bytes(range(1, self.payload + 1))

    @cached_property
    def loops(self) -> Loops:
        """The loops of all rings but rseq's."""
        return Loops(
            {
                "vdso-atomic": partial(self._write_per_cpu, "getcpu"),
                "sched_getcpu-atomic": partial(self._write_per_cpu, "sched_getcpu"),
                "mutex": self._write_under_mutex,
            }
        )

    def _write_per_cpu(self, getcpu: str, turn: Turn) -> int:
        self._write(turn, turn.slot(getcpu, _RING_BYTES), shared=True)
        return 0

    def _write_under_mutex(self, turn: Turn) -> int:
        with turn.locked(turn.memory):
            self._write(turn, turn.emit.offset(turn.memory, _DATA_AT), shared=False)
        return 0

    def _write(self, turn: Turn, ring: Any, *, shared: bool) -> None:
        """Emit: write the event that lies in `more`."""
        emit = turn.emit
        event = emit.offset(emit.offset(ring, _DATA_AT), _reserve(emit, ring, self.size, shared))
        if self.clock:
            emit.store(emit.assembly(*architecture().clock, I64), event, 4, align=4)
        place = emit.offset(event, self.size - self.payload)
        copy = emit.module.declare_intrinsic("llvm.memcpy", [PTR, PTR, I64])
        aligned = ll.values.ArgumentAttributes()
        aligned.align = 4
        copied = emit.run(copy, place, turn.more, self.payload, I1(0))
        copied.arg_attributes.update({0: aligned, 1: aligned})
        emit.store(I32(self.payload), event, order="release")


def _records(position: int, size: int, capacity: int) -> int:
    """How many records of `size` lie before a position: none crosses a multiple of `capacity`."""
    laps, at = divmod(position, capacity)
    return laps * (capacity // size) + min(at // size, capacity // size)


class _Payload(Memory):
    """What is written, at the start of a page: where it lies across cache lines, every loop would take longer."""

    def __init__(self, data: bytes) -> None:
        super().__init__(mmap.PAGESIZE)
        self.words.cast("B")[: len(data)] = data


class _Rings:
    """Memory for rings, and what was found in it."""

    def __init__(self, event: _Event, rings: int, before: int = 0) -> None:
        self.memory = Memory(before + rings * _RING_BYTES)
        self._event = event
        self._bases = [before + ring * _RING_BYTES for ring in range(rings)]
        self._seen = 0

    def missing(self, spans: Sequence[Span]) -> int:
        """How many events are not there, of those that were written since the last look; or how many are torn."""
        total = sum(_records(self._word(base), self._event.size, _CAPACITY) for base in self._bases)
        grown, self._seen = total - self._seen, total
        return done(spans) - grown or sum(map(self._torn, self._bases))

    def _word(self, at: int) -> int:
        return self.memory.words[at // 8]

    def _torn(self, base: int) -> int:
        """How many of the records that wait are not as they were written, but for their stamps."""
        event, head, tail = self._event, self._word(base), self._word(base + _TAIL_AT)
        data = bytes(self.memory.words.cast("B")[base + _DATA_AT : base + _RING_BYTES])
        good, at = 0, tail
        while at < head:
            place = at % _CAPACITY
            if place + event.size > _CAPACITY:
                at += _CAPACITY - place
                continue
            record = data[place : place + event.size]
            good += record[:4] != event.payload.to_bytes(4, sys.byteorder) or record[-event.payload :] != event.data
            at += event.size
        return good


def _per_cpu(event: _Event, name: str, label: str, getcpu: Callable[[], int], workers: int) -> Implementation:
    rings, payload = _Rings(event, possible_cpus()), _Payload(event.data)
    words = [(rings.memory.address, getcpu(), 0, 0, payload.address)] * workers
    return threaded(name, label, work(event.loops[name], words, payload), rings.missing)


def _mutex(event: _Event, workers: int) -> Implementation:
    rings, payload = _Rings(event, 1, before=_DATA_AT), _Payload(event.data)
    address = rings.memory.address
    words = [(address, 0, *mutexes(address), payload.address)] * workers
    return threaded("mutex", "one ring, pthread mutex", work(event.loops["mutex"], words, payload), rings.missing)


# ---- rseq's


@cache
def _emptying(write: Routine[Any, bool], record: Any, item: Any) -> Routine[Any, int]:
    """`write`, which empties this CPU's ring when it is full; how often it was."""

    @sequence
    def where(cpu: record) -> i64:
        return i64(rseq.cpu_number())

    @routine
    def put(cpu: record, data: item) -> i64:
        refused: i64 = 0
        while not write(cpu, data):
            there = rseq.lane(cpu, where(cpu))  # type: ignore[arg-type]
            rseq.store_release(there.tail, rseq.load_acquire(there.head))
            refused += 1
        return refused

    return put


def _bytes_turn(length: int, site: Site, put: Compiled) -> Any:
    return site.run(put, site.extra, length)


def _number_turn(site: Site, put: Compiled) -> Any:
    return site.run(put, site.emit.load(site.extra))


@cache
def _turn(length: int | None) -> Callable[[Site, Compiled], Any]:
    """One turn: write so many bytes, or the number that is there."""
    return _number_turn if length is None else partial(_bytes_turn, length)


def _rseq(event: _Event, workers: int) -> Implementation:
    """Records of any length: the ring adds the header, and the stamp."""
    ring = RingBuffer(_CAPACITY, clock=event.clock)
    check = _written(ring, event.size // 4, _CAPACITY // 4, event.data)
    return _loop(event, "rseq", "rseq: write(bytes)", ring, event.data, event.payload, check, workers)


def _rseq_layout(event: _Event, workers: int) -> Implementation:
    """Records of one layout, of as many bytes as other events without their stamps: the header is a part of them."""
    size = 4 + event.payload
    dtype, item, length = ("uint64", SCALARS["u64"], None) if size == 8 else (f"V{size}", bytes, size)
    ring = RingBuffer(_CAPACITY // 8, clock=event.clock, dtype=dtype)
    record = event.payload.to_bytes(4, sys.byteorder) + event.data
    expected = int.from_bytes(record, sys.byteorder) if length is None else record
    label = f"rseq, dtype={dtype!r}"
    return _loop(event, "rseq-layout", label, ring, record, length, _written(ring, 1, 1 << 62, expected), workers, item)


def _loop(
    event: _Event,
    name: str,
    label: str,
    ring: Any,
    data: bytes,
    length: int | None,
    missing: Missing,
    workers: int,
    item: Any = bytes,
) -> Implementation:
    payload = _Payload(data)
    put = _emptying(bound_of(ring, "write").code, ring.storage.record, item)
    words = [(*ring.storage.place, payload.address)] * workers
    return threaded(name, label, work(ours(_turn(length), put), words, payload), missing)


def _written(ring: Any, size: int, capacity: int, data: Any) -> Missing:
    """A check: as many records as events, as many refused as were told, and what waits is as it was written."""

    def written() -> int:
        return sum(_records(head, size, capacity) for head in ring.storage.view()["head"].tolist())

    missing, lost = counted(written), growth(lambda: int(ring.lost))

    def wrong(spans: Sequence[Span]) -> int:
        untold = answered(spans) - lost()
        return missing(spans) or untold or sum(_plain(event.data) != data for event in ring.peek())

    return wrong


def _plain(data: Any) -> Any:
    """A record as bytes or int."""
    return data if isinstance(data, (bytes, int)) else data.tobytes()


def event_written(name: str, title: str, payload: int, *, clock: bool = False) -> Operation:
    """The operation of writing events with so many bytes behind their headers."""
    event = _Event(payload, clock)
    return Operation(
        name=name,
        title=title,
        unit="event",
        makers={
            "rseq": partial(_rseq, event),
            "rseq-layout": partial(_rseq_layout, event),
            "vdso-atomic": partial(_per_cpu, event, "vdso-atomic", "vDSO getcpu + atomic ring", vdso_getcpu),
            "sched_getcpu-atomic": partial(
                _per_cpu, event, "sched_getcpu-atomic", "sched_getcpu + atomic ring", sched_getcpu
            ),
            "mutex": partial(_mutex, event),
        },
    )


RINGS = (
    event_written("ring-8", "event, 4 + 4 bytes, native loop", 4),
    event_written("ring-8-clock", "event, 4 + 8 (clock) + 4 bytes, native loop", 4, clock=True),
    event_written("ring-64", "event, 4 + 64 bytes, native loop", 64),
)
