"""A pool of buffers that threads and processes share: fixed memory, items found by number, each held by one at a time.

How items are held is in `items.py`. Here they become buffers: each item has a part of one memory, and what `acquire`
returns is a view of it, known by the object until it is released.

The items are one block beside the lanes: any thread may hold any of them. The pages of a private one are taken when
they are first written to, by the kernel's rules from memory near that CPU; and a CPU acquires first what was released
on it. (The road not taken: items in the lanes. They would lie on their CPU's NUMA node, but so would what other CPUs
hold once there is nothing else left.)
"""

from __future__ import annotations

import os
from itertools import chain

from rseq._forks import THREADS, in_each_child, start_anew_after_forks
from rseq._integers import round_up
from rseq._percpu.checks import integer
from rseq._percpu.storage import More, lanes_of
from rseq._quick import get_ident, partial, ref
from rseq._structures.numpy_layout import dtype_of
from rseq._structures.pool.items import items, write
from rseq._structures.pool.kind import MAX_BYTES, bounded, kind_of
from rseq._structures.pool.states import (
    HELD,
    LINE_BYTES,
    MAX_COUNT,
    MAX_SHIFT,
    OWNER,
    ROW,
    rows_by_owner,
    shift_for,
    tickets_of,
)
from rseq._structures.pool.views import WHOLE, Views
from rseq._structures.structure import Structure, bind, not_set_up, require_set_up, set_up, storage_for, storage_of
from rseq._thread.cpus import possible_cpus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, ClassVar, NoReturn, Self, SupportsIndex

    import numpy as np
    import numpy.typing as npt

    from rseq._language.compiled import Compiled
    from rseq._language.types import Scalar
    from rseq._percpu.lanes import Lanes
    from rseq._percpu.segment import Place
    from rseq._percpu.shared.segment import Segment


