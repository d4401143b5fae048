"""A pool of buffers that threads and processes share: fixed memory, items found by number, each held by one at a time.

    lane 0                                                        lane 1                      …   spare lane
    | count | batch | gap | cursor | cached | hints … |  states … |   | … hints … |  states … |   | …
                                              ^^^^^                      ^^^^^^
                              numbers of items that were free            one word for each item of this lane

    a state:  | generation: 30 bits | held, cached or neither | owner: 32 bits |

The truth about an item is its state, one word, which is only ever changed by compare-and-exchange: free, or held by an
owner. So no item can be held twice, none can be lost, and whoever is killed at whatever instruction leaves each item
either free or held under his own name. `recover` then finds what he held.

Everything else is a hint, and makes it fast. Each CPU has a short stack of items that were free when they were put
there, the last one released on top: `acquire` pops one, and changes a state that nobody else is interested in and that
lies in this CPU's cache. A hint that is wrong (another CPU took the item) costs an attempt. A CPU without hints looks
at the states, from a place of its own on: it takes an item that is free, and makes hints of free ones behind it, a
batch of them (they are marked as cached then, so that others prefer items that are not). If there are only cached items
left, it takes one of those, whosever hint it is. So no free item is out of reach: `acquire` finds nothing only if it
has seen each item held.

Items are numbered through; those of a lane are a power of two, so that few lengths are ever compiled. A generation
counts how often an item was released. A ticket is an item's number and its generation: it is good for one release.

Assumptions: none on the scheduler; hints may be lost or doubled, and states are changed atomically. Nobody keeps a
ticket while its item is released 2**30 times more.
The road not taken: free lists that are the truth, moved in batches to and from a central one. They need no atomic
instruction while a CPU has items, but what a killed process has popped and not yet put down in writing would be
nobody's, and what lies in another CPU's list would be out of reach, or take a thousand times as long to get.
"""

from __future__ import annotations

import ctypes
import os
import weakref
from collections.abc import Callable, Iterator
from collections.abc import Sequence as Numbers
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from rseq._forks import THREADS, in_each_child
from rseq._integers import round_up
from rseq._language.compiled import Compiled
from rseq._language.operations import compare_exchange, lane, lanes, load_acquire
from rseq._language.text import keep
from rseq._language.types import SCALARS, Array, Record, i64, prepared, u32, u64
from rseq._once import once
from rseq._percpu.checks import integer
from rseq._percpu.ended import be_known, why_not_ended
from rseq._percpu.segment import zeroed
from rseq._percpu.shared import Segment
from rseq._percpu.shown import shown
from rseq._percpu.storage import PerCPU
from rseq._sequence import Routine, Sequence, routine, sequence
from rseq._structures.structure import Structure, not_set_up, require_set_up, set_up, storage_of
from rseq._structures.workload import SPREAD, Workload
from rseq._thread.cpus import possible_cpus

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["Model", "Pool"]

keep(__name__)

MAX_COUNT = 1 << 28
"""The most items of a pool."""

MAX_SHIFT = 26
"""Lanes of more items than `1 << MAX_SHIFT` are larger than a record may be."""

MOST_HINTS = 32
"""The most hints of a CPU. Half of them are a batch, at most."""

MAX_BYTES = 1 << 46
"""The largest pool: what a processor can address, more or less."""

_LINE_BYTES = 64

_OWNER = (1 << 32) - 1
_CACHED, _HELD = 1 << 32, 1 << 33
_GENERATION = 1 << 34
"""A state: the owner, what the item is, and above that its generation."""

_ROW = (1 << 32) - 1
"""A ticket: the item's number, and above that its generation."""


class _Code(NamedTuple):
    """What is compiled for lanes of `1 << shift` items."""

    record: type[Record]
    push: Sequence[Any, bool]
    pop: Sequence[Any, int | None]
    start: Sequence[Any, int]
    take: Routine[Any, int | None]
    give: Routine[Any, bool]
    acquire_row: Routine[Any, int | None]
    release_row: Routine[Any, bool]


