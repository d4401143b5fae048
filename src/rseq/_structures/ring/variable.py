"""Rings of records of any length: what `write` and a reader do. How they lie is in `layout.py`."""

from __future__ import annotations

from rseq._language.inline import Inline
from rseq._language.kept import keep
from rseq._language.operations import clock, copy, full_fence, lane, load_acquire
from rseq._language.types import SCALARS, Array, Record, prepared, u32, u64
from rseq._once import once
from rseq._sequence import Routine, Sequence, inline, routine, sequence
from rseq._structures.ring.layout import GAP, GAP_BEFORE_UNITS, SLOTS, Code, distance_of, lose_of, settle_of, waiting_of
from rseq._structures.ring.sizes import SKIP, header_units, largest, low_bits, odd, padding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

keep(__name__)


@once
def variable_ring(units: int, parts: int, timed: bool) -> Code:
    """A ring of `units`, a power of two, for records of any length; `parts` is 0 if it does not overwrite."""
    return _overwriting(units, parts, timed) if parts else _dropping(units, timed)


def _dropping(units: int, timed: bool) -> Code:
    Ring = _dropping_lane(units, timed)  # noqa: N806 - it is a class
    put, begin_anew, lose = _put_of(Ring, units, timed), _begin_anew_of(Ring, units), lose_of(Ring)
    write = _write_of(Ring, units, timed, put, begin_anew, lose)
    return Code(Ring, write, _read_of(Ring, units), settle_of(Ring, overwrites=False), (put, begin_anew, lose))


def _dropping_lane(units: int, timed: bool) -> type[Record]:
    words: Any = Array(SCALARS["u32"], units)
    header, most = header_units(timed), largest(units, 0, timed)

    class Ring(Record):
        head: u64
        lost: u64
        gap: GAP  # type: ignore[valid-type]
        tail: u64
        gap2: GAP_BEFORE_UNITS  # type: ignore[valid-type]
        data: prepared[words]

        @staticmethod
        def live(lane: Any) -> Any:
            """The records between `tail` and `head`."""
            head = int(lane["head"])
            waiting = (head - int(lane["tail"])) % (1 << 64)
            return _live_records(lane["data"], head - waiting, head, units, header, most) if waiting <= units else []

    return Ring


def _put_of(Ring: Any, units: int, timed: bool) -> Sequence[Any, bool]:  # noqa: N803
    last, padded, fill = units - 1, padding(timed), _fill_of(Ring, timed)

    @sequence(release=True)
    def put(cpu: Ring, data: bytes) -> bool:
        size = (len(data) + padded) >> 2
        head = cpu.head
        at = head & last
        end = head + size
        if at + size > units or end - load_acquire(cpu.tail) > units:
            return False
        fill(cpu, at, data)
        cpu.head = end
        return True

    return put


def _begin_anew_of(Ring: Any, units: int) -> Sequence[Any, bool]:  # noqa: N803
    last = units - 1

    @sequence(release=True)
    def begin_anew(cpu: Ring, size: u64) -> bool:
        """Go to the start of `data` if a record of `size` units would cross its end, and has room there."""
        head = cpu.head
        at = head & last
        start = (head | last) + 1
        if size > units or at + size <= units or start + size - load_acquire(cpu.tail) > units:
            return False
        cpu.data[at] = SKIP
        cpu.head = start
        return True

    return begin_anew


def _write_of(
    Ring: Any,  # noqa: N803
    units: int,
    timed: bool,
    put: Sequence[Any, bool],
    begin_anew: Sequence[Any, bool],
    lose: Sequence[Any, None],
) -> Routine[Any, bool]:
    most, padded = largest(units, 0, timed), padding(timed)

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

    return write


def _read_of(Ring: Any, units: int) -> Routine[Any, int]:  # noqa: N803
    copy_out, waiting = _copy_out_of(Ring, units), waiting_of(units, 64)

    @routine
    def read(cpu: Ring, number: u64, begin: u64, end: u64, out: bytearray) -> u64:
        """Copy the units from `begin`, which is the tail, to `end` at most; none is gone."""
        there = lane(cpu, number)
        count = waiting(begin, end, load_acquire(there.head))
        if begin != there.tail:
            count = 0
        copy_out(cpu, number, begin, count, out)
        return 0

    return read


def _overwriting(units: int, parts: int, timed: bool) -> Code:
    Recorder = _overwriting_lane(units, parts, timed)  # noqa: N806 - it is a class
    part_units = units // parts
    put = _put_in_part_of(Recorder, units, part_units, timed)
    begin_part, lose = _begin_part_of(Recorder, units, part_units), lose_of(Recorder)
    write = _overwrite_of(Recorder, largest(units, parts, timed), timed, put, begin_part, lose)
    read = _read_parts_of(Recorder, units, part_units)
    return Code(Recorder, write, read, settle_of(Recorder, overwrites=True), (put, begin_part, lose))


def _overwriting_lane(units: int, parts: int, timed: bool) -> type[Record]:
    words: Any = Array(SCALARS["u32"], units)
    header, most, part_units = header_units(timed), largest(units, parts, timed), units // parts
    part_bits, bits = part_units.bit_length() - 1, low_bits(part_units)
    is_odd = odd(part_units)

    class Recorder(Record):
        head: u64
        lost: u64
        even: prepared[u64]
        odd: prepared[u64]
        gap: GAP  # type: ignore[valid-type]
        tail: u64
        serial: SLOTS  # type: ignore[valid-type]
        given: SLOTS  # type: ignore[valid-type]
        gap2: GAP_BEFORE_UNITS  # type: ignore[valid-type]
        data: prepared[words]

        @staticmethod
        def live(lane: Any) -> Any:
            """The records that no writer has begun to overwrite, and the serial number from which `head` counts."""
            head = int(lane["head"])
            end = head >> bits
            first = (end >> part_bits) + 2 - parts << part_bits
            return [
                lane["odd" if head & is_odd else "even"],
                _live_records(lane["data"], first, end, part_units, header, most),
            ]

    return Recorder