class Pool(Structure, hot=("acquire_row", "release_row")):
    """`count` buffers of `item_size` bytes, which threads and processes hold in turn. No memory is allocated.

        pool = rseq.Pool(4096, 64)
        item = pool.acquire()          # a memoryview, or None if all are held
        pool.release(item)             # from now on, using `item` is a ValueError

        with pool.item() as buffer:    # MemoryError if all are held
            file.readinto(buffer)

    With a `dtype`, `item_size` is the shape of an item, as `numpy.zeros` takes it, and the items are arrays:

        scratch = rseq.Pool((512, 512), 64, dtype=float)
        row = scratch.acquire_row()    # a number, or None if all are held
        scratch[row][:] = 0.0          # its array; in `@njit` functions, too
        scratch.release_row(row)

    `count` is how many items there are in all, not for each CPU. Each item has cache lines to itself. What was in it
    when it was released is in it when it is acquired. `acquire_row` and `release_row` do the same with the items'
    numbers, at the cost of a builtin function; inside `@njit` functions they are inlined. `pool[row]` is an item as an
    array, as is `pool[item]` of what `acquire` returned. An item that is dropped without `release` stays held.

    `segment` and `name`: processes share the items, see `Counter`. What a process holds when it is killed stays held
    until another one calls `recover` with its number. Without a segment, a fork copies the pool and what is held.
    Raises: TypeError - no ints, no such dtype, or no segment. ValueError - below 1 or absurdly large. MemoryError - no
    address space or memory. RuntimeError - this machine's architecture has no code generator. OSError - no executable
    memory.
    Threads: any, registered or not; signal handlers too.
    """

    __slots__ = (
        "_array",
        "_give",
        "_items",
        "_kind",
        "_rows",
        "_size",
        "_stride",
        "_take",
        "_views",
        "_watched",
    )
    __iter__: ClassVar[None] = None  # neither of what is free nor of all items

    def __init__(
        self,
        item_size: int | tuple[int, ...],
        count: int,
        *,
        dtype: npt.DTypeLike | Scalar | type[int] | type[float] | None = None,
        segment: Segment | str | None = None,
        name: str | None = None,
    ) -> None:
        where, lanes = _resolved(segment)
        kind = kind_of(item_size, dtype)
        size = kind.nbytes
        number = bounded("count", count, min(MAX_COUNT, lanes << MAX_SHIFT))
        stride = round_up(size, LINE_BYTES)
        bounded("item_size × count", stride * number, MAX_BYTES)
        form, args = items(shift_for(number, lanes)), {"item_size": size, "count": number, **kind.said}
        begin, more = partial(_write, number), (More(stride * number, LINE_BYTES, is_plain=True),)
        storage, (memory,) = storage_for(self, form, where, name, args, begin=begin, more=more)
        if segment is not None:
            from rseq._percpu.ended import be_known
            from rseq._percpu.threads import table_of

            be_known(table_of(storage.place.lock))
        set_up(self, storage, form)  # it refuses a second time
        if segment is not None:
            start_anew_after_forks(self)
        self._size, self._stride, self._items = (size, number), stride, memory
        self._kind = kind
        self._array: npt.NDArray[Any] | None = None
        self._views = Views(memory, size, stride, number)
        self._rows = self._views.rows
        self._watched: dict[int, _Watch] = {}
        self._take = bind(form, "take", storage, "Pool.acquire")
        self._give = bind(form, "give", storage, "Pool.release")

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
        ticket = take(_me)
        if ticket is None:
            return None
        try:  # as `Views.of`, without a call
            row = self._rows[ticket & ROW]
        except KeyError:
            return self._views.of(ticket)
        if row.held is not row.given:
            return self._views.of(ticket)
        item = row.view[WHOLE]
        row.held = ticket, item
        return item

    def release(self, item: memoryview) -> None:
        """Let an item go that `acquire` returned. Its memoryview is released: whoever uses it gets a ValueError.

        Slices, casts and NumPy arrays of it are views of their own, which nobody ends: drop them before.
        Any thread of the process that acquired it, and once; signal handlers too.
        Raises: ValueError - the item has been released, or is none of this pool's. BufferError - somebody is using it,
        such as a `readinto` in another thread; it stays held. TypeError - no memoryview.
        """
        try:
            row = self._rows[item.obj.row]  # type: ignore[attr-defined]
            held = row.held
            if held[1] is not item:
                row = self._views.overtaken[id(item)]
                held = row.held
        except _NO_ITEM:
            self._refuse(item)
        try:
            item.release()
        except BufferError:
            raise BufferError(f"item {held[0] & ROW} is in use; release it when whoever uses it is done") from None
        row.given = held
        give = self._give
        if not give(held[0]):
            self._views.overtaken.pop(id(item), None)
            raise ValueError(
                f"item {held[0] & ROW} has been released by somebody else: by release_row(), by a process that was "
                "forked while it was held, or by recover()"
            )

    def item(self) -> _Item:
        """For `with`: an item that is held in the block, by one thread at a time.

        What a signal handler raises between acquiring and the block, or in the middle of releasing, leaves no item
        held: it is given back when the exception is dropped, with its traceback.
        Raises, when it is entered: MemoryError - all are held. RuntimeError - another thread is inside of it. When it
        is left: as `release`.
        """
        require_set_up(self)
        return _Item(self)

    def _lost(self, watch: _Watch) -> None:
        self._watched.pop(watch.key, None)
        if watch.process == _me:  # a forked child drops copies
            for ticket in watch.tickets:
                if ticket is not None:
                    self._give_back(ticket)

    def _give_back(self, ticket: int) -> None:
        """Let an item go, if that was not done before and nobody uses its memoryview."""
        if self._views.end(ticket):
            self._give(ticket)

    def row_of(self, item: memoryview) -> int:
        """The number of an item that `acquire` returned: its row of `array`. Raises: as `release`."""
        try:
            number: int = item.obj.row  # type: ignore[attr-defined]
            is_ours = self._views.is_item(item, number)
        except _NO_ITEM:
            self._refuse(item)
        return number if is_ours else self._refuse(item)

    def _refuse(self, item: object) -> NoReturn:
        require_set_up(self)
        if not isinstance(item, memoryview):
            rows = "; release_row() takes numbers" if isinstance(item, int) else ""
            raise TypeError(f"expected the memoryview that acquire() returned, got {type(item)!r}{rows}")
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
    def dtype(self) -> np.dtype[Any] | None:
        """What the items are arrays of; None if they are bytes."""
        require_set_up(self)
        return self._kind.dtype

    @property
    def array(self) -> npt.NDArray[Any]:
        """All items as a live array: [count, *shape] of the `dtype`, or [count, item_size] bytes. Use rows you hold."""
        require_set_up(self)
        return self._all()[:]

    def _all(self) -> npt.NDArray[Any]:
        if self._array is None:
            from rseq._percpu.shown import shown

            kind, (size, count) = self._kind, self._size  # a subclass may have a `count` of its own
            place, strides = self._items.place.addresses()[-1], (self._stride, 1)
            made = shown(place, (count, size), strides, owner=self._items, writable=True)
            self._array = made if kind.dtype is None else made.view(kind.dtype).reshape(count, *kind.shape)
        return self._array

    def __getitem__(self, row: SupportsIndex | memoryview) -> npt.NDArray[Any]:
        """An item as a live array, by its number or as what `acquire` returned. Nothing ends it: drop it after release.

        Raises: IndexError - no such row, or a negative one. TypeError - no int; None means that all items are held.
        ValueError - as `release`.
        """
        if isinstance(row, memoryview):
            row = self.row_of(row)
        if row is None:
            raise TypeError("a row: expected an int, got None: all items were held when acquire_row() was called")
        require_set_up(self)
        number = integer("a row", row)
        if not 0 <= number < self._size[1]:
            raise IndexError(f"a row: expected 0 … {self._size[1] - 1}, got {number}")
        found: npt.NDArray[Any] = self._all()[number, ...]
        return found

    def __setitem__(self, row: SupportsIndex | memoryview, value: npt.ArrayLike) -> None:
        """Fill an item, as an array is filled. Raises: as `pool[row]`, and as NumPy where `value` does not fit."""
        self[row][...] = value

    def __len__(self) -> int:
        """How many items are free; each was looked at once."""
        return sum(not state & HELD for state in self._states())

    def __bool__(self) -> bool:
        """True: a pool is a thing, with items left or not."""
        return True

    def held(self) -> dict[int, list[int]]:
        """The numbers of the items that are held, by owner; each was looked at once.

        The owner of what `acquire` returned is the process that called it, that of a row what `acquire_row` was given.
        """
        return rows_by_owner(self._states())

    def recover(self, owner: int) -> list[int]:
        """Release what the process with this number held when it ended; the items' numbers. Each is released once.

        Whether it was killed or ended otherwise is all the same, and so is in the middle of what. That it has ended is
        proved, by what the kernel says of its threads; where /proc shows nothing of it, it may have to be waited for.
        Threads: any thread of any process, several at once too; others may go on acquiring and releasing.
        Raises: ValueError - the process has not ended, or nothing proves it; `owner` is 0 or no u32, which is no
        process.
        """
        require_set_up(self)
        number = _ended(self, owner)
        states = self._states()
        _ended(self, number)  # nor has another one with that number begun
        return [ticket & ROW for ticket in tickets_of(states, number) if self._give(ticket)]

    def _start_anew(self) -> None:
        """In a forked child: be known as another process than the one that has forked (`be_known`)."""
        from rseq._percpu.threads import table_of

        table_of(storage_of(self).place.lock).thread_id()

    def _states(self) -> list[int]:
        """A copy of all states, in the items' order."""
        require_set_up(self)
        count = self._size[1]
        return [*chain.from_iterable(lanes_of(storage_of(self)).arrays("states"))][:count]

    @classmethod
    def _sequences(cls) -> Mapping[str, Compiled]:
        """What the hot methods are made of, and these themselves, as compiled for lanes of 2 items."""
        small = items(1).parts
        return {name: small[name] for name in ("push", "pop", "start", "acquire_row", "release_row")}

    def __repr__(self) -> str:
        free = len(self)  # it says so, if this was not set up
        return f"<rseq.Pool of {self._size[1]} {self._kind}, {free} free>"

    @classmethod
    def _reopened(cls, made_of: type[Self], args: dict[str, Any], segment: Segment, name: str) -> Self:
        if "dtype" in args:
            size, count, said, shape = (args[key] for key in ("item_size", "count", "dtype", "shape"))
            args = {"item_size": tuple(shape), "count": count, "dtype": dtype_of(said)}
            if kind_of(args["item_size"], args["dtype"]).nbytes != size:
                raise ValueError(f"items of {size} bytes, and arrays of {said} of shape {shape}")
        return super()._reopened(made_of, args, segment, name)


