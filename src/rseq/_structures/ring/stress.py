"""How ring buffers are stressed: very small ones of each kind, so that they are full, and turn over, all the time.

A record is the number of its writer's turn, again and again, so that one that is torn shows: half of it would
be of another turn. What `work` and `call` return is how many records were offered, less those that were read.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from collections.abc import Sequence as Numbers
from typing import TYPE_CHECKING, Any

from rseq._language.text import keep
from rseq._language.types import SCALARS, i64, u64
from rseq._once import once
from rseq._sequence import Routine, routine
from rseq._structures.ring.kind import Kind
from rseq._structures.workload import buffered

if TYPE_CHECKING:
    from rseq._structures.ring.buffer import RingBuffer

__all__ = ["ROW_BYTES", "SHIPPED", "SMALL", "call", "law", "row", "work"]

keep(__name__)

ROW_BYTES = 12
"""The bytes of a record, where records have one layout."""

SMALL = {
    "drop": Kind(16, 0, clock=False),
    "drop_clock": Kind(16, 0, clock=True),
    "over": Kind(32, 2, clock=False),
    "over_clock": Kind(32, 2, clock=True),
    "drop_u64": Kind(4, 0, False, SCALARS["u64"], "uint64"),
    "over_u64": Kind(4, 1, True, SCALARS["u64"], "uint64"),
    "drop_rows": Kind(2, 0, True, ROW_BYTES, f"V{ROW_BYTES}"),
    "over_rows": Kind(2, 1, False, ROW_BYTES, f"V{ROW_BYTES}"),
}
"""Small rings, which the checker can go through in a sensible time."""

SHIPPED = ("drop_clock", "over", "over_u64", "drop_rows")
"""Those that stand for all: each way to be full, each shape of record, with a clock and without."""


@once
def work(kind: Kind) -> Routine[Any, int]:
    """What `rseq stress` runs: offer a record."""
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


def call(ring: RingBuffer, turn: int) -> int:
    """The same from Python, and now and then read what there is."""
    record = turn if ring.dtype == "uint64" else row(turn) if ring.dtype else buffered(turn)
    ring.write(record)
    return 1 - (_read(ring) if turn % 4 == 0 else 0)


def law(ring: RingBuffer, ledger: Numbers[int]) -> Iterator[str]:
    """Each record that was offered was read once, is there, or was lost."""
    left, lost = _read(ring), ring.lost
    if left + lost != ledger[0]:
        yield f"{left:,} records are left and {lost:,} were lost, and {ledger[0]:,} were offered and not read"


def row(turn: int) -> bytes:
    """A record of one layout that says whose turn it is, and says it again."""
    return (turn.to_bytes(8, sys.byteorder) * 2)[:ROW_BYTES]


def _read(ring: RingBuffer) -> int:
    """Take out all records; how many there were. Raises: RuntimeError - one was torn, or out of order."""
    events = ring.drain()
    for event in events:
        if ring.dtype != "uint64":
            _require_whole(bytes(event.data))
    times = [event.time_ns for event in events if event.time_ns is not None]
    if times != sorted(times):
        raise RuntimeError("records come out of order")
    return len(events)


def _require_whole(data: bytes) -> None:
    if data != (data[:8] * 8)[: len(data)]:
        raise RuntimeError(f"a record was torn: {data!r}")
