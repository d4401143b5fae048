"""Shared segments: the same memory, and the same locks, in a process and in those that are forked from it.

Each extent keeps what its users must agree on in its first page, each on a cache line of its own:

    first page: | spare lane's lock | used |      `used`: bytes of each lane that are taken, in all processes

An item is cut from an extent by one compare-and-exchange of `used`. Whoever inherited the extent may do so, at any
moment: nobody waits, nothing is half done when a process is killed, and a child forked in the middle of it takes
another item than its parent, or goes on to use the very item that its parent has taken before the fork.

Guarantees: what was taken is never taken again, as other processes may use it; the memory goes back to the system when
no process has a use for the extent any more. The pages of an item exist before anybody gets it (segment.populate).
A segment grows by extents. One that is added after a fork is known to the process that added it, and to children that
it forks later.
The road not taken: to count under the spare lane's lock. A signal handler that makes an item while its own thread makes
one would wait for itself, and a child forked inside would write back what its parent has overtaken.
"""

from __future__ import annotations

import ctypes

from rseq._integers import round_up
from rseq._percpu.allocator import MAX_ITEM_BYTES, STRIDE_BYTES
from rseq._percpu.checks import integer
from rseq._percpu.mutex import MUTEX_BYTES
from rseq._percpu.segment import PAGE_BYTES, Mapping, Place, populate, shared_extent
from rseq._thread.support import is_supported, require_support

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

_WORD = 8
_EXTENTS_TRIED = 8
_USED_AT = MUTEX_BYTES


class Segment:
    """Per-CPU memory that a process shares with those that are forked from it.

        segment = rseq.Segment()
        hits = rseq.Counter(segment=segment)
        if os.fork() == 0:                     # or multiprocessing with the start method "fork"
            hits.add()                         # parent and child count together
            os._exit(0)

    What is made in a segment before a fork is shared, the spare lane and its lock included: nothing is lost, even if a
    process is killed while it counts. What is made after it belongs to the process that makes it, and to children
    forked later; two processes never get the same memory. `size` is how many bytes of each lane are set aside at once
    (256 KiB); pages cost memory when they are first used, and a full segment grows.

    Memory in a segment is never used again while the segment is in use, not even when its counter is gone:
    another process may still count there. It is freed with the last handle of the segment and of what is in it, in the
    last process. So make the structures once, not for each request.
    Raises: TypeError - `size` is no integer. ValueError - it is below 1 or absurdly large. MemoryError - no address
    space or memory. UnsupportedError - no code can be made for this machine.
    Threads: any thread of any process that has it; signal handlers too.
    """

    __slots__ = ("__weakref__", "_extents", "_size")

    def __init__(self, *, size: int = STRIDE_BYTES) -> None:
        nbytes = integer("size", size)
        if not 1 <= nbytes <= MAX_ITEM_BYTES:
            raise ValueError(f"size: expected 1 … {MAX_ITEM_BYTES} bytes, got {nbytes}")
        if not is_supported():
            require_support()
        self._size = round_up(nbytes, PAGE_BYTES)
        self._extents = [_SharedExtent(self._size)]

    @property
    def size(self) -> int:
        """Bytes of each lane that are set aside at once."""
        return self._size

    def _lend(self, nbytes: int, alignment: int) -> tuple[Place, Mapping]:
        """A zeroed block of `nbytes` (≥ 1) at a multiple of `alignment` (a power of two up to a page).

        Nobody gets it again. It lives as long as the mapping that comes with it. An alignment of a cache line or more
        is also a promise that nothing else lies on those lines.
        Raises: MemoryError - there is no address space or memory left.
        """
        alignment = max(alignment, _WORD)
        size = round_up(nbytes, alignment)
        for extent in reversed(self._extents[-_EXTENTS_TRIED:]):
            if (offset := extent.take(size, alignment)) is not None:
                return extent.lend(offset, size)
        extent = _SharedExtent(max(size, self._size))
        offset = extent.take(size, alignment)
        assert offset == 0, "a new extent is empty"
        if size <= self._size // 2:  # a fuller one would be looked at in vain
            self._extents.append(extent)
        return extent.lend(offset, size)

    def __repr__(self) -> str:
        return f"rseq.Segment(size={self.size})"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a shared segment cannot be pickled or copied: it has no name, and processes forked since have it already"
        )


class _SharedExtent:
    """An extent, and what this process knows of it."""

    __slots__ = ("_extent", "_mapping", "_ready")

    def __init__(self, stride_bytes: int) -> None:
        from rseq._percpu.threads import describe_to, table

        self._extent, self._mapping = shared_extent(stride_bytes)
        describe_to(self._extent.lock, table())  # of threads: one for all processes that share the segment
        self._ready = 0  # so far into each lane, this process knows that the pages exist

    def take(self, size: int, alignment: int) -> int | None:
        """Take `size` bytes of each lane, for ever; their offset, or None if there is no room."""
        from rseq._percpu.atomic import compare_exchange

        word = self._extent.lock + _USED_AT
        while True:
            used = ctypes.c_uint64.from_address(word).value
            start = round_up(used, alignment)
            if start + size > self._extent.stride:
                return None
            if compare_exchange(word, used, start + size):
                return start

    def lend(self, offset: int, size: int) -> tuple[Place, Mapping]:
        """What was taken at `offset`, once its pages exist. Raises: MemoryError - there is no memory for them."""
        end = round_up(offset + size, PAGE_BYTES)
        ready = self._ready  # all below, though others took some of it: one of them may have died before it got here
        if end > ready:
            for lane in self._extent.place(0).addresses():
                populate(lane + ready, end - ready)
            self._ready = end
        return self._extent.place(offset), self._mapping


def lend(segment: Segment, nbytes: int, alignment: int) -> tuple[Place, Mapping]:
    """A block of a segment's, whatever its class has put in the way of `_lend`."""
    return Segment._lend(segment, nbytes, alignment)


def require_segment(thing: object) -> None:
    """Raises: TypeError - it is no segment."""
    if not issubclass(type(thing), Segment):  # no isinstance: an object can lie about its class
        raise TypeError(f"segment: expected an rseq.Segment or None, got {thing!r}")