class _Watch(ref["_Item"]):
    """Gives back what an item still owns when it is dropped. In the pool as long as the item owns something.

    It says whose the item is meanwhile: two threads in one would each take what is the other's.
    It is no `__del__`: that would run each time, and whatever a signal handler raises in it is lost.
    """

    __slots__ = ("key", "process", "thread", "tickets")

    def __init__(self, item: _Item, lost: Callable[[_Watch], None]) -> None:
        super().__init__(item, lost)  # type: ignore[call-arg]
        self.key, self.process, self.tickets = id(item), _me, item._tickets
        self.thread = get_ident()


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
        pool, key = self._pool, id(self)
        watch = pool._watched.get(key) or pool._watched.setdefault(key, _Watch(self, pool._lost))
        if watch.thread != get_ident():
            raise RuntimeError(
                "another thread is inside of this item(): expected one for each block, as in `with pool.item() as "
                "buffer`"
            )
        self._tickets.extend(map(pool._take, (_me,)))  # in C: no signal handler runs in between
        ticket = self._tickets[-1]
        if ticket is None:
            self._forget()
            raise MemoryError(f"all {pool._size[1]} items of the pool are held; `held()` says by whom")
        item = pool._views.of(ticket)
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


def arrays_of(pool: Pool) -> npt.NDArray[Any] | None:
    """All items, each C-contiguous, for other code generators; None if they are bytes.

    Raises: TypeError - the pool is not set up, or somebody has put another array in the place of its own.
    """
    require_set_up(pool)
    if pool._kind.dtype is None:
        return None
    found = pool._all()
    if not found[0, ...].flags.c_contiguous:
        raise TypeError(f"{pool!r}: its array was replaced")
    return found


