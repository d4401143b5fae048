"""The extents of a segment: who adds one, who takes memory from one, and how another process maps it.

To add an extent, a process takes room behind the file's end (`END_AT`, by compare-and-exchange), has the file reach so
far, makes the spare lane's lock, and puts the extent's word into the first empty place of the list. Files only get
longer: posix_fallocate(3) never makes one shorter, whichever of two processes comes first.

    an extent's first page: | spare lane's lock | used |      `used`: bytes of each lane that are taken, by all

Memory is taken from an extent by compare-and-exchange of `used`. Nobody waits, and nothing is half done when a process
is killed. What was taken is never taken again, as other processes may use it; what a process took and could not use, as
another one had made the structure, it keeps for the next. The pages of a block exist before anybody learns of it.

Some memory is not per CPU: rows, items of a pool. It is in extents with one lane, the spare one.
The road not taken: to count under the spare lane's lock. A signal handler that makes an item while its own thread makes
one would wait for itself, and a child forked inside would write back what its parent has overtaken.
"""

from __future__ import annotations

import errno
import os

from rseq import _quick_ctypes as ctypes
from rseq._integers import round_up
from rseq._percpu.atomic import compare_exchange
from rseq._percpu.mutex import MUTEX_BYTES, is_mutex, make_mutex
from rseq._percpu.segment import PAGE_BYTES, Extent, Mapping, Place, populate, zero
from rseq._percpu.shared.directory import Block
from rseq._percpu.shared.files import mapped
from rseq._percpu.shared.layout import DATA_AT, END_AT, EXTENTS_AT, MAX_EXTENTS, SegmentError, Span, span_of
from rseq._percpu.shared.mappings import file_extent
from rseq._percpu.threads import be_kept
from rseq._quick import NamedTuple, partial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_WORD = 8
_USED_AT = MUTEX_BYTES
_EXTENTS_TRIED = 8
_MOST_PAGES = 1 << 31
_ADVICE = "Remove it: `rseq rm`"


class Wanted(NamedTuple):
    """Memory that a structure asks for."""

    nbytes: int
    alignment: int = _WORD
    is_plain: bool = False
    """Not per CPU."""

    @property
    def size(self) -> int:
        """What is taken for it: an alignment of a cache line or more keeps others off these lines."""
        return round_up(self.nbytes, max(self.alignment, _WORD))


class _Known:
    """An extent that this process has mapped."""

    __slots__ = ("extent", "mapping", "ready", "span")

    def __init__(self, span: Span, extent: Extent, mapping: Mapping) -> None:
        self.span, self.extent, self.mapping = span, extent, mapping
        self.ready = 0
        """So far into each lane, this process knows that the pages exist."""