def _put_in_part_of(Recorder: Any, units: int, part_units: int, timed: bool) -> Sequence[Any, bool]:  # noqa: N803
    last, part_last, bits, many = units - 1, part_units - 1, low_bits(part_units), odd(part_units) - 1
    padded, fill = padding(timed), _fill_of(Recorder, timed)

    @sequence(release=True)
    def put(cpu: Recorder, data: bytes) -> bool:
        size = (len(data) + padded) >> 2
        head = cpu.head
        at = (head >> bits) & last
        if (at & part_last) + size >= part_units or head & many == many:
            return False
        end = head + (size << bits) + 1
        fill(cpu, at, data)
        cpu.head = end
        return True

    return put


def _begin_part_of(Recorder: Any, units: int, part_units: int) -> Sequence[Any, None]:  # noqa: N803
    last, part_last, bits, is_odd = units - 1, part_units - 1, low_bits(part_units), odd(part_units)
    many = is_odd - 1

    @sequence(release=True)
    def begin_part(cpu: Recorder, size: u64) -> None:
        """Go to the next part if this one has no room for a record of `size` units, and count anew."""
        head = cpu.head
        position = head >> bits
        end = (position & part_last) + size
        if end < part_units and head & many != many:
            return
        serial = head & many
        if head & is_odd:
            serial += cpu.odd
            cpu.even = serial
        else:
            serial += cpu.even
            cpu.odd = serial
        if end >= part_units:
            cpu.data[position & last] = SKIP
            position = (position | part_last) + 1
            cpu.data[position & last] = u32(serial)
            cpu.data[(position & last) + 1] = u32(serial >> 32)
            position += 2
        cpu.head = position << bits | ~head & is_odd

    return begin_part


def _overwrite_of(
    Recorder: Any,  # noqa: N803
    most: int,
    timed: bool,
    put: Sequence[Any, bool],
    begin_part: Sequence[Any, None],
    lose: Sequence[Any, None],
) -> Routine[Any, bool]:
    padded = padding(timed)

    @routine
    def write(cpu: Recorder, data: bytes) -> bool:
        if len(data) > most:
            lose(cpu)
            return False
        while not put(cpu, data):
            begin_part(cpu, (len(data) + padded) >> 2)
        return True

    return write


def _read_parts_of(Recorder: Any, units: int, part_units: int) -> Routine[Any, int]:  # noqa: N803
    bits, part_last, whole_parts = low_bits(part_units), part_units - 1, units - 2 * part_units
    copy_out, waiting, behind_of = _copy_out_of(Recorder, units), waiting_of(units, 64 - bits), distance_of(64 - bits)

    @routine
    def read(cpu: Recorder, number: u64, begin: u64, end: u64, out: bytearray) -> u64:
        """Copy the units from `begin` to `end`, as far as they are there; how many of the first are gone."""
        there = lane(cpu, number)
        count = waiting(begin, end, load_acquire(there.head) >> bits)
        copy_out(cpu, number, begin, count, out)
        full_fence()
        head = load_acquire(there.head) >> bits
        behind = behind_of(begin, head)
        whole = (head & part_last) + whole_parts
        gone = behind - whole if behind > whole else 0
        if gone > count:
            gone = count
        at: u64 = 0
        while at < gone * 4:
            out[at] = 0
            at += 1
        return gone

    return read


def _fill_of(Ring: Any, timed: bool) -> Inline[Any, None]:  # noqa: N803
    """What stores a record from unit `at` on."""
    header = header_units(timed)

    @inline
    def fill(cpu: Ring, at: u64, data: bytes) -> None:
        cpu.data[at] = u32(len(data))
        if timed:
            now = clock()
            cpu.data[at + 1] = u32(now)
            cpu.data[at + 2] = u32(now >> 32)
        copy(cpu.data[at + header], data, len(data))

    return fill


def _copy_out_of(Ring: Any, units: int) -> Inline[Any, None]:  # noqa: N803
    """What copies `count` units of lane `number` from position `begin` on, past the end of `data` too."""
    last = units - 1

    @inline
    def copy_out(cpu: Ring, number: u64, begin: u64, count: u64, out: bytearray) -> None:
        there = lane(cpu, number)
        at = begin & last
        part = count if count < units - at else units - at
        copy(out, there.data[at], part * 4)
        copy(out[part * 4], there.data, (count - part) * 4)

    return copy_out


def _live_records(words: Any, position: int, end: int, block: int, header: int, most: int) -> list[bytes]:
    """The records from a position to another, without what lies behind them and behind skip marks.

    What is longer than any record was never written by `put`, so nothing is known of what follows it.
    """
    found = []
    units = len(words)
    while position < end:
        length = int(words[position % units])
        if length == SKIP:
            position = (position // block + 1) * block
        elif length > most:
            break
        else:
            stop = min(position + header + (length + 3) // 4, end, position + units)
            places = [place % units for place in range(position, stop)]
            found.append(words[places].tobytes()[: 4 * header + length])
            position = stop
    return found
