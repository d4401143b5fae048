"""Segments: memory cut into lanes, one for each CPU and a spare one, in mappings called extents.

    page 0    page 1        stride bytes   stride bytes         stride bytes
    +---------+------+------+--------------+--------------+-----+--------------+
    |     own | lock |      | lane 0       | lane 1       | ... | spare lane   |
    +---------+------+------+--------------+--------------+-----+--------------+
              ^ lock        ^ base         ^ base + stride      ^ base + lanes * stride

An item has the same offset in every lane. Lanes are page aligned and each is written by its own CPU, so items lie
densely and no two CPUs write the same cache line. The mapping is sparse: a page costs memory once it is written.
A segment grows by further extents; items never move.

The first page is this process's own, also where the others are shared; a forked child has a copy. What the process
knows of the extent is at the page's end, where machine code finds it by the lock (threads.py: `describe_to`).

Guarantees: a private extent is never unmapped, not even when the interpreter ends, because threads may still run
sequences then. A forked child has a copy of the memory, and locks that nobody holds. Of shared ones see
shared/mappings.py.
Assumptions: no CPU's number reaches `possible_cpus()`. Generated code checks that, and takes the spare lane otherwise.
The road not taken: huge pages would span lanes and turn sparse memory into real memory; they are switched off.
"""

from __future__ import annotations

import errno
import mmap
import os
import sys

from rseq import _quick_ctypes as ctypes
from rseq._forks import MEMORY, in_each_child
from rseq._integers import round_up
from rseq._libc import error_of
from rseq._percpu.mutex import make_mutex
from rseq._quick import NamedTuple
from rseq._sealed import forever
from rseq._thread.cpus import online_nodes, possible_cpus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

PAGE_BYTES = mmap.PAGESIZE

# Older Pythons do not name it. Where the flag has another number, this one means nothing to the kernel.
_MAP_NORESERVE: int = getattr(mmap, "MAP_NORESERVE", 0x4000)

_MADV_POPULATE_WRITE = 23
"""include/uapi/asm-generic/mman-common.h, since Linux 5.14; the same number everywhere."""

_private_extents: list[Extent] = []
_describe: list[Callable[[int], object]] = []

Mapping = mmap.mmap
"""A mapping that is unmapped when the last reference to it goes."""


class Place(NamedTuple):
    """Where an item is: all that generated code needs to find it on any CPU."""

    base: int
    """Address of the item in lane 0."""
    stride: int
    """Bytes from one lane to the next."""
    lanes: int
    """How many lanes belong to CPUs: 0 … lanes - 1. The spare lane is number `lanes`."""
    lock: int
    """Address of the spare lane's lock."""

    def addresses(self) -> range:
        """The item's address in each lane, the spare lane last."""
        return range(self.base, self.base + self.stride * (self.lanes + 1), self.stride)

    def at(self, offset: int) -> Place:
        """The place that is `offset` bytes behind this one, in every lane."""
        return Place(self.base + offset, self.stride, self.lanes, self.lock)


class Extent(NamedTuple):
    """One mapping of a segment. The fields are those of `Place`, with `base` at offset 0 of lane 0."""

    base: int
    stride: int
    lanes: int
    lock: int

    def place(self, offset: int) -> Place:
        """The place of the item that is `offset` bytes into each lane."""
        return Place(self.base + offset, self.stride, self.lanes, self.lock)


def private_extent(stride_bytes: int) -> Extent:
    """Map a zeroed extent of anonymous memory, with lanes of at least `stride_bytes` (rounded up to pages).

    Raises: MemoryError - there is no address space for so much. UnsupportedError - another system than Linux.
    Threads: any thread.
    """
    extent, mapping = _extent(stride_bytes)
    forever(mapping)
    make_mutex(extent.lock)
    _private_extents.append(extent)
    for describe in _describe:  # asked for after that: whoever puts it there in the meantime finds this extent
        describe(extent.lock)
    return extent


def describe_extents(describe: Callable[[int], object]) -> None:
    """Have `describe(lock)` called for each private extent, those that there are and those to come; for some twice."""
    _describe[:] = [describe]
    for extent in list(_private_extents):
        describe(extent.lock)