class Extents:
    """Those of the segment in file `fd`, which is mapped at `head`. `keeper` is who knows its table (threads.py).

    Threads: any thread of any process, at once; signal handlers too. Nobody waits.
    """

    def __init__(self, fd: int, head: int, lanes: int, stride: int, where: str, keeper: int) -> None:
        self._fd, self._head, self._lanes, self._stride, self._where = fd, head, lanes, stride, where
        self._keeper = keeper
        self._known: dict[int, _Known] = {}
        self._left: dict[Wanted, list[Block]] = {}
        self._latest: dict[bool, int] = {}
        """Where a block was found last, by whether it was per CPU."""

    # ---- taking memory

    def take(self, wanted: Wanted) -> Block:
        """Memory for a structure, zeroed, whose pages exist. Raises: MemoryError - there is no room."""
        try:
            return self._left[wanted].pop()
        except (KeyError, IndexError):
            pass
        size = wanted.size
        for number in self._likely(wanted.is_plain):
            if (block := self._cut(number, wanted)) is not None:
                self._latest[wanted.is_plain] = number
                return block
        number = self._add(max(round_up(size, PAGE_BYTES), self._stride), wanted.is_plain)
        block = self._cut(number, wanted)
        return self.take(wanted) if block is None else block  # others have used it up meanwhile

    def give_back(self, wanted: Wanted, block: Block) -> None:
        """Keep what was taken for another structure: nobody has learnt of it."""
        zero(self.place(block), block.nbytes)
        self._left.setdefault(wanted, []).append(block)

    def _likely(self, is_plain: bool) -> Iterator[int]:
        """Extents that may have room, the likely one first."""
        latest = self._latest.get(is_plain)
        if latest is not None:
            yield latest
        yield from self._last(is_plain)

    def _last(self, is_plain: bool) -> list[int]:
        """The last extents of that kind, the newest first."""
        found: list[int] = []
        for number in range(self.count() - 1, -1, -1):
            span = self._span(number)
            if span.is_plain == is_plain and span.stride == self._stride:  # others were made for one block each
                found.append(number)
            if len(found) == _EXTENTS_TRIED:
                break
        return found

    def _cut(self, number: int, wanted: Wanted) -> Block | None:
        """A block of an extent; None if it has no room for that."""
        known, size = self._mapped(number), wanted.size
        word = known.extent.lock + _USED_AT
        while True:
            used = ctypes.c_uint64.from_address(word).value
            start = round_up(used, max(wanted.alignment, _WORD))
            if start + size > known.span.stride:
                return None
            if compare_exchange(word, used, start + size):
                self._populate(known, round_up(start + size, PAGE_BYTES))
                return Block(number, start, size)

    def _populate(self, known: _Known, end: int) -> None:
        ready = known.ready  # all below, though others took some of it: one of them may have died before it got here
        if end > ready:
            for lane in known.extent.place(0).addresses():
                populate(lane + ready, end - ready)
            known.ready = end

    # ---- adding extents

    def _add(self, stride: int, is_plain: bool) -> int:
        """Add an extent; its number. Raises: MemoryError - no room."""
        if stride // PAGE_BYTES >= _MOST_PAGES:
            raise self._full(f"lanes of {stride} bytes")
        span = self._reserved(Span(0, stride, is_plain))
        known = self._map(span)
        populate(known.extent.lock, PAGE_BYTES)
        make_mutex(known.extent.lock)
        for number in range(self.count(), MAX_EXTENTS):
            if compare_exchange(self._head + EXTENTS_AT + 8 * number, 0, span.word):
                self._known[number] = known
                return number
        raise self._full("more extents")

    def _reserved(self, span: Span) -> Span:
        """Room in the file for an extent of that size, which is there from now on."""
        word, nbytes = self._head + END_AT, span.nbytes(self._lanes)
        while True:
            end = ctypes.c_uint64.from_address(word).value
            start = max(end, DATA_AT)
            if start % PAGE_BYTES or (start + nbytes) // PAGE_BYTES >= _MOST_PAGES:
                raise self._full(f"another {nbytes} bytes")
            if compare_exchange(word, end, start + nbytes):
                break
        try:
            os.posix_fallocate(self._fd, start + nbytes - PAGE_BYTES, PAGE_BYTES)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.ENOMEM, errno.EFBIG):
                raise
            raise self._full(f"another {nbytes} bytes: {error.strerror}") from error
        return span._replace(offset=start)

    def _full(self, what: str) -> MemoryError:
        return MemoryError(f"{self._where} has no room for {what}")

    # ---- mapping those that others have added

    def count(self) -> int:
        """How many extents there are."""
        words = (ctypes.c_uint64 * MAX_EXTENTS).from_address(self._head + EXTENTS_AT)
        number = max(self._known, default=-1) + 1
        while number < MAX_EXTENTS and words[number]:
            number += 1
        return number

    def _word(self, number: int) -> int:
        return ctypes.c_uint64.from_address(self._head + EXTENTS_AT + 8 * number).value

    def _span(self, number: int) -> Span:
        known = self._known.get(number)
        if known is not None:
            return known.span
        size = os.fstat(self._fd).st_size
        return span_of(self._word(number), self._lanes, size, self._where)

    def _mapped(self, number: int) -> _Known:
        known = self._known.get(number)
        if known is None:
            known = self._checked(self._span(number))
            known = self._known.setdefault(number, known)
        return known

    def _checked(self, span: Span) -> _Known:
        """Map an extent that was added by others. Raises: SegmentError - it cannot be one."""
        end = span.offset + span.nbytes(self._lanes)
        for known in self._known.copy().values():
            if span.offset < known.span.offset + known.span.nbytes(self._lanes) and known.span.offset < end:
                raise SegmentError(f"{self._where} is damaged: two extents overlap at {span.offset}. {_ADVICE}")
        known = self._map(span)
        populate(known.extent.lock, PAGE_BYTES)
        if not is_mutex(known.extent.lock):
            raise SegmentError(f"{self._where} is damaged: the lock of the extent at {span.offset} is none. {_ADVICE}")
        return known

    def _map(self, span: Span) -> _Known:
        lanes = 0 if span.is_plain else self._lanes
        make = partial(file_extent, offset=span.offset, stride=span.stride, lanes=lanes)
        known = _Known(span, *mapped(self._fd, make))
        be_kept(known.extent.lock, self._keeper)
        return known

    def place(self, block: Block) -> Place:
        """Where a block is in this process. Raises: SegmentError - there is no such block. MemoryError."""
        extent, offset, nbytes = block
        known = self._of(block)
        if offset % _WORD or not nbytes or nbytes > known.span.stride or offset > known.span.stride - nbytes:
            raise SegmentError(f"{self._where} is damaged: a block of {nbytes} bytes at {offset} of extent {extent}")
        self._populate(known, round_up(offset + nbytes, PAGE_BYTES))  # a copy of a file may have holes
        return known.extent.place(offset)

    def owner(self, block: Block) -> Mapping:
        """What keeps a block mapped. Raises: SegmentError - there is no such extent. MemoryError."""
        return self._of(block).mapping

    def is_plain(self, block: Block) -> bool:
        """Whether a block is not per CPU. Raises: SegmentError - there is no such extent. MemoryError."""
        return self._of(block).span.is_plain

    def _of(self, block: Block) -> _Known:
        """The extent that a block says it is in."""
        extent = block.extent
        known = self._known.get(extent)
        if known is not None:
            return known
        if not 0 <= extent < MAX_EXTENTS or not self._word(extent):
            raise SegmentError(f"{self._where} is damaged: a block in extent {extent}, which is not there")
        return self._mapped(extent)
