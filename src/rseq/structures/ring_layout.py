"""How records lie in a ring buffer, and the sequences and routines that put them there and get them out.

    lane of a CPU:   | head lost | gap | tail serial given | gap | data …………………………………… |
                       writers           readers                   ^tail … ^head: what waits

Writers of a CPU store where nobody reads, and commit by storing `head`, a position that only grows; where a position
lies in `data` are its low bits. `tail` is where the reader is: only readers store there, in memory that all processes
see, and on cache lines of its own. Writers never wait for readers. There are two shapes of ring:

Records of any length (`bytes_ring`). Positions count units of four bytes.

    | length | stamp, 2 units, if there is a clock | the bytes, up to a whole unit |

A record lies in one piece. One that would cross the end of `data` begins anew at its start, and a skip mark says so.
In a ring that overwrites, `data` has parts, and no record crosses from one into the next. A part begins with the serial
number of its first record, so that a reader who was overtaken finds its place again and knows how many it has missed.
`head` is the position, and below it in 11 bits how many records the current part has; `even` and `odd` are the
serial numbers at which the latest parts of even and odd number begin. So no sequence overwrites what it has read.

Records of one layout (`record_ring`). Positions count records; there is no header, and stamps are an array beside.

Assumptions: a reader copies first and asks then. What a writer may have begun to overwrite when `head` is read the
second time is given up; for `head` to be read late enough, the reader has all CPUs make a memory barrier in between
(membarrier(2)), which orders their stores without costing writers anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import rseq

from ..language.types import SCALARS, Array, Record, Scalar, prepared, u8, u32, u64
from ..sequence import Routine, Sequence, routine, sequence

__all__ = ["COUNT_BITS", "PARTS", "SKIP", "Code", "Kind", "header_units"]

SKIP = 0xFFFFFFFF
"""In place of a length: what follows is at the start of `data`, or of the next part."""

PARTS = 8
"""Parts of a ring that overwrites."""

COUNT_BITS = 11
"""The bits of `head` that count the records of the current part, in a ring that overwrites."""

_GAP = SCALARS["u64"][8]
"""A cache line, so that what readers store does not slow writers down."""


class Code(NamedTuple):
    """What is compiled for one kind of ring."""

    record: type[Record]
    write: Routine[Any, bool]
    """write(data) -> bool: put a record into this CPU's ring, or count it as lost."""
    read: Routine[Any, int]
    """read(number, begin, end, out…) -> gone: copy positions; the first `gone` were overwritten, and are zeros."""
    settle: Routine[Any, None]
    """settle(number, tail, serial, given): what a reader has done."""
    parts: tuple[Sequence[Any, Any], ...]
    """The sequences of `write`."""


