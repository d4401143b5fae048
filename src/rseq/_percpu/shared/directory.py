"""The directory of a segment: structures by name. It only grows, and one word commits an entry.

    index:   | word | word | …     a word for each structure: where its entry is, and 16 bits of the name's hash
    log:     | entry | entry | …   kind, name, what it was made with, and the blocks of memory that it has

To look for a name, the hash says where in the index: in each level up to WINDOW words are looked at. The first empty
one ends the search, as whoever adds a name takes the first empty word that it finds. A full window leads on to the next
level. So nothing is ever moved, and whoever searches meets the same words in the same order as whoever adds.

To add one, a process takes bytes of the log, writes the entry, and puts its place into the empty word by
compare-and-exchange. If another process was faster, it looks at what is there and goes on. A process that is killed
before leaves some bytes of the log, and no name.

Whatever is read here may have been written by anybody: an entry is copied, its lengths are compared with what there is,
and its digest with its contents.
"""

from __future__ import annotations

import os
import struct
import time
from zlib import crc32

from rseq import _quick_ctypes as ctypes
from rseq._integers import round_up
from rseq._percpu.atomic import compare_exchange
from rseq._percpu.segment import PAGE_BYTES, populate
from rseq._percpu.shared.layout import INDEX_AT, LEVELS, LOG_AT, LOG_BYTES, LOG_USED_AT, SegmentError
from rseq._quick import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

WINDOW = 8
"""How many words of a level are looked at: a cache line."""

_ENTRY = struct.Struct("<IIQQHHHHI")  # bytes, digest of the rest, time, process, lengths: kind, name, blocks; spec
_BLOCK = struct.Struct("<IIQQ")
_MAX_BLOCKS = 8
MAX_NAME_BYTES = 1000
MAX_SPEC_BYTES = 1 << 22
_MAX_ENTRY_BYTES = _ENTRY.size + _MAX_BLOCKS * _BLOCK.size + 2 * 0xFFFF + MAX_SPEC_BYTES
_FIRST = 64  # no entry is at 0, which is an empty word


class Block(NamedTuple):
    """Memory in an extent: of each lane, or of the only one."""

    extent: int
    offset: int
    nbytes: int


class Entry(NamedTuple):
    """A structure in a segment."""

    kind: str
    """Its class, as `rseq` calls it."""
    name: str
    spec: str
    """What it was made with, as canonical JSON."""
    blocks: tuple[Block, ...]
    made_ns: int
    """When, as `time.time_ns()`."""
    maker: int
    """The process that made it."""