def populate(address: int, nbytes: int) -> None:
    """Make the pages of a shared mapping exist, whatever they hold, so that using them cannot end in a SIGBUS.

    Raises: MemoryError - there is no memory for them.
    Threads: any thread of any process, while others use them.
    """
    failure = error_of("madvise", address, nbytes, _MADV_POPULATE_WRITE)
    if failure == errno.EINVAL:  # before Linux 5.14
        failure = _touched(range(address, address + nbytes, PAGE_BYTES))
    if failure:
        why = "the file system is full" if failure == errno.EFAULT else os.strerror(failure)
        raise MemoryError(f"no memory for {nbytes} bytes of a shared segment: {why}")


def _touched(pages: range) -> int:
    """Have the kernel read a byte of each page: that makes the page of a shared mapping, too. The errno, or 0.

    Where the process itself would get a SIGBUS, the kernel gets an EFAULT.
    """
    out, into = os.pipe()
    try:
        for page in pages:
            if failure := error_of("write", into, ctypes.c_void_p(page), ctypes.c_size_t(1)):
                return failure
            os.read(out, 1)
        return 0
    finally:
        os.close(out)
        os.close(into)


def zeroed(nbytes: int) -> Mapping:
    """Zeroed memory of this process that is not per CPU. Raises: MemoryError - there is not enough."""
    try:
        return mmap.mmap(-1, nbytes, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    except OSError as error:
        raise MemoryError(f"no memory for {nbytes} bytes: {error.strerror}") from error


def sparse(nbytes: int, sharing: int) -> Mapping:
    """Zeroed anonymous memory, of which a page is taken once it is written. `sharing`: MAP_SHARED or MAP_PRIVATE."""
    return mmap.mmap(-1, nbytes, flags=sharing | mmap.MAP_ANONYMOUS | _MAP_NORESERVE)


def address_of(mapping: Mapping) -> int:
    """Where it begins."""
    return ctypes.addressof(ctypes.c_char.from_buffer(mapping))


def zero(place: Place, nbytes: int) -> None:
    """Zero `nbytes` of the item at `place` in every lane. Nobody may use the item."""
    for address in place.addresses():
        ctypes.memset(address, 0, nbytes)


def discard(extent: Extent) -> None:
    """Zero a private extent and give its pages back to the system. Nobody may use its items."""
    if error_of("madvise", extent.base, extent.stride * (extent.lanes + 1), mmap.MADV_DONTNEED):
        zero(extent.place(0), extent.stride)  # locked in memory


def _extent(stride_bytes: int) -> tuple[Extent, Mapping]:
    if not sys.platform.startswith("linux"):
        from rseq._thread.support import require_support

        require_support()
    stride, lanes = round_up(stride_bytes, PAGE_BYTES), possible_cpus()
    mapping = map_sparse(2 * PAGE_BYTES + stride * (lanes + 1), mmap.MAP_PRIVATE)
    lock = address_of(mapping) + PAGE_BYTES
    extent = Extent(lock + PAGE_BYTES, stride, lanes, lock)
    put_lanes(extent.base, stride, lanes, mapping)
    return extent, mapping


def put_lanes(base: int, stride: int, lanes: int, mapping: Mapping) -> None:
    """Have the pages of the lanes lie on the nodes of their CPUs, if there are several nodes."""
    if online_nodes() > 1:
        from rseq._percpu.nodes import place_lanes

        place_lanes(base, stride, lanes, mapping)


def map_sparse(nbytes: int, sharing: int) -> Mapping:
    """`sparse` memory for lanes, in small pages. Raises: MemoryError - there is no address space for so much."""
    problem = MemoryError(
        f"no address space for a segment of {nbytes} bytes ({possible_cpus()} CPUs and a spare lane); "
        "ask for less, or raise the limit (ulimit -v)"
    )
    if nbytes > sys.maxsize:
        raise problem
    try:
        mapping = sparse(nbytes, sharing)
    except OSError as error:
        if error.errno not in (errno.ENOMEM, errno.EAGAIN, errno.EINVAL):
            raise
        raise problem from error
    refuse_huge_pages(mapping)
    return mapping


def refuse_huge_pages(mapping: mmap.mmap) -> None:
    """Have a mapping consist of small pages: huge ones would span lanes."""
    try:
        mapping.madvise(mmap.MADV_NOHUGEPAGE)
    except OSError as error:
        if error.errno != errno.EINVAL:  # EINVAL: a kernel without them
            raise


def _make_locks_anew() -> None:
    for extent in _private_extents:
        make_mutex(extent.lock)


in_each_child(_make_locks_anew, MEMORY)
