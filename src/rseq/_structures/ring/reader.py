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
from itertools import compress

from rseq._forks import start_anew_after_forks
from rseq._percpu.storage import lanes_of
from rseq._percpu.threads import table_of
from rseq._percpu.turn import forget_turn, prepare_turns, taken
from rseq._structures.ring.clock import SET_BACK_TICKS, Calibration, ticks
from rseq._structures.ring.common import birth_of, turn_at
from rseq._structures.ring.records import Copy, Found, Lane, Records
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
    from rseq._structures.ring.records import Event

    T = TypeVar("T")

_PATIENCE_S = 1e-4
_WORDS = 1 << 64


class Reader(Records):
    """Reads the ring of `kind` that is in `storage`. `tell` is called with what is about to be taken out."""

    def __init__(
        self,
        storage: PerCPU[Any],
        kind: Kind,
        common: Memory,
        tell: Callable[[Sequence[Found]], object] = lambda found: None,
    ) -> None:
        prepare_turns()
        super().__init__(kind, lanes_of(storage), Calibration(birth_of(common.place)) if kind.clock else None)
        self._storage, self._tell = storage, tell
        self._read = bind(kind.form, "read", storage, "RingBuffer.read")
        self._settle = bind(kind.form, "settle", storage, "RingBuffer.settle")
        self._shared = storage.segment is not None
        self._common = common
        self._kept: list[Found] = []
        self._life = object()
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

    # ---- one reader at a time

    @property
    def _turn_address(self) -> int:
        return turn_at(self._common.place)

    def _turn(self) -> Any:
        """Wait until nobody else reads: a guard, with which the turn ends."""
        table, held = table_of(self._common.place.lock), _HELD
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

    def _copied(self, lane: Lane) -> Copy:
        kind = self.kind
        end = kind.position(lane.head)
        count = min(self._distance(lane), kind.whole(end))
        begin = kind.distance(count, end)
        data = bytearray(count * kind.unit_bytes)
        stamps = bytearray(count * 8 if kind.has_stamps else 0)
        outs = (data, stamps) if kind.dtype is not None else (data,)
        gone = self._read(lane.number, begin, end, *outs)
        return Copy(lane, begin, begin + count, gone, data, stamps)

    def _takings(self, found: Sequence[Found]) -> list[Iterator[Found]]:
        """Iterators over each one of `found`, which tell the writers that it is read as they yield it."""
        return [compress((one,), map(self._settle, *((word,) for word in self._words_of(one)))) for one in found]

    def _words_of(self, one: Found) -> tuple[int, ...]:
        """What `settle` is told."""
        kept = (one.serial, (one.lane.given + one.missed) % _WORDS) if self.kind.overwrites else ()
        return one.lane.number, one.tail, *kept