class Directory:
    """The directory of the segment whose file `fd` is mapped at `head`. `where` is what errors call it.

    Threads: any thread of any process, at once; signal handlers too. Nobody waits.
    """

    def __init__(self, head: int, fd: int, where: str) -> None:
        self._head, self._fd, self._where = head, fd, where
        self._ready: set[int] = set()
        """Pages that are known to exist."""

    def find(self, name: str) -> Entry | None:
        """The structure of that name, or None. Raises: SegmentError - damaged. MemoryError - no room to look."""
        found = self.look(name)
        return found if isinstance(found, Entry) else None

    def look(self, name: str) -> Entry | int:
        """The structure of that name, or where `add` may begin to look. Raises: as `find`."""
        return self._search(name, adds=False)

    def add(self, entry: Entry, at: int = 0) -> Entry:
        """Add an entry, or find the one of that name that another process has added before.

        `at`: what `look` has returned. Words are never emptied: if that one still is empty, the name is nowhere.
        Raises: SegmentError - damaged. MemoryError - no room, or too many names.
        """
        word, place = 0, at if at & -PAGE_BYTES in self._ready else self._search(entry.name, adds=True)
        while not isinstance(place, Entry):
            word = word or self._written(entry) | _tag(entry.name)
            if compare_exchange(place, 0, word):
                return entry
            place = self._search(entry.name, adds=True)
        return place

    def __iter__(self) -> Iterator[Entry]:
        """All entries, in the order in which they were written. Raises: SegmentError - damaged."""
        return map(self.read, self.places())

    def places(self) -> list[int]:
        """Where all entries are in the log, in the order in which they were written."""
        words = (word for address, level in self._levels() for word in self._words(address, level))
        return sorted(word & _PLACE for word in words if word)

    def __len__(self) -> int:
        return sum(1 for address, level in self._levels() for word in self._words(address, level) if word)

    def added(self, known: dict[int, bytes]) -> list[Entry]:
        """The entries that are not in `known`, which has the pages of the index as they were; it is brought up to date.

        It begins as {}. So a reader who comes again and again reads each entry once.
        Raises: SegmentError - one of them is damaged, and then none of them comes again.
        """
        return [self.read(place) for place in self.added_places(known)]

    def added_places(self, known: dict[int, bytes]) -> list[int]:
        """The same, for whoever reads them one by one: where these entries are in the log, in that order."""
        places: list[int] = []
        for page in self._index_pages(known):
            before, now = known.get(page, bytes(PAGE_BYTES)), ctypes.string_at(page, PAGE_BYTES)
            if before != now:
                pairs = zip(memoryview(before).cast("Q"), memoryview(now).cast("Q"), strict=True)
                places += (word & _PLACE for old, word in pairs if old != word)
                known[page] = now
        compare_exchange(self._head + LOG_USED_AT, 0, 0)  # a barrier: entries are read after their words
        return sorted(places)

    def _index_pages(self, known: dict[int, bytes]) -> Iterator[int]:
        """Pages of the index that exist: those of `known`, and more."""
        end = self._head + INDEX_AT + 8 * sum(LEVELS)
        page = (self._head + INDEX_AT) & -PAGE_BYTES
        while page < end:
            if page not in known:
                try:
                    page = self._head + os.lseek(self._fd, page - self._head, os.SEEK_DATA) & -PAGE_BYTES
                except OSError:  # there is none from here to the end
                    return
                if page >= end:
                    return
            yield page
            page += PAGE_BYTES

    # ---- the index

    def _levels(self) -> Iterator[tuple[int, int]]:
        address = self._head + INDEX_AT
        for level in LEVELS:
            yield address, level
            address += 8 * level

    def _words(self, address: int, level: int) -> Iterator[int]:
        """All words of a level that is in use: whose pages exist, as a level is used when the one before is full."""
        for page in range(address & -PAGE_BYTES, address + 8 * level, PAGE_BYTES):
            if self._exists(page):
                first, end = max(page, address), min(page + PAGE_BYTES, address + 8 * level)
                yield from (ctypes.c_uint64 * ((end - first) // 8)).from_address(first)

    def _exists(self, page: int) -> bool:
        """Whether a page of the file exists. Reading one that does not would make it."""
        at = page - self._head
        try:
            return os.lseek(self._fd, at, os.SEEK_DATA) < at + PAGE_BYTES
        except OSError:  # there is none from here to the end
            return False

    def _search(self, name: str, *, adds: bool) -> Entry | int:
        """The entry of that name, or the address of the word where it would be put. Who `adds` none makes no page."""
        code = _hash(name)
        tag = code >> 16
        for address, level in self._levels():
            first = address + 8 * (code % (level // WINDOW) * WINDOW)
            page = first & -PAGE_BYTES
            if not adds and page not in self._ready and not self._exists(page):
                return first
            self._make(first, 8 * WINDOW)
            for number, word in enumerate(_Window.from_address(first)[:]):
                if not word:
                    return first + 8 * number
                if word >> _PLACE_BITS == tag:
                    compare_exchange(first + 8 * number, 0, 0)  # a barrier: the entry is read after its word
                    entry = self.read(word & _PLACE)
                    if entry.name == name:
                        return entry
            code = _next(code)
        raise MemoryError(f"{self._where} has no room for another name; make another segment")

    def _make(self, address: int, nbytes: int) -> None:
        """Have pages exist, so that touching them is no SIGBUS."""
        first, last = address & -PAGE_BYTES, address + nbytes - 1 & -PAGE_BYTES
        if first == last and first in self._ready:
            return
        for page in range(first, last + 1, PAGE_BYTES):
            if page not in self._ready:
                populate(page, PAGE_BYTES)
                self._ready.add(page)

    # ---- the log

    def _written(self, entry: Entry) -> int:
        """Write an entry into the log; where it is there."""
        data = _packed(entry)
        used_at, size = self._head + LOG_USED_AT, round_up(len(data), 8)
        while True:
            used = ctypes.c_uint64.from_address(used_at).value
            place = max(used, _FIRST)
            if place % 8 or place + size > LOG_BYTES:
                raise MemoryError(f"{self._where} has no room to describe another structure; make another segment")
            if compare_exchange(used_at, used, place + size):
                break
        self._make(self._head + LOG_AT + place, len(data))
        ctypes.memmove(self._head + LOG_AT + place, data, len(data))
        return place

    def read(self, place: int) -> Entry:
        """The entry at that place of the log. Raises: SegmentError - damaged. MemoryError - no room to look."""
        if place < _FIRST or place % 8 or place + _ENTRY.size > LOG_BYTES:
            raise self._damaged(f"an entry at {place}")
        address = self._head + LOG_AT + place
        self._make(address, _ENTRY.size)
        size = ctypes.c_uint32.from_address(address).value
        if not _ENTRY.size <= size <= min(_MAX_ENTRY_BYTES, LOG_BYTES - place):
            raise self._damaged(f"an entry of {size} bytes at {place}")
        self._make(address, size)
        try:
            return _unpacked(ctypes.string_at(address, size))
        except (ValueError, struct.error) as error:
            raise self._damaged(f"the entry at {place}: {error}") from None

    def _damaged(self, what: str) -> SegmentError:
        return SegmentError(f"{self._where} is damaged: {what}. Remove it: `rseq rm`")


_PLACE_BITS = 48
_PLACE = (1 << _PLACE_BITS) - 1


_Window = ctypes.c_uint64 * WINDOW


def _tag(name: str) -> int:
    return _hash(name) >> 16 << _PLACE_BITS


def _hash(name: str) -> int:
    """32 bits, for the first level."""
    return crc32(name.encode())


def _next(code: int) -> int:
    """Those for the next level."""
    mixed = code * 0x9E3779B1 + 1 & 0xFFFFFFFF
    return mixed ^ mixed >> 15


def _packed(entry: Entry) -> bytes:
    kind, name, spec = (text.encode() for text in (entry.kind, entry.name, entry.spec))
    if len(name) > MAX_NAME_BYTES:
        raise ValueError(f"name: expected {MAX_NAME_BYTES} bytes at most, got {len(name)}")
    if len(spec) > MAX_SPEC_BYTES:
        raise ValueError(f"{entry.kind}: what it is made with takes {len(spec)} bytes; at most {MAX_SPEC_BYTES}")
    blocks = b"".join(_BLOCK.pack(extent, 0, offset, nbytes) for extent, offset, nbytes in entry.blocks)
    lengths = len(kind), len(name), len(entry.blocks), 0, len(spec)
    rest = blocks + kind + name + spec
    size = _ENTRY.size + len(rest)
    head = _ENTRY.pack(size, 0, entry.made_ns, entry.maker, *lengths)
    return head[:4] + struct.pack("<I", crc32(rest, crc32(head[8:]))) + head[8:] + rest


def _unpacked(data: bytes) -> Entry:
    """Raises: ValueError, struct.error - it is none."""
    size, digest, made_ns, maker, kind, name, count, _, spec = _ENTRY.unpack_from(data)
    rest = data[_ENTRY.size :]
    if digest != crc32(rest, crc32(data[8 : _ENTRY.size])):
        raise ValueError("its digest is another one")
    if count > _MAX_BLOCKS or size != _ENTRY.size + count * _BLOCK.size + kind + name + spec:
        raise ValueError("its lengths do not fit")
    texts = rest[count * _BLOCK.size :]
    rows = _BLOCK.iter_unpack(rest[: count * _BLOCK.size])
    blocks = tuple(Block(extent, offset, nbytes) for extent, _, offset, nbytes in rows)
    parts = [part.decode() for part in (texts[:kind], texts[kind : kind + name], texts[kind + name :])]
    if not parts[0].isprintable() or not parts[1].isprintable():
        raise ValueError("its kind and name cannot be printed")
    return Entry(parts[0], parts[1], parts[2], blocks, made_ns, maker)


def entry_now(kind: str, name: str, spec: str, blocks: tuple[Block, ...]) -> Entry:
    """An entry that this process makes now."""
    return Entry(kind, name, spec, blocks, time.time_ns(), os.getpid())