@dataclass(frozen=True)
class Kind:
    """A kind of ring buffer."""

    units: int
    """How many positions `data` has: units of four bytes, or records; a power of two."""
    parts: int
    """Parts of a ring that overwrites; 0 if it does not, 1 if records have one layout."""
    clock: bool
    item: Scalar | int | None = None
    """The type of a number, or the size of a record; None for records of any length."""
    dtype: Any = None
    """The NumPy dtype of a record, if there is an `item`."""

    @property
    def code(self) -> Code:
        """Its record, sequences and routines."""
        if self.item is None:
            return _bytes_ring(self.units, self.parts, self.clock)
        return _record_ring(self.units, self.item, self.parts > 0, self.clock)

    @property
    def overwrites(self) -> bool:
        """If the newest records are kept."""
        return self.parts > 0

    @property
    def is_number(self) -> bool:
        """If records are numbers."""
        return isinstance(self.item, Scalar)

    @property
    def has_stamps(self) -> bool:
        """If there is an array of stamps."""
        return self.clock and self.item is not None

    @property
    def unit_bytes(self) -> int:
        """Bytes for each position."""
        return 4 if self.item is None else self.largest

    @property
    def part_units(self) -> int:
        """Units in a part that begins with a serial number; 0 if there are none."""
        return self.units // self.parts if self.item is None and self.parts else 0

    @property
    def largest(self) -> int:
        """The bytes of the largest record."""
        if self.item is None:
            return _largest(self.units, self.parts, self.clock)
        return self.item.size if isinstance(self.item, Scalar) else self.item

    @property
    def empty_head(self) -> int:
        """`head` of a ring in which nothing was written: behind the serial number of the first part, which is 0."""
        return 2 << COUNT_BITS if self.part_units else 0

    def position(self, head: int) -> int:
        """The position up to which records are written."""
        return head >> COUNT_BITS if self.part_units else head

    def first_whole(self, position: int) -> int:
        """The first position that no writer has begun to overwrite, if records are written up to `position`."""
        if self.part_units:
            return max(position // self.part_units + 2 - self.parts, 0) * self.part_units
        return max(position + 1 - self.units, 0) if self.parts else 0


def header_units(clock: bool) -> int:
    """Units before a record's bytes."""
    return 3 if clock else 1


def _largest(units: int, parts: int, clock: bool) -> int:
    """The bytes of the largest record that a ring of `units` holds; `parts` is 0 if it does not overwrite."""
    room = units // parts - 3 if parts else units // 2
    return 4 * max(room - header_units(clock), 0)


@cache
def _bytes_ring(units: int, parts: int, clock: bool) -> Code:
    """A ring of records of any length; `units` is a power of two, `parts` how many parts it has, 0 to overwrite none."""
    return _overwriting(units, parts, clock) if parts else _dropping(units, clock)


def _dropping(units: int, clock: bool) -> Code:
    words: Any = Array(SCALARS["u32"], units)
    header, most, last = header_units(clock), _largest(units, 0, clock), units - 1
    padded = 4 * header + 3

    class Ring(Record):
        head: u64
        lost: u64
        gap: _GAP  # type: ignore[valid-type]
        tail: u64
        serial: u64
        given: u64
        gap2: _GAP  # type: ignore[valid-type]
        data: prepared[words]

        @staticmethod
        def live(lane: Any) -> Any:
            """The records between `tail` and `head`."""
            tail, head = int(lane["tail"]), int(lane["head"])
            return _live_records(lane["data"], tail, head, units) if head - tail in range(units + 1) else []

    @sequence(release=True)
    def put(cpu: Ring, data: bytes) -> bool:
        size = (len(data) + padded) >> 2
        head = cpu.head
        at = head & last
        end = head + size
        if at + size > units or end - rseq.load_acquire(cpu.tail) > units:
            return False
        if clock:
            now = rseq.clock()
            cpu.data[at] = u32(len(data))
            at += 1
            cpu.data[at] = u32(now)
            at += 1
            cpu.data[at] = u32(now >> 32)
            at += 1
        else:
            cpu.data[at] = u32(len(data))
            at += 1
        rseq.copy(cpu.data[at], data, len(data))
        cpu.head = end
        return True

    @sequence(release=True)
    def begin_anew(cpu: Ring, size: u64) -> bool:
        """Go to the start of `data` if a record of `size` units would cross its end, and has room there."""
        head = cpu.head
        at = head & last
        start = (head | last) + 1
        if at + size <= units or start + size - rseq.load_acquire(cpu.tail) > units:
            return False
        cpu.data[at] = SKIP
        cpu.head = start
        return True

    @sequence
    def lose(cpu: Ring) -> None:
        cpu.lost += 1

    @routine
    def write(cpu: Ring, data: bytes) -> bool:
        if len(data) > most:
            lose(cpu)
            return False
        while not put(cpu, data):
            if not begin_anew(cpu, (len(data) + padded) >> 2):
                lose(cpu)
                return False
        return True

    @routine
    def read(cpu: Ring, number: u64, begin: u64, end: u64, out: bytearray) -> u64:
        """Copy the units from `begin`, which is the tail, to `end` at most; none is gone."""
        there = rseq.lane(cpu, number)
        head = rseq.load_acquire(there.head)
        stop = end if end < head else head
        count = stop - begin if begin == there.tail and begin < stop else 0
        at = begin & last
        part = count if count < units - at else units - at
        rseq.copy(out, there.data[at], part * 4)
        rseq.copy(out[part * 4], there.data, (count - part) * 4)
        return 0

    return Code(Ring, write, read, _settle(Ring), (put, begin_anew, lose))


def _overwriting(units: int, parts: int, clock: bool) -> Code:
    words: Any = Array(SCALARS["u32"], units)
    header, most, last = header_units(clock), _largest(units, parts, clock), units - 1
    padded = 4 * header + 3
    part_units = units // parts
    part_last, part_bits, many = part_units - 1, part_units.bit_length() - 1, (1 << COUNT_BITS) - 1

    class Recorder(Record):
        head: u64
        lost: u64
        even: prepared[u64]
        odd: prepared[u64]
        gap: _GAP  # type: ignore[valid-type]
        tail: u64
        serial: u64
        given: u64
        gap2: _GAP  # type: ignore[valid-type]
        data: prepared[words]

        @staticmethod
        def live(lane: Any) -> Any:
            """The records that no writer has begun to overwrite, and the serial number of the current part."""
            head = int(lane["head"]) >> COUNT_BITS
            part = head >> part_bits
            first = max(part + 2 - parts, 0) << part_bits
            return [lane["odd" if part & 1 else "even"], _live_records(lane["data"], first, head, part_units)]

    @sequence(release=True)
    def put(cpu: Recorder, data: bytes) -> bool:
        size = (len(data) + padded) >> 2
        head = cpu.head
        at = (head >> COUNT_BITS) & last
        if (at & part_last) + size >= part_units or head & many == many:
            return False
        end = head + (size << COUNT_BITS) + 1
        if clock:
            now = rseq.clock()
            cpu.data[at] = u32(len(data))
            at += 1
            cpu.data[at] = u32(now)
            at += 1
            cpu.data[at] = u32(now >> 32)
            at += 1
        else:
            cpu.data[at] = u32(len(data))
            at += 1
        rseq.copy(cpu.data[at], data, len(data))
        cpu.head = end
        return True

    @sequence(release=True)
    def begin_part(cpu: Recorder, size: u64) -> None:
        """Go to the next part if this one has no room for a record of `size` units."""
        head = cpu.head
        here = (head >> COUNT_BITS) & last
        if (here & part_last) + size < part_units and head & many != many:
            return
        cpu.data[here] = SKIP
        start = ((head >> COUNT_BITS) | part_last) + 1
        serial = head & many
        if start & part_units:
            serial += cpu.even
            cpu.odd = serial
        else:
            serial += cpu.odd
            cpu.even = serial
        at = start & last
        cpu.data[at] = u32(serial)
        cpu.data[at + 1] = u32(serial >> 32)
        cpu.head = (start + 2) << COUNT_BITS

    @sequence
    def lose(cpu: Recorder) -> None:
        cpu.lost += 1

    @routine
    def write(cpu: Recorder, data: bytes) -> bool:
        if len(data) > most:
            lose(cpu)
            return False
        while not put(cpu, data):
            begin_part(cpu, (len(data) + padded) >> 2)
        return True

    @routine
    def read(cpu: Recorder, number: u64, begin: u64, end: u64, out: bytearray) -> u64:
        """Copy the units from `begin` to `end`, as far as they are there; how many of the first are gone."""
        there = rseq.lane(cpu, number)
        head = rseq.load_acquire(there.head) >> COUNT_BITS
        stop = end if end < head else head
        count = stop - begin if begin < stop else 0
        at = begin & last
        part = count if count < units - at else units - at
        rseq.copy(out, there.data[at], part * 4)
        rseq.copy(out[part * 4], there.data, (count - part) * 4)
        rseq.full_fence()
        following = (rseq.load_acquire(there.head) >> COUNT_BITS >> part_bits) + 2
        first = (following - parts) << part_bits if following > parts else 0
        gone = first - begin if begin < first else 0
        if gone > count:
            gone = count
        at = 0
        while at < gone * 4:
            out[at] = 0
            at += 1
        return gone

    return Code(Recorder, write, read, _settle(Recorder), (put, begin_part, lose))


def _live_records(words: Any, position: int, end: int, block: int) -> list[Any]:
    """The records from a position to another, without what lies behind skip marks."""
    found = []
    units = len(words)
    while position < end:
        length = int(words[position % units])
        if length == SKIP:
            position = (position // block + 1) * block
        else:
            stop = min(position + 1 + (length + 3) // 4, end, position + units)
            found.append([int(words[place % units]) for place in range(position, stop)])
            position = stop
    return found


# ---- records of one layout


@cache
def _record_ring(count: int, item: Scalar | int, overwrites: bool, clock: bool) -> Code:
    """A ring of `count` records (a power of two): numbers of type `item`, or as many bytes."""
    return (_numbers if isinstance(item, Scalar) else _rows)(count, item, overwrites, clock)


def _numbers(count: int, item: Any, overwrites: bool, clock: bool) -> Code:
    items: Any = Array(item, count)
    ticks: Any = Array(SCALARS["u64"], count)
    last = count - 1

    class Numbers(Record):
        head: u64
        lost: u64
        gap: _GAP  # type: ignore[valid-type]
        tail: u64
        serial: u64
        given: u64
        gap2: _GAP  # type: ignore[valid-type]
        data: prepared[items]
        if clock:
            stamps: prepared[ticks]

        @staticmethod
        def live(lane: Any) -> Any:
            """See `_live_rows`."""
            return _live_rows(lane, count, overwrites)

    @sequence(release=True)
    def put(cpu: Numbers, data: item) -> bool:
        head = cpu.head
        if not overwrites:
            if head - rseq.load_acquire(cpu.tail) >= count:
                return False
        if clock:
            cpu.stamps[head & last] = rseq.clock()
        cpu.data[head & last] = data
        cpu.head = head + 1
        return True

    @sequence
    def lose(cpu: Numbers) -> None:
        cpu.lost += 1

    @routine
    def write(cpu: Numbers, data: item) -> bool:
        if put(cpu, data):
            return True
        lose(cpu)
        return False

    return Code(Numbers, write, _read_rows(Numbers, count, item.size, overwrites, clock), _settle(Numbers), (put, lose))


def _rows(count: int, size: int, overwrites: bool, clock: bool) -> Code:
    """Records that are copied; `size` is how many bytes each has."""
    octets: Any = Array(SCALARS["u8"], count * size)
    ticks: Any = Array(SCALARS["u64"], count)
    last = count - 1

    class Rows(Record):
        head: u64
        lost: u64
        gap: _GAP  # type: ignore[valid-type]
        tail: u64
        serial: u64
        given: u64
        gap2: _GAP  # type: ignore[valid-type]
        data: prepared[octets]
        if clock:
            stamps: prepared[ticks]

        @staticmethod
        def live(lane: Any) -> Any:
            """See `_live_rows`."""
            return _live_rows(lane, count, overwrites)

    @sequence(release=True)
    def put(cpu: Rows, data: bytes) -> bool:
        head = cpu.head
        if not overwrites:
            if head - rseq.load_acquire(cpu.tail) >= count:
                return False
        if clock:
            cpu.stamps[head & last] = rseq.clock()
        rseq.copy(cpu.data[(head & last) * size], data, size)
        cpu.head = head + 1
        return True

    @sequence
    def lose(cpu: Rows) -> None:
        cpu.lost += 1

    @routine
    def write(cpu: Rows, data: bytes) -> bool:
        if len(data) != size:
            the_size_of_a_record = data[len(data)]
        if put(cpu, data):
            return True
        lose(cpu)
        return False

    return Code(Rows, write, _read_rows(Rows, count, size, overwrites, clock), _settle(Rows), (put, lose))


def _read_rows(Rows: Any, count: int, size: int, overwrites: bool, clock: bool) -> Routine[Any, int]:  # noqa: N803
    last, scale = count - 1, size if Rows.fields["data"].type.length > count else 1

    @routine
    def read(cpu: Rows, number: u64, begin: u64, end: u64, out: bytearray, stamps: bytearray) -> u64:
        """Copy the records from `begin` to `end`, as far as they are there; how many of the first are gone."""
        there = rseq.lane(cpu, number)
        head = rseq.load_acquire(there.head)
        stop = end if end < head else head
        found = stop - begin if begin < stop else 0
        if not overwrites:
            if begin != there.tail:
                found = 0
        at = begin & last
        part = found if found < count - at else count - at
        rseq.copy(out, there.data[at * scale], part * size)
        rseq.copy(out[part * size], there.data, (found - part) * size)
        if clock:
            rseq.copy(stamps, there.stamps[at], part * 8)
            rseq.copy(stamps[part * 8], there.stamps, (found - part) * 8)
        if not overwrites:
            return 0
        rseq.full_fence()
        again = rseq.load_acquire(there.head) + 1
        first = again - count if again > count else 0
        gone = first - begin if begin < first else 0
        if gone > found:
            gone = found
        at = 0
        while at < gone * size:
            out[at] = 0
            at += 1
        if clock:
            at = 0
            while at < gone * 8:
                stamps[at] = 0
                at += 1
        return gone

    return read


def _settle(Ring: Any) -> Routine[Any, None]:  # noqa: N803
    @routine
    def settle(cpu: Ring, number: u64, tail: u64, serial: u64, given: u64) -> None:
        there = rseq.lane(cpu, number)
        rseq.store_release(there.serial, serial)
        rseq.store_release(there.given, given)
        rseq.store_release(there.tail, tail)

    return settle


def _live_rows(lane: Any, count: int, overwrites: bool) -> Any:
    """The records between `tail` and `head`, or those that no writer has begun to overwrite."""
    tail, head = int(lane["tail"]), int(lane["head"])
    first = max(head + 1 - count, 0) if overwrites else tail
    if not 0 <= head - first <= count:
        return []
    places = [position % count for position in range(first, head)]
    arrays = [lane[name].reshape(count, -1) for name in ("data", "stamps") if name in lane.dtype.names]
    return [array[places].tolist() for array in arrays]
