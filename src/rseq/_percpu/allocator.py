"""The allocator: cuts the lanes of private extents into items, and hands items out again when they come back.

Small items are cut densely, 512 counters to a page of 4 KiB; one larger than a quarter of the stride has an extent of
its own. An item that comes back is zeroed in every lane and waits in the pool of its size for the next of that size:
above 128 bytes, sizes are rounded to one of four in each doubling, so that there are few pools.

There is no lock. What is shared lies in deques, and has one owner at a time because it leaves one by `pop` and enters
one by `append`, each of which is atomic with the GIL and without. Nobody ever waits, so that any of these may come
in the middle of an allocation, on the same thread or another: a collected item, a signal handler or a finaliser that
allocates, a fork. What a fork, or an exception in a signal handler, cuts off in the middle is never handed out, which
costs memory and nothing else. The price: threads that allocate at the same instant may map an extent each.

The road not taken: a lock, held over a fork. A finaliser that runs inside it and waits for another lock whose owner
forks is a deadlock.
"""

from __future__ import annotations

from rseq import _quick_ctypes as ctypes
from rseq._integers import round_up
from rseq._percpu.segment import Extent, Place, discard, private_extent, zero
from rseq._quick import NamedTuple, deque

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    T = TypeVar("T")

STRIDE_BYTES = 1 << 18
"""Bytes of each lane in an extent that items share."""

MAX_ITEM_BYTES = 1 << 40
"""The largest item: more is a mistake."""

_WORD = 8
_SMALL_BYTES = 128
_SHARED_BYTES = STRIDE_BYTES // 4
_EXTENTS_TRIED = 8


class Block(NamedTuple):
    """An item's memory, whether it is lent or waits in a pool. In a pool it is zero."""

    place: Place
    nbytes: int
    pool: deque[Block]
    extent: Extent | None
    """The extent that it has to itself, if it has one."""


_lent: dict[int, Block] = {}
_returned: deque[int] = deque()

_method: Any = ctypes.pythonapi["PyInstanceMethod_New"]  # makes a method of a C function, which has none
_method.restype, _method.argtypes = ctypes.py_object, [ctypes.py_object]


class Lease(int):
    """The right to use a block: its address, as an integer that gives the block back when the last reference goes.

    It is hidden from the cycle collector, which would run the finaliser as soon as a cycle is garbage. Another
    finaliser of that cycle may bring it back to life: the block would be in use and in a pool at the same time.
    Hidden, the finaliser runs when the object goes. It refers to nothing, so it cannot be part of a cycle itself.
    """

    __slots__ = ()

    def __new__(cls, address: int) -> Lease:
        lease = super().__new__(cls, address)
        ctypes.pythonapi.PyObject_GC_UnTrack(ctypes.py_object(lease))
        return lease

    # Nothing but an append, as it may run inside the allocator; and in C, so that no signal handler runs in it, whose
    # exception would be lost. What is appended is the lease itself. It is finalized once only.
    __del__ = _method(_returned.append)


class Allocator:
    """Hands out the blocks of one private segment.

    Threads: any thread at any time; signal handlers, finalisers and forked children too.
    """

    def __init__(self, map_extent: Callable[[int], Extent] = private_extent) -> None:
        self.extents: list[Extent] = []
        self._map_extent = map_extent
        self._open: deque[_Open] = deque()
        self._pools: dict[tuple[int, int], deque[Block]] = {}

    def lend(self, nbytes: int, alignment: int) -> tuple[Place, Lease]:
        """A zeroed block of at least `nbytes` (≥ 1) at a multiple of `alignment` (a power of two up to a page).

        The block is the caller's as long as the lease lives. An alignment of a cache line or more is also a promise
        that nothing else lies on those lines.
        Raises: MemoryError - there is no address space left.
        """
        _take_back()
        block = self._block(nbytes, max(alignment, _WORD))
        _lent[block.place.base] = block
        return block.place, Lease(block.place.base)

    def _block(self, nbytes: int, alignment: int) -> Block:
        size = round_up(size_class(nbytes), alignment)
        pool = self._pool(size, alignment)
        if (block := _last_of(pool)) is not None:
            return block
        return self._cut(size, alignment, pool) if size <= _SHARED_BYTES else self._whole_extent(size, pool)

    def _pool(self, size: int, alignment: int) -> deque[Block]:
        return self._pools.setdefault((size, alignment), deque())

    def _whole_extent(self, size: int, pool: deque[Block]) -> Block:
        extent = self._extend(size)
        return Block(extent.place(0), size, pool, extent)

    def _extend(self, stride_bytes: int) -> Extent:
        extent = self._map_extent(stride_bytes)
        self.extents.append(extent)
        return extent

    def _cut(self, size: int, alignment: int, pool: deque[Block]) -> Block:
        too_full: list[_Open] = []
        room = self._next_open(too_full)
        while not room.holds(size, alignment):
            too_full.append(room)
            room = self._next_open(too_full)
        for gap in room.gaps(alignment):
            self._pool(_WORD, _WORD).append(Block(gap, _WORD, self._pool(_WORD, _WORD), None))
        block = Block(room.cut(size), size, pool, None)
        self._open.append(room)
        self._open.extendleft(too_full)
        return block

    def _next_open(self, too_full: list[_Open]) -> _Open:
        if len(too_full) < _EXTENTS_TRIED and (room := _last_of(self._open)) is not None:
            return room
        return _Open(self._extend(STRIDE_BYTES))


class _Open:
    """An extent with room for more items. Whoever took it out of the deque is the only one to touch it."""

    __slots__ = ("extent", "used")

    def __init__(self, extent: Extent) -> None:
        self.extent = extent
        self.used = 0

    def holds(self, size: int, alignment: int) -> bool:
        return round_up(self.used, alignment) + size <= self.extent.stride

    def gaps(self, alignment: int) -> list[Place]:
        """The words that stay free below the next multiple of `alignment`, now skipped."""
        start, self.used = self.used, round_up(self.used, alignment)
        return [self.extent.place(offset) for offset in range(start, self.used, _WORD)]

    def cut(self, size: int) -> Place:
        start, self.used = self.used, self.used + size
        return self.extent.place(start)


def size_class(nbytes: int) -> int:
    """The size of the block for `nbytes`: whole words up to 128 bytes, then one of four sizes in each doubling."""
    if nbytes <= _SMALL_BYTES:
        return round_up(nbytes, _WORD)
    return round_up(nbytes, 1 << ((nbytes - 1).bit_length() - 3))


def _last_of(things: deque[T]) -> T | None:
    """Take the last of `things` out, if there is one; in one step, because others may do the same."""
    try:
        return things.pop()
    except IndexError:
        return None


def _take_back() -> None:
    """Zero what was given back, and put it into its pool."""
    while True:
        try:
            block = _lent.pop(_returned.popleft())
        except IndexError:
            return
        if block.extent is None:
            zero(block.place, block.nbytes)
        else:
            discard(block.extent)
        block.pool.append(block)
