"""Mappings of files that processes share, with this process's own page before the lanes (segment.py).

Guarantees: a shared extent is the same memory in a forked child, and its lock the same lock, which is left as it is. It
is unmapped when the last that uses it goes, but not while the interpreter ends.
"""

from __future__ import annotations

import atexit
import mmap
import os

from rseq import _quick_ctypes as ctypes
from rseq._libc import libc
from rseq._percpu.segment import PAGE_BYTES, Extent, Mapping, address_of, map_sparse, put_lanes, refuse_huge_pages
from rseq._quick import partial, ref
from rseq._sealed import forever

_MAP_FIXED = 0x10  # asm-generic/mman-common.h

_shared_mappings: dict[int, ref[mmap.mmap]] = {}


def file_extent(fd: int, offset: int, stride: int, lanes: int) -> tuple[Extent, Mapping]:
    """Map the extent at `offset` of a file, whose lanes are `stride` bytes apart. The file reaches so far.

    It is unmapped when the last reference to the mapping goes, by C code, so that no exception of a signal handler is
    lost in it; but not while the interpreter ends: compiled code without the GIL may still run sequences then.
    Raises: MemoryError - there is no address space for so much.
    Threads: any thread.
    """
    nbytes = PAGE_BYTES + stride * (lanes + 1)
    mapping = file_mapping(fd, offset, nbytes, before=PAGE_BYTES)
    lock = address_of(mapping) + PAGE_BYTES
    extent = Extent(lock + PAGE_BYTES, stride, lanes, lock)
    if lanes:
        put_lanes(extent.base, stride, lanes, mapping)
    return extent, mapping


def file_mapping(fd: int, offset: int, nbytes: int, *, before: int = 0) -> Mapping:
    """Map a part of a file, behind `before` bytes of memory that is this process's own. Both are multiples of a page.

    As with `mmap.mmap`, but the mapping keeps no file descriptor, and with it no locks of one.
    Raises: MemoryError - there is no address space for so much.
    """
    mapping = map_sparse(before + nbytes, mmap.MAP_PRIVATE)
    start = address_of(mapping) + before
    flags, protection = mmap.MAP_SHARED | _MAP_FIXED, mmap.PROT_READ | mmap.PROT_WRITE
    if libc().mmap(start, nbytes, protection, flags, fd, offset) != start:
        raise MemoryError(f"no address space for {nbytes} bytes of a segment: {os.strerror(ctypes.get_errno())}")
    refuse_huge_pages(mapping)
    return keep_at_exit(mapping)


def keep_at_exit(mapping: Mapping) -> Mapping:
    """`mapping`, which is not unmapped while the interpreter ends."""
    key = id(mapping)
    _shared_mappings[key] = ref(mapping, partial(_shared_mappings.pop, key))
    return mapping


def _keep_mappings() -> None:
    for known in list(_shared_mappings.values()):
        forever(known())


atexit.register(_keep_mappings)
