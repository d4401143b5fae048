"""The code of pools (items.py, which says how items are held)."""

from __future__ import annotations

from rseq._language.kept import keep
from rseq._language.operations import compare_exchange, lane, load_acquire
from rseq._language.types import SCALARS, Array, Record, i64, prepared, u32, u64
from rseq._once import once
from rseq._quick import NamedTuple
from rseq._sequence import Routine, Sequence, routine, sequence
from rseq._structures.pool.states import CACHED, GENERATION, HELD, LINE_BYTES, MOST_HINTS, ROW, first_words, shift_for
from rseq._thread.cpus import possible_cpus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


keep(__name__)


class Code(NamedTuple):
    """What is compiled for lanes of `1 << shift` items."""

    record: type[Record]
    push: Sequence[Any, bool]
    pop: Sequence[Any, int | None]
    start: Sequence[Any, int]
    take: Routine[Any, int | None]
    give: Routine[Any, bool]
    acquire_row: Routine[Any, int | None]
    release_row: Routine[Any, bool]


def code_for(count: int) -> Code:
    """What is compiled for pools of `count` items."""
    return code(shift_for(count, possible_cpus() + 1))


@once
def code(shift: int) -> Code:
    """What is compiled for lanes of `1 << shift` items."""
    Lane = _lane_of(shift)  # noqa: N806 - it is a class
    push, pop, start = _hints_of(Lane)
    claim = _claim_of(Lane, shift)
    look = _look_of(Lane, claim, _note_of(Lane, shift, push))
    take = _take_of(Lane, pop, start, claim, look)
    give = _give_of(Lane, shift, push)
    return Code(Lane, push, pop, start, take, give, _acquire_row_of(Lane, take), _release_row_of(Lane, shift, give))


