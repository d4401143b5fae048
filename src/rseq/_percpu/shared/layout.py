"""How a segment's file is laid out, and the proof that a file is one.

    offset   page 0    | header: what never changes, and a few words that do
             EXTENTS   | one word for each extent: where it begins, how far its lanes are apart
             TABLE     | the table of threads (_percpu/threads.py)
             PROCESSES | who has the segment open (processes.py)
             INDEX     | the directory's index: one word for each structure (directory.py)
             LOG       | the directory's entries, one after the other
             DATA      | extents, each as in _percpu/segment.py: a page with the spare lane's lock, and the lanes

All but the extents is at the same place in every file. It is sparse: a page takes memory once it is used. Whatever
changes is one word, which is changed by compare-and-exchange, or by the only process that has it. So a process that
is killed leaves nothing half done.

Nothing here is believed before it was checked: a process of the same user may have written anything into the file.
`checked` looks at the header, `extent_at` at a word of EXTENTS, and the directory at its own entries.
Assumptions: all who share a segment run on one machine, with one size of pages and one byte order.
"""

from __future__ import annotations

import os
import struct
import sys

from rseq._integers import round_up
from rseq._percpu.mutex import MUTEX_BYTES
from rseq._percpu.segment import PAGE_BYTES
from rseq._percpu.threads import TABLE_BYTES
from rseq._quick import NamedTuple

VERSION = 1
"""Of the layout, and of what lies in the structures. A program knows one."""

MAGIC = b"rseqshm\n"

MAX_EXTENTS = 4096
MAX_PROCESSES = 4096
PROCESS_BYTES = 64
LEVELS = (1 << 9, 1 << 12, 1 << 15, 1 << 18)
"""How many words each level of the index has."""

LOG_BYTES = 16 << 20

EXTENTS_AT = PAGE_BYTES
TABLE_AT = EXTENTS_AT + round_up(8 * MAX_EXTENTS, PAGE_BYTES)
PROCESSES_AT = TABLE_AT + round_up(TABLE_BYTES, PAGE_BYTES)
INDEX_AT = PROCESSES_AT + round_up(PROCESS_BYTES * MAX_PROCESSES, PAGE_BYTES)
LOG_AT = INDEX_AT + round_up(8 * sum(LEVELS), PAGE_BYTES)
DATA_AT = LOG_AT + LOG_BYTES
"""Where the extents begin: what is before is mapped as a whole."""

MAX_LANES = 1 << 16

END_AT, LOG_USED_AT, NUMBERED_AT = 1024, 1088, 1152
"""Words of the header that change: how far the file is given away, how far the log is, and how many structures have
been made without a name. Each is on a cache line of its own."""

_HEADER = struct.Struct(f"<8sIIIIQQ16sQ{MUTEX_BYTES}s48s")
_ORDER = 0x01020304 if sys.byteorder == "little" else 0x04030201


class SegmentError(ValueError):
    """A segment's file is not what it should be, or a structure in it is another one than was asked for."""

    __module__ = "rseq"


class Header(NamedTuple):
    """What never changes in a segment."""

    lanes: int
    """How many lanes belong to CPUs."""
    stride: int
    """Bytes of each lane that are set aside at once."""
    made_ns: int
    """When it was made, as `time.time_ns()`."""
    identity: bytes
    """16 random bytes, which tell it from all others, of its name too."""
    maker: int
    """The process that made it, as a number in its own pid namespace."""
    mutex: bytes
    """What libc makes of a mutex: processes with another libc cannot use these."""
    program: bytes
    """What that process was running."""


def packed(header: Header) -> bytes:
    """The beginning of a file."""
    fixed = (MAGIC, VERSION, _ORDER, PAGE_BYTES, header.lanes, *header[1:3], header.identity, header.maker)
    return _HEADER.pack(*fixed, header.mutex, header.program[:48])


def checked(page: bytes, size: int, mutex: bytes, where: str) -> Header:
    """The header of a file of `size` bytes that begins with `page`; `mutex` is what this process's libc makes.

    Raises: SegmentError - it is no segment, of another version, damaged, or of another libc.
    """
    if len(page) < _HEADER.size or not page.startswith(MAGIC):
        raise SegmentError(f"{where} is no segment: it does not begin as one. Move it away, or choose another name")
    _, version, order, page_bytes, lanes, stride, made_ns, identity, maker, theirs, program = _HEADER.unpack_from(page)
    if order != _ORDER or version != VERSION:
        said = f"version {version}" if order == _ORDER else "another byte order"
        raise SegmentError(
            f"{where} has {said}, and this rseq knows version {VERSION}. Programs that share a segment have one "
            "version; stop those with another one, or choose another name"
        )
    if page_bytes != PAGE_BYTES:
        raise SegmentError(f"{where} was made for pages of {page_bytes} bytes, and this system has {PAGE_BYTES}")
    is_whole = size >= DATA_AT and 1 <= lanes <= MAX_LANES and 0 < stride <= 1 << 40 and stride % PAGE_BYTES == 0
    if not is_whole:
        raise SegmentError(f"{where} is damaged: {size} bytes, {lanes} lanes of {stride} bytes. Remove it: `rseq rm`")
    if theirs != mutex:
        raise SegmentError(f"{where} was made by a program with another libc, whose locks this one cannot take")
    return Header(lanes, stride, made_ns, identity, maker, theirs, program)


class Span(NamedTuple):
    """An extent in the file."""

    offset: int
    stride: int
    is_plain: bool
    """Memory that is not per CPU: there is one lane."""

    def nbytes(self, lanes: int) -> int:
        """How many bytes of the file it takes."""
        return PAGE_BYTES + self.stride * (1 if self.is_plain else lanes + 1)

    @property
    def word(self) -> int:
        """As one word."""
        return self.offset // PAGE_BYTES | self.stride // PAGE_BYTES << 32 | self.is_plain << 63


def span_of(word: int, lanes: int, size: int, where: str) -> Span:
    """What a word of EXTENTS says, in a file of `size` bytes. Raises: SegmentError - it cannot be."""
    offset, stride = (word & 0xFFFFFFFF) * PAGE_BYTES, (word >> 32 & 0x7FFFFFFF) * PAGE_BYTES
    span = Span(offset, stride, bool(word >> 63))
    if offset < DATA_AT or not stride or offset + span.nbytes(lanes) > size:
        raise SegmentError(f"{where} is damaged: an extent of {stride} bytes at {offset}, in {size} bytes")
    return span


def program_name() -> bytes:
    """What this process runs, in a word or two."""
    given = sys.argv[0] if sys.argv and sys.argv[0] not in ("", "-c", "-m") else sys.executable
    return os.fsencode(os.path.basename(given or "python"))[:48]
