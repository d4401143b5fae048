"""Rings of records of one layout: what `write` and a reader do. How they lie is in `layout.py`."""

from __future__ import annotations

from rseq._language.kept import keep
from rseq._language.operations import clock, copy, full_fence, lane, load_acquire
from rseq._language.types import SCALARS, Array, Record, Scalar, prepared, u64
from rseq._once import once
from rseq._sequence import Routine, Sequence, routine, sequence
from rseq._structures.ring.layout import GAP, SLOTS, Code, distance_of, lose_of, settle_of, waiting_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

keep(__name__)


@once
def row_ring(count: int, item: Scalar | int, overwrites: bool, timed: bool) -> Code:
    """A ring of `count` records (a power of two): numbers of type `item`, or as many bytes."""
    size, form = (item.size, item) if isinstance(item, Scalar) else (item, bytes)
    Rows = _lane_of(count, item, overwrites, timed)  # noqa: N806 - it is a class
    put, lose = _put_of(Rows, count, size, form, overwrites, timed), lose_of(Rows)
    write = _write_of(Rows, size, form, overwrites, put, lose)
    read = _read_rows(Rows, count, size, overwrites, timed)
    return Code(Rows, write, read, settle_of(Rows, overwrites=overwrites), (put,) if overwrites else (put, lose))


def _lane_of(count: int, item: Scalar | int, overwrites: bool, timed: bool) -> type[Record]:
    items: Any = Array(item, count) if isinstance(item, Scalar) else Array(SCALARS["u8"], count * item)
    ticks: Any = Array(SCALARS["u64"], count)

    class Rows(Record):
        head: u64
        lost: u64
        gap: GAP  # type: ignore[valid-type]
        tail: u64
        if overwrites:
            serial: SLOTS  # type: ignore[valid-type]
            given: SLOTS  # type: ignore[valid-type]
        gap2: GAP  # type: ignore[valid-type]
        data: prepared[items]
        if timed:
            stamps: prepared[ticks]

        @staticmethod
        def live(lane: Any) -> Any:
            """See `_live_rows`."""
            return _live_rows(lane, count, overwrites)

    return Rows


def _put_of(
    Rows: Any,  # noqa: N803
    count: int,
    size: int,
    form: Any,
    overwrites: bool,
    timed: bool,
) -> Sequence[Any, bool]:
    last, is_number = count - 1, isinstance(form, Scalar)

    @sequence(release=True)
    def put(cpu: Rows, data: form) -> bool:
        head = cpu.head
        if not overwrites:
            if head - load_acquire(cpu.tail) >= count:
                return False
        if timed:
            cpu.stamps[head & last] = clock()
        if is_number:
            cpu.data[head & last] = data
        else:
            copy(cpu.data[(head & last) * size], data, size)
        cpu.head = head + 1
        return True

    return put


def _write_of(
    Rows: Any,  # noqa: N803
    size: int,
    form: Any,
    overwrites: bool,
    put: Sequence[Any, bool],
    lose: Sequence[Any, None],
) -> Routine[Any, bool]:
    is_number = isinstance(form, Scalar)
    other_size = f"data has another size than the records of this ring, {size} bytes"

    @routine
    def write(cpu: Rows, data: form) -> bool:
        if not is_number:
            if len(data) != size:
                raise ValueError(other_size)
        if overwrites:
            return put(cpu, data)  # type: ignore[return-value]
        if put(cpu, data):
            return True
        lose(cpu)
        return False

    return write


def _read_rows(Rows: Any, count: int, size: int, overwrites: bool, timed: bool) -> Routine[Any, int]:  # noqa: N803
    last, scale = count - 1, size if Rows.fields["data"].type.length > count else 1
    bits = 63 if overwrites else 64
    waiting, behind_of = waiting_of(count, bits), distance_of(bits)

    @routine
    def read(cpu: Rows, number: u64, begin: u64, end: u64, out: bytearray, stamps: bytearray) -> u64:
        """Copy the records from `begin` to `end`, as far as they are there; how many of the first are gone."""
        there = lane(cpu, number)
        found = waiting(begin, end, load_acquire(there.head))
        if not overwrites:
            if begin != there.tail:
                found = 0
        at = begin & last
        part = found if found < count - at else count - at
        copy(out, there.data[at * scale], part * size)
        copy(out[part * size], there.data, (found - part) * size)
        if timed:
            copy(stamps, there.stamps[at], part * 8)
            copy(stamps[part * 8], there.stamps, (found - part) * 8)
        if not overwrites:
            return 0
        full_fence()
        behind = behind_of(begin, load_acquire(there.head))
        gone = behind - last if behind > last else 0
        if gone > found:
            gone = found
        at = 0
        while at < gone * size:
            out[at] = 0
            at += 1
        if timed:
            at = 0
            while at < gone * 8:
                stamps[at] = 0
                at += 1
        return gone

    return read


def _live_rows(lane: Any, count: int, overwrites: bool) -> Any:
    """The records between `tail` and `head`, or those that no writer has begun to overwrite."""
    tail, head = int(lane["tail"]), int(lane["head"])
    waiting = count - 1 if overwrites else (head - tail) % (1 << 64)
    if waiting > count:
        return []
    places = [position % count for position in range(head - waiting, head)]
    arrays = [lane[name].reshape(count, -1) for name in ("data", "stamps") if name in lane.dtype.names]
    return [array[places].tolist() for array in arrays]