def _lane_of(shift: int) -> type[Record]:
    most = min(2 << shift, MOST_HINTS)
    hints: Any = Array(SCALARS["u32"], most)
    words: Any = Array(SCALARS["u64"], 1 << shift)
    line: Any = Array(SCALARS["u64"], LINE_BYTES // 8)

    class Lane(Record):
        count: u64  # of all items; the same in every lane, as is `batch`: all CPUs read those of one, and nobody writes
        batch: u64
        gap: line
        cursor: u64
        cached: u64
        hints: prepared[hints]
        apart: line
        states: words

        @staticmethod
        def starts(lanes: Any) -> Iterator[None]:
            """A new pool, with hints made one at a time, and two."""
            for batch in (1, 2):
                for number, name, word in first_words(len(lanes), len(lanes) << shift):
                    lanes[name][number] = word
                lanes["batch"] = batch
                yield

        @staticmethod
        def live(lane: Any) -> Any:
            """The hints below `cached`."""
            return lane["hints"][: min(int(lane["cached"]), most)]

    return Lane


def _hints_of(Lane: Any) -> tuple[Sequence[Any, bool], Sequence[Any, int | None], Sequence[Any, int]]:  # noqa: N803
    """What works on this CPU's hints and on where it looks next."""
    most = Lane.fields["hints"].type.length

    @sequence
    def push(cpu: Lane, row: u32) -> bool:
        """Remember that an item was free; False if this CPU knows enough of them."""
        n = cpu.cached
        if n >= most:
            return False
        cpu.hints[n] = row
        cpu.cached = n + 1
        return True

    @sequence
    def pop(cpu: Lane) -> u32 | None:
        """An item that was free."""
        n = cpu.cached
        if n == 0:
            return None
        top = n - 1
        row: u32 = cpu.hints[top]
        cpu.cached = top
        return row

    @sequence
    def start(cpu: Lane) -> u64:
        """Where this CPU looks next; the time after that, a batch further on."""
        here: u64 = cpu.cursor
        following = here + cpu.batch
        if following >= cpu.count:
            following = 0
        cpu.cursor = following
        return here

    return push, pop, start


def _claim_of(Lane: Any, shift: int) -> Routine[Any, int | None]:  # noqa: N803
    inside = (1 << shift) - 1

    @routine
    def claim(cpu: Lane, row: u64, owner: u32, busy: u64) -> u64 | None:
        """Make an item the owner's, if its state has none of the bits `busy`: the ticket."""
        there = lane(cpu, row >> shift)
        state = load_acquire(there.states[row & inside])
        if state & busy != 0:
            return None
        generation = state // GENERATION
        if compare_exchange(there.states[row & inside], state, generation * GENERATION + HELD + owner):
            return (generation << 32) + row  # type: ignore[no-any-return]
        return None

    return claim


def _note_of(Lane: Any, shift: int, push: Sequence[Any, bool]) -> Routine[Any, bool]:  # noqa: N803
    inside = (1 << shift) - 1

    @routine
    def note(cpu: Lane, row: u64) -> bool:
        """Make an item this CPU's hint, if it is free and nobody's."""
        there = lane(cpu, row >> shift)
        state = load_acquire(there.states[row & inside])
        if state & (HELD | CACHED) != 0:
            return True
        if not compare_exchange(there.states[row & inside], state, state | CACHED):
            return True
        if push(cpu, u32(row)):
            return True
        compare_exchange(there.states[row & inside], state | CACHED, state)
        return False

    return note


def _look_of(Lane: Any, claim: Routine[Any, int | None], note: Routine[Any, bool]) -> Routine[Any, int | None]:  # noqa: N803
    @routine
    def look(cpu: Lane, owner: u32, first: u64, busy: u64) -> u64 | None:
        """Look at each item once, from `first` on; make hints of those behind the one that is found."""
        any_lane = lane(cpu, 0)
        count = any_lane.count
        row = first
        looked: u64 = 0
        while looked < count:
            if row >= count:
                row = 0
            ticket = claim(cpu, row, owner, busy)
            if ticket is not None:
                left = any_lane.batch
                while left > 1 and row + 1 < count:
                    row += 1
                    left = left - 1 if note(cpu, row) else 0
                return ticket  # type: ignore[return-value]
            row += 1
            looked += 1
        return None

    return look


def _take_of(
    Lane: Any,  # noqa: N803
    pop: Sequence[Any, int | None],
    start: Sequence[Any, int],
    claim: Routine[Any, int | None],
    look: Routine[Any, int | None],
) -> Routine[Any, int | None]:
    @routine
    def take(cpu: Lane, owner: u32) -> u64 | None:
        """Acquire: an item that this CPU knows, or one that nobody knows, or any that is free. The ticket."""
        while True:
            hint = pop(cpu)
            if hint is None:
                first = start(cpu)
                unknown = look(cpu, owner, first, HELD | CACHED)
                if unknown is not None:
                    return unknown  # type: ignore[return-value]
                any_free = look(cpu, owner, first, HELD)
                if any_free is None:
                    return None
                return any_free  # type: ignore[return-value]
            known = claim(cpu, u64(hint), owner, HELD)  # type: ignore[call-overload]
            if known is not None:
                return known  # type: ignore[return-value]

    return take


def _give_of(Lane: Any, shift: int, push: Sequence[Any, bool]) -> Routine[Any, bool]:  # noqa: N803
    inside = (1 << shift) - 1

    @routine
    def give(cpu: Lane, ticket: u64) -> bool:
        """Release; False if the item is not held, or was released since the ticket was made."""
        row = ticket & ROW
        there = lane(cpu, row >> shift)
        state = load_acquire(there.states[row & inside])
        if state & HELD == 0 or state // GENERATION != ticket >> 32:
            return False
        free = (state // GENERATION + 1) * GENERATION
        if not compare_exchange(there.states[row & inside], state, free | CACHED):
            return False
        if not push(cpu, u32(row)):
            compare_exchange(there.states[row & inside], free | CACHED, free)
        return True

    return give


def _acquire_row_of(Lane: Any, take: Routine[Any, int | None]) -> Routine[Any, int | None]:  # noqa: N803
    @routine
    def acquire_row(cpu: Lane, owner: u32 = 0) -> i64 | None:
        ticket = take(cpu, owner)
        if ticket is None:
            return None
        return i64(ticket & ROW)  # type: ignore[operator]

    return acquire_row


def _release_row_of(Lane: Any, shift: int, give: Routine[Any, bool]) -> Routine[Any, bool]:  # noqa: N803
    inside = (1 << shift) - 1

    @routine
    def release_row(cpu: Lane, row: i64) -> bool:
        number = u64(row)
        any_lane = lane(cpu, 0)
        if number >= any_lane.count:
            return False
        there = lane(cpu, number >> shift)
        state = load_acquire(there.states[number & inside])
        return give(cpu, (state // GENERATION << 32) + number)  # type: ignore[return-value]

    return release_row