def _write(count: int, lanes: Lanes, _: Place) -> None:
    """What a new pool begins with; its items are zero."""
    write(lanes, count)


def _resolved(segment: Segment | str | None) -> tuple[Segment | None, int]:
    """The segment that is meant, and how many lanes there are in it, the spare one included."""
    if segment is None:
        return None, possible_cpus() + 1
    from rseq._percpu.shared.segment import segment_of

    found = segment_of(segment)
    assert found is not None
    return found, found.lanes + 1


def _ended(pool: Pool, owner: int) -> int:
    from rseq._percpu.ended import why_not_ended
    from rseq._percpu.threads import table_of

    number = integer("owner", owner)
    if number == 0:
        why = "0 is no process: use release_row()"
    elif not 0 < number <= OWNER:
        why = f"a process has a number of 1 … {OWNER}"
    else:
        why = why_not_ended(number, table_of(storage_of(pool).place.lock))
    if why:
        raise ValueError(f"recover() takes the number of a process that has ended; got {number}: {why}")
    return number


_me = os.getpid()
"""Asking the kernel each time would take as long as all the rest."""

in_each_child(lambda: globals().update(_me=os.getpid()), THREADS)

_NO_ITEM = AttributeError, KeyError, TypeError, ValueError
"""What is raised where the number of something is asked that is no item, or no longer one."""
