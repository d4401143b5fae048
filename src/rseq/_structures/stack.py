"""A stack of numbers for each CPU: free lists, caches of object or slot numbers, work that any thread may take.

    lane 0                        lane 1                        …  spare lane
    | limit | count | slots … |   | limit | count | slots … |
                      ^^^^^^ `count` of them are live

As in the per-CPU caches of tcmalloc, `push` writes the slot above the live ones, which nobody reads yet, and commits
by storing `count`; `pop` reads the topmost slot and commits `count` less one. What was pushed on a CPU is popped there,
last in, first out. A thread that wants more than its own CPU has goes to another (`steal`, `drain`): pinned to
that CPU it runs the ordinary `pop`, which is exact whoever else is at work there, in other processes too.

The array of slots is as long as the next power of two, so that few lengths are ever compiled; `limit` is the
capacity that was asked for. It is written when the stack is made, and never again.

Assumptions: a thread that is pinned to a CPU runs there when sched_setaffinity(2) returns. Lanes are chosen by
`cpu_id`: a thread can go to a CPU, but not to one of the kernel's compact numbers.
"""

from __future__ import annotations

from itertools import islice

from rseq._builtins.bind import builtin
from rseq._builtins.form import Form
from rseq._percpu.checks import integer
from rseq._percpu.memory import Memory
from rseq._percpu.pinned import pinned, prepare_pins
from rseq._percpu.storage import lanes_of
from rseq._quick import cache, partial
from rseq._structures.structure import Structure, bound_of, not_set_up, set_up, storage_for, storage_of
from rseq._thread.registration import available

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rseq._language.compiled import Compiled
    from rseq._percpu.lanes import Lanes
    from rseq._percpu.shared.segment import Segment

MAX_CAPACITY = 1 << 20
"""The largest capacity: eight megabytes in each lane, of which only what has been used takes memory."""


@cache
def stack(length: int) -> Form:
    """The form of stacks with arrays of that length, a power of two."""
    return Form(f"stack {length}", partial(_parse, length))


def _parse(length: int) -> Mapping[str, Compiled]:
    from rseq._structures.stack_code import stack_code

    made = stack_code(length)
    return {"push": made.push, "pop": made.pop}


class Stack(Structure, hot=("push", "pop")):
    """A stack of ints for each CPU, without locks. Each CPU's holds up to `capacity` of them.

        free = rseq.Stack(64)
        free.push(7)           # True; False if this CPU's stack is full
        free.pop()             # 7; None if this CPU's stack is empty
        free.steal()           # from another CPU, if this one has none

    An item is a u64. Inside `@njit` functions, `push` and `pop` are inlined. `segment` and `name`: see `Counter`;
    in a segment a stack takes all of its memory at once.
    Raises: TypeError - `capacity` is no int. ValueError - it is below 1 or absurdly large.
    Threads: any, registered or not; after a fork, parent and child each have the items that there were, and in a
    segment share them.
    """

    __slots__ = ()

    def __init__(self, capacity: int, *, segment: Segment | str | None = None, name: str | None = None) -> None:
        limit = integer("capacity", capacity)
        if not 1 <= limit <= MAX_CAPACITY:
            raise ValueError(f"capacity: expected 1 … {MAX_CAPACITY} items for each CPU, got {limit}")
        prepare_pins()
        form = stack(1 << (limit - 1).bit_length())

        def begin(lanes: Lanes) -> None:
            lanes.write("limit", limit)

        storage, _ = storage_for(self, form, segment, name, {"capacity": limit}, begin=begin)
        set_up(self, storage, form)

    def push(self, value: int) -> bool:
        """Put `value` on this CPU's stack; False if that is full. Any thread, any signal handler; it never waits.

        Raises: TypeError, OverflowError - `value` is no int of 0 … 2**64 - 1; then nothing is pushed.
        """
        raise not_set_up(self)

    def pop(self) -> int | None:
        """Take the newest item off this CPU's stack; None if that is empty.

        Any thread, any signal handler; it never waits.
        """
        raise not_set_up(self)

    @classmethod
    def _sequences(cls) -> Mapping[str, Compiled]:
        """As compiled for 4 slots."""
        return stack(4).parts

    @property
    def capacity(self) -> int:
        """How many items each CPU's stack holds."""
        limit = int(lanes_of(storage_of(self)).read("limit")[0])
        return min(limit, MAX_CAPACITY)  # another process may have written over it

    def steal(self) -> int | None:
        """Take an item off this CPU's stack, or if that is empty off another CPU's; None if nothing was found.

        The thread moves to the other CPU for that, and back, which takes thousands of times as long as a `pop`. CPUs
        that the kernel does not let it run on are left out, and so are all but the spare lane if it has no rseq.
        What others push or take meanwhile may be seen or not; each item is taken once.
        Threads: any thread, not a signal handler: it may wait for the spare lane's lock.
        """
        item = self.pop()
        if item is not None:
            return item
        return next((item for lane in self._lanes_with_items() for item in self._popped(lane, 1)), None)

    def drain(self) -> list[int]:
        """Take all items off all CPUs' stacks: those of one CPU together, the newest first.

        What `steal` leaves out is left out here too, and stays. From each CPU it takes `capacity` items at most, so
        that it ends although others push.
        Threads: as `steal`.
        """
        return [item for lane in self._lanes_with_items() for item in self._popped(lane, self.capacity)]

    def _lanes_with_items(self) -> list[int]:
        """The lanes that this thread can take items from, those with the most first."""
        counts: list[int] = lanes_of(storage_of(self)).read("count")
        spare = len(counts) - 1
        lanes = range(len(counts)) if available() else (spare,)
        return sorted((lane for lane in lanes if counts[lane]), key=lambda lane: -counts[lane])

    def _popped(self, lane: int, limit: int) -> list[int]:
        """Up to `limit` items from a lane, as far as there are any and this thread gets there."""
        if lane == storage_of(self).place.lanes:
            return list(islice(iter(self._pop_spare(), None), limit))
        with pinned(lane) as is_there:
            return list(islice(iter(self.pop, None), limit)) if is_there else []

    def _pop_spare(self) -> Callable[[], int | None]:
        """`pop` on the spare lane, whichever thread calls it: of storage that has no other lane."""
        bound, memory = bound_of(self, "pop"), storage_of(self).memory
        place = memory.place
        alone = place._replace(base=place.base + place.stride * place.lanes, lanes=0)
        spare = Memory(alone, memory.nbytes, memory)
        return builtin(bound.source, memory=spare, index=bound.index, shape=(), title=bound.title)

    def __len__(self) -> int:
        """How many items there are on all CPUs."""
        return sum(lanes_of(storage_of(self)).read("count"))

    def __bool__(self) -> bool:
        """True: a stack is a thing, empty or not."""
        return True

    def __repr__(self) -> str:
        return f"<rseq.Stack of {self.capacity} for each CPU, {len(self)} items>"