@once
def _code(shift: int) -> _Code:
    most = min(2 << shift, MOST_HINTS)
    hints: Any = Array(SCALARS["u32"], most)
    words: Any = Array(SCALARS["u64"], 1 << shift)
    line: Any = Array(SCALARS["u64"], _LINE_BYTES // 8)
    inside = (1 << shift) - 1

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
                _write(lanes, len(lanes) << shift)
                lanes["batch"] = batch
                yield

        @staticmethod
        def live(lane: Any) -> Any:
            """The hints below `cached`."""
            return lane["hints"][: min(int(lane["cached"]), most)]

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
        here = cpu.cursor
        following = here + cpu.batch
        if following >= cpu.count:
            following = 0
        cpu.cursor = following
        return here

    @routine
    def claim(cpu: Lane, row: u64, owner: u32, busy: u64) -> u64 | None:
        """Make an item the owner's, if its state has none of the bits `busy`: the ticket."""
        there = lane(cpu, row >> shift)
        state = load_acquire(there.states[row & inside])
        if state & busy != 0:
            return None
        generation = state // _GENERATION
        if compare_exchange(there.states[row & inside], state, generation * _GENERATION + _HELD + owner):
            return (generation << 32) + row  # type: ignore[no-any-return]
        return None

    @routine
    def note(cpu: Lane, row: u64) -> bool:
        """Make an item this CPU's hint, if it is free and nobody's."""
        there = lane(cpu, row >> shift)
        state = load_acquire(there.states[row & inside])
        if state & (_HELD | _CACHED) != 0:
            return True
        if not compare_exchange(there.states[row & inside], state, state | _CACHED):
            return True
        if push(cpu, u32(row)):
            return True
        compare_exchange(there.states[row & inside], state | _CACHED, state)
        return False

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

    @routine
    def take(cpu: Lane, owner: u32) -> u64 | None:
        """Acquire: an item that this CPU knows, or one that nobody knows, or any that is free. The ticket."""
        while True:
            hint = pop(cpu)
            if hint is None:
                first = start(cpu)
                unknown = look(cpu, owner, first, _HELD | _CACHED)
                if unknown is not None:
                    return unknown  # type: ignore[return-value]
                any_free = look(cpu, owner, first, _HELD)
                if any_free is None:
                    return None
                return any_free  # type: ignore[return-value]
            known = claim(cpu, u64(hint), owner, _HELD)  # type: ignore[call-overload]
            if known is not None:
                return known  # type: ignore[return-value]

    @routine
    def give(cpu: Lane, ticket: u64) -> bool:
        """Release; False if the item is not held, or was released since the ticket was made."""
        row = ticket & _ROW
        there = lane(cpu, row >> shift)
        state = load_acquire(there.states[row & inside])
        if state & _HELD == 0 or state // _GENERATION != ticket >> 32:
            return False
        free = (state // _GENERATION + 1) * _GENERATION
        if not compare_exchange(there.states[row & inside], state, free | _CACHED):
            return False
        if not push(cpu, u32(row)):
            compare_exchange(there.states[row & inside], free | _CACHED, free)
        return True

    @routine
    def acquire_row(cpu: Lane, owner: u32 = 0) -> i64 | None:
        ticket = take(cpu, owner)
        if ticket is None:
            return None
        return i64(ticket & _ROW)  # type: ignore[operator]

    @routine
    def release_row(cpu: Lane, row: i64) -> bool:
        number = u64(row)
        any_lane = lane(cpu, 0)
        if number >= any_lane.count:
            return False
        there = lane(cpu, number >> shift)
        state = load_acquire(there.states[number & inside])
        return give(cpu, (state // _GENERATION << 32) + number)  # type: ignore[return-value]

    return _Code(Lane, push, pop, start, take, give, acquire_row, release_row)


class Pool(Structure, hot=("acquire_row", "release_row")):
    """`count` buffers of `item_size` bytes, which threads and processes hold in turn. No memory is allocated.

        pool = rseq.Pool(4096, 64)
        item = pool.acquire()          # a memoryview, or None if all are held
        pool.release(item)             # from now on, using `item` is a ValueError

        with pool.item() as buffer:    # MemoryError if all are held
            file.readinto(buffer)

    Each item has cache lines to itself. What was in it when it was released is in it when it is acquired. `acquire_row`
    and `release_row` do the same with the items' numbers, rows of `pool.array`, at the cost of a builtin function;
    inside `@njit` functions they are inlined. An item that is dropped without `release` stays held.

    `segment`: processes share the items, see `rseq.Segment`. What a process holds when it is killed stays held until
    another one calls `recover` with its number. Without a segment, a fork copies the pool, and what is held with it.
    Raises: TypeError - no ints, or no segment. ValueError - below 1 or absurdly large. MemoryError - no address space
    or memory. RuntimeError - this machine's architecture has no code generator. OSError - no executable memory.
    Threads: any, registered or not; signal handlers too.
    """

    __slots__ = ("_give", "_held", "_memory", "_size", "_stride", "_take", "_views", "_watched")

    def __init__(self, item_size: int, count: int, *, segment: Segment | None = None) -> None:
        lanes = possible_cpus() + 1
        size = _bounded("item_size", item_size, MAX_BYTES)
        items = _bounded("count", count, min(MAX_COUNT, lanes << MAX_SHIFT))
        stride = round_up(size, _LINE_BYTES)
        _bounded("item_size × count", stride * items, MAX_BYTES)
        if segment is not None:
            be_known()
        code = _code((-(-items // lanes) - 1).bit_length())
        storage = PerCPU(code.record, segment=segment)
        _write(storage.view(), items)
        set_up(self, storage, code._asdict())  # it refuses a second time
        self._size, self._stride = (size, items), stride
        self._memory = zeroed(stride * items, shared=segment is not None)
        self._views: dict[int, memoryview] = {}
        self._held: dict[int, tuple[int, memoryview]] = {}
        self._watched: dict[int, _Watch] = {}
        self._take = code.take.bind(storage, title="Pool.acquire")
        self._give = code.give.bind(storage, title="Pool.release")

    # ---- numbers

    def acquire_row(self, owner: int = 0) -> int | None:
        """Hold an item: its number, which nobody else gets until `release_row`; None if all are held.

        `owner`, a u32, is the number under which `held` and `recover` know it: that of a process, or 0.
        Any thread, any signal handler; it never waits.
        Raises: TypeError, OverflowError - `owner` is no u32; then nothing is held.
        """
        raise not_set_up(self)

    def release_row(self, row: int) -> bool:
        """Let item number `row` go, whoever holds it; False, and nothing has happened, if nobody does.

        Any thread of any process, any signal handler; it never waits.
        Raises: TypeError, OverflowError - `row` is no i64.
        """
        raise not_set_up(self)

    # ---- buffers

    def acquire(self) -> memoryview | None:
        """Hold an item: its bytes, or None if all are held. It is this process's, for `held` and `recover`.

        Any thread, any signal handler; it never waits.
        """
        try:
            take = self._take
        except AttributeError:
            raise not_set_up(self) from None
        ticket = take(_me["process"])
        return None if ticket is None else self._item_of(ticket)

    def _item_of(self, ticket: int) -> memoryview:
        item = (self._views.get(ticket & _ROW) or self._view(ticket & _ROW))[:]
        self._held[id(item)] = ticket, item
        return item

    def _view(self, row: int) -> memoryview:
        """What the views of an item are slices of. Slices of one view share a count of uses, which free-threaded Python
        does not protect, so each item has one of its own.
        """
        first = row * self._stride
        return self._views.setdefault(row, memoryview(self._memory)[first : first + self.item_size])

    def release(self, item: memoryview) -> None:
        """Let an item go that `acquire` returned. Its memoryview is released: whoever uses it gets a ValueError.

        Slices, casts and NumPy arrays of it are views of their own, which nobody ends: drop them before.
        Any thread of the process that acquired it, and once; signal handlers too.
        Raises: ValueError - the item has been released, or is none of this pool's. BufferError - somebody is using it,
        such as a `readinto` in another thread; it stays held. TypeError - no memoryview.
        """
        try:
            held = self._held.pop(id(item), None) or self._refuse(item)
        except AttributeError:
            raise not_set_up(self) from None
        ticket, _ = held
        try:
            item.release()
        except BufferError:
            self._held[id(item)] = held
            raise BufferError(f"item {ticket & _ROW} is in use; release it when whoever uses it is done") from None
        if not self._give(ticket):
            raise ValueError(
                f"item {ticket & _ROW} has been released by somebody else: by release_row(), by a process that was "
                "forked while it was held, or by recover()"
            )

    def item(self) -> _Item:
        """For `with`: an item that is held in the block. Raises: MemoryError - all are held. See `release`.

        What a signal handler raises between acquiring and the block, or in the middle of releasing, leaves no item
        held: it is given back when the exception is dropped, with its traceback.
        """
        require_set_up(self)
        return _Item(self)

    def _lost(self, watch: _Watch) -> None:
        self._watched.pop(watch.key, None)
        if watch.process == _me["process"]:  # a forked child drops copies
            for ticket in watch.tickets:
                if ticket is not None:
                    self._give_back(ticket)

    def _give_back(self, ticket: int) -> None:
        """Let an item go, if that was not done before and nobody uses its memoryview."""
        for known, item in list(self._held.values()):
            if known == ticket:
                with suppress(ValueError, BufferError):
                    self.release(item)
                return
        self._give(ticket)

    def row_of(self, item: memoryview) -> int:
        """The number of an item that `acquire` returned: its row of `array`. Raises: as `release`."""
        require_set_up(self)
        ticket, _ = self._held.get(id(item)) or self._refuse(item)
        return ticket & _ROW

    def _refuse(self, item: object) -> NoReturn:
        if not isinstance(item, memoryview):
            raise TypeError(f"expected a memoryview that acquire() returned, got {item!r}; release_row() takes numbers")
        try:
            item.nbytes  # noqa: B018 - it raises if it was released
        except ValueError:
            raise ValueError("this item has been released already; whoever holds it now would lose it") from None
        raise ValueError("this memoryview is no item of this pool; pass the very object that acquire() returned")

    # ---- all items

    @property
    def item_size(self) -> int:
        """Bytes of an item."""
        require_set_up(self)
        return self._size[0]

    @property
    def count(self) -> int:
        """How many items there are, held or free."""
        require_set_up(self)
        return self._size[1]

    @property
    def array(self) -> npt.NDArray[Any]:
        """All items as a live array of bytes, of shape [count, item_size]. Use the rows that you hold."""
        require_set_up(self)
        held, shape = ctypes.c_char.from_buffer(self._memory), (self.count, self.item_size)
        return shown(ctypes.addressof(held), shape, (self._stride, 1), owner=held, writable=True)

    def __len__(self) -> int:
        """How many items are free; each was looked at once."""
        return sum(not state & _HELD for state in self._states())

    def __bool__(self) -> bool:
        """True: a pool is a thing, with items left or not."""
        return True

    def held(self) -> dict[int, list[int]]:
        """The numbers of the items that are held, by owner; each was looked at once.

        The owner of what `acquire` returned is the process that called it, that of a row what `acquire_row` was given.
        """
        return _rows_by_owner(self._states())

    def recover(self, owner: int) -> list[int]:
        """Release what the process with this number held when it ended; the items' numbers. Each is released once.

        Whether it was killed or ended otherwise is all the same, and so is in the middle of what. That it has ended is
        proved, by what the kernel says of its threads; where /proc shows nothing of it, it may have to be waited for.
        Threads: any thread of any process, several at once too; others may go on acquiring and releasing.
        Raises: ValueError - the process has not ended, or nothing proves it; `owner` is 0 or no u32, which is no
        process.
        """
        require_set_up(self)
        number = _ended(owner)
        states = self._states()
        _ended(number)  # nor has another one with that number begun
        tickets = ((states[row] // _GENERATION << 32) + row for row in _rows_by_owner(states).get(number, []))
        return [ticket & _ROW for ticket in tickets if self._give(ticket)]

    def _states(self) -> list[int]:
        """A copy of all states, in the items' order."""
        states: list[int] = storage_of(self).per_cpu()["states"].reshape(-1)[: self.count].tolist()
        return states

    # ---- for tools

    @staticmethod
    def sequences() -> dict[str, Compiled]:
        """What the hot methods are made of, and these themselves, as compiled for lanes of 2 items."""
        code = _code(1)
        return {name: getattr(code, name) for name in ("push", "pop", "start", "acquire_row", "release_row")}

    @classmethod
    def stress(cls) -> Iterator[Workload[Pool]]:
        """How `rseq stress` works on it: what is held is what was acquired and not released."""
        lanes = possible_cpus() + 1
        yield Workload(cls.__name__, partial(cls, 8, 2 * lanes), _work(), _call, _law)

    def __repr__(self) -> str:
        return f"<rseq.Pool of {self.count} items of {self.item_size} bytes, {len(self)} free>"


class _Watch(weakref.ref["_Item"]):
    """Gives back what an item still owns when it is dropped. In the pool as long as the item owns something.

    It is no `__del__`: that would run each time, and whatever a signal handler raises in it is lost.
    """

    __slots__ = ("key", "process", "tickets")

    def __init__(self, item: _Item, lost: Callable[[_Watch], None]) -> None:
        super().__init__(item, lost)  # type: ignore[call-arg]
        self.key, self.process, self.tickets = id(item), _me["process"], item._tickets


class _Item:
    """An item that is held in the block of a `with`, or an item for each block that it is used for.

    It owns their tickets from the moment they are taken, until they are returned.
    """

    __slots__ = ("__weakref__", "_items", "_pool", "_tickets")

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._tickets: list[int | None] = []
        self._items: list[memoryview] = []

    def __enter__(self) -> memoryview:
        pool = self._pool
        if not self._tickets:
            pool._watched[id(self)] = _Watch(self, pool._lost)
        self._tickets.extend(map(pool._take, (_me["process"],)))  # in C: no signal handler runs in between
        ticket = self._tickets[-1]
        if ticket is None:
            self._forget()
            raise MemoryError(f"all {pool.count} items of the pool are held; `held()` says by whom")
        item = pool._item_of(ticket)
        self._items.append(item)
        return item

    def __exit__(self, *_: object) -> None:
        try:
            self._pool.release(self._items.pop())
        except (BufferError, ValueError):  # it stays held as `release` says, or was released in the block
            self._forget()
            raise
        self._forget()

    def _forget(self) -> None:
        self._tickets.pop()
        if not self._tickets:
            self._pool._watched.pop(id(self), None)


def _bounded(name: str, value: object, most: int) -> int:
    number = integer(name, value)
    if not 1 <= number <= most:
        raise ValueError(f"{name}: expected 1 … {most}, got {number}")
    return number


def _write(lanes: npt.NDArray[Any], count: int) -> None:
    """What is in the lanes of a new pool. Each CPU begins to look at items of its own."""
    lanes["count"] = count
    lanes["batch"] = min(max(count // (2 * len(lanes)), 1), MOST_HINTS // 2)
    for lane_number in range(len(lanes)):
        lanes["cursor"][lane_number] = lane_number * count // len(lanes)


def _rows_by_owner(states: list[int]) -> dict[int, list[int]]:
    owners: dict[int, list[int]] = {}
    for row, state in enumerate(states):
        if state & _HELD:
            owners.setdefault(state & _OWNER, []).append(row)
    return owners


def _ended(owner: int) -> int:
    number = integer("owner", owner)
    if number == 0:
        why = "0 is no process: use release_row()"
    elif not 0 < number <= _OWNER:
        why = f"a process has a number of 1 … {_OWNER}"
    else:
        why = why_not_ended(number)
    if why:
        raise ValueError(f"recover() takes the number of a process that has ended; got {owner!r}: {why}")
    return number


_me = {"process": os.getpid()}
"""Asking the kernel each time would take as long as all the rest."""

in_each_child(lambda: _me.update(process=os.getpid()), THREADS)


# ---- stress


@once
def _work() -> Routine[Any, int]:
    """What `rseq stress` runs: acquire, and release that item or some other; how many more are held now."""
    code = _code(1)
    Lane, acquire_row, release_row = code.record, code.acquire_row, code.release_row  # noqa: N806 - it is a class

    @routine
    def work(cpu: Lane, turn: u64) -> i64:  # type: ignore[valid-type]
        if turn & 8 == 0:
            row = acquire_row(cpu, 1)
            if row is not None:
                return 1 if turn & 7 else 1 - i64(release_row(cpu, row))  # type: ignore[call-overload]
        some = (turn * SPREAD >> 33) * lanes(cpu) >> 30
        return -i64(release_row(cpu, i64(some)))  # type: ignore[call-overload, no-any-return]

    return work


def _call(pool: Pool, turn: int) -> int:
    """The same from Python, with buffers too."""
    item = pool.acquire()
    if item is None:
        return -int(pool.release_row(turn % pool.count))
    try:
        pool.release(item)
    except ValueError:  # another has released some item, and it was this one
        return 1
    return 0


def _law(pool: Pool, ledger: Numbers[int]) -> Iterator[str]:
    held = pool.count - len(pool)
    if held != ledger[0]:
        yield f"{held:,} items are held, and what was acquired less what was released comes to {ledger[0]:,}"


class Model:
    """What a `Pool` is, in plain Python: which items are held, and by whom."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.owners: dict[int, int] = {}

    def acquire_row(self, row: int | None, owner: int = 0) -> bool:
        """Whether `Pool.acquire_row` may return `row`: a pool does not say which of its free items it gives away."""
        if row is None:
            return len(self) == 0
        free = row in range(self.count) and row not in self.owners
        self.owners[row] = owner
        return free

    def release_row(self, row: int) -> bool:
        """See `Pool.release_row`."""
        return self.owners.pop(row, None) is not None

    def held(self) -> dict[int, list[int]]:
        """See `Pool.held`."""
        owners: dict[int, list[int]] = {}
        for row in sorted(self.owners):
            owners.setdefault(self.owners[row], []).append(row)
        return owners

    def recover(self, owner: int) -> list[int]:
        """See `Pool.recover`."""
        rows = self.held().get(owner, [])
        self.owners = {row: other for row, other in self.owners.items() if other != owner}
        return rows

    def __len__(self) -> int:
        return self.count - len(self.owners)
