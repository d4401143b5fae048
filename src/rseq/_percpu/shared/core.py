"""A segment as this process has it open: the file, its mapping, the directory and the extents, once for all handles.

A core lives as long as a handle of the segment, or of anything in it. When it goes, the file is closed, and with
it goes the lock that says that this process uses the segment (files.py).
"""

from __future__ import annotations

import os
import time

from rseq import _quick_ctypes as ctypes
from rseq._forks import start_anew_after_forks
from rseq._percpu.atomic import compare_exchange
from rseq._percpu.mutex import blank_mutex_bytes
from rseq._percpu.segment import PAGE_BYTES, Place, address_of, populate
from rseq._percpu.shared import files, processes
from rseq._percpu.shared.directory import Block, Directory, Entry, entry_now
from rseq._percpu.shared.extents import Extents, Wanted
from rseq._percpu.shared.layout import (
    DATA_AT,
    EXTENTS_AT,
    MAGIC,
    MAX_PROCESSES,
    NUMBERED_AT,
    TABLE_AT,
    Header,
    SegmentError,
    checked,
    packed,
    program_name,
)
from rseq._percpu.shared.mappings import file_mapping
from rseq._percpu.threads import Table, describe_to, keep_table
from rseq._quick import partial, ref
from rseq._sealed import forever
from rseq._thread.cpus import possible_cpus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rseq._percpu.segment import Mapping

_cores: dict[tuple[int, int], ref[Core]] = {}
"""By the file's device and number."""

_tables: dict[tuple[int, int], tuple[Mapping, Table]] = {}
"""Tables that are in use, by the file, with the mapping that they are in: both stay for good. So the file does, too,
and no other one gets its number. Whoever opens it again, as workers do for each task, goes on with them."""


class Core:
    """Use `named`, `attached`, `nameless` or `handed_on` to get one.

    Threads: any thread, signal handlers too.
    """

    def __init__(self, found: files.Found, where: str) -> None:
        """Raises: SegmentError - the file is no segment, or damaged. MemoryError - no room."""
        self.fd, self.slot = found.fd, found.slot
        self.where = where
        self.header = read_header(found.fd, where)
        self.key = _key_of(os.fstat(found.fd))
        known: tuple[Mapping, Table | None] | None = _tables.get(self.key)
        self.mapping, self._table = known or (_mapped(found.fd), None)
        self.head = address_of(self.mapping)
        populate(self.head, PAGE_BYTES)
        populate(self.head + EXTENTS_AT, PAGE_BYTES)
        self.life = processes.new_life()
        processes.sign(self.head, self.slot, self.life)
        self.directory = Directory(self.head, self.fd, where)
        self.extents = Extents(found.fd, self.head, self.header.lanes, self.header.stride, where, keep_table(self))
        start_anew_after_forks(self)

    # ---- structures

    def structure(
        self, kind: str, name: str | None, spec: str, wanted: Sequence[Wanted], begin: Callable[[list[Place]], object]
    ) -> tuple[str, list[Block]]:
        """The blocks of the structure of that name, and what it is called; it is made if there is none.

        `begin` writes what its memory begins with, before anybody else sees it. Without a name it gets one.
        Raises: SegmentError - there is another structure of that name. MemoryError - no room.
        """
        found = 0 if name is None else self.directory.look(name)
        if isinstance(found, Entry):
            return found.name, self._agreed(found, kind, spec, wanted)
        if name is not None and name.startswith("#"):
            raise ValueError(
                f"name: {name!r} is not there; structures get names with '#' in front if they have no other"
            )
        blocks = tuple(map(self.extents.take, wanted))
        begin([self.extents.place(block) for block in blocks])
        made = entry_now(kind, name or self._unused_name(kind), spec, blocks)
        entry = self.directory.add(made, found)
        if entry.blocks == blocks:
            return entry.name, list(blocks)
        for one, block in zip(wanted, blocks, strict=True):
            self.extents.give_back(one, block)
        return entry.name, self._agreed(entry, kind, spec, wanted)

    def _unused_name(self, kind: str) -> str:
        word = self.head + NUMBERED_AT
        while True:
            number = ctypes.c_uint64.from_address(word).value
            if compare_exchange(word, number, (number + 1) % (1 << 64)):
                return f"#{number + 1} {kind}"

    def _agreed(self, entry: Entry, kind: str, spec: str, wanted: Sequence[Wanted]) -> list[Block]:
        if (entry.kind, entry.spec) != (kind, spec):
            raise SegmentError(
                f"{self.where} has {described(entry)}, and this asks for {shown(kind, spec)}. One name is one thing in "
                "all programs: choose another name, or remove the segment with `rseq rm` when nobody uses it"
            )
        if [block.nbytes for block in entry.blocks] != [one.size for one in wanted]:
            raise SegmentError(f"{self.where} is damaged: {entry.name!r} has other blocks of memory than a {kind} has")
        for one, block in zip(wanted, entry.blocks, strict=True):
            place = self.extents.place(block)
            if place.base % max(one.alignment, 8) or self.extents.is_plain(block) != one.is_plain:
                raise SegmentError(f"{self.where} is damaged: {entry.name!r} has memory of another kind")
        return list(entry.blocks)

    def lend(self, nbytes: int, alignment: int) -> tuple[Place, object]:
        """Zeroed memory that nobody else knows of, and what keeps it. Raises: MemoryError - no room."""
        block = self.extents.take(Wanted(nbytes, alignment))
        return self.place(block)

    def place(self, block: Block) -> tuple[Place, object]:
        """Where a block is, and what keeps it: its mapping, and this core."""
        return self.extents.place(block), (self.extents.owner(block), self)

    # ---- threads and processes

    def table_for(self, lock: int) -> Table:
        """The segment's table of threads, once memory with that lock knows it.

        It is made when it is first asked for, and stays mapped: a thread that has a number holds a mutex in it.
        """
        if self._table is None:
            forever(self.mapping)
            made = self.mapping, Table(self.head + TABLE_AT)
            _, self._table = _tables.setdefault(self.key, made)
        describe_to(lock, self._table)
        return self._table

    def processes(self) -> list[processes.Process]:
        """Those that have the segment open."""
        return processes.read(self.fd, self.slot)

    def lives(self, count: int) -> dict[int, int]:
        """By slot, of the first `count`: the lives of those that have it open."""
        return processes.lives(self.fd, self.slot, count)

    def _start_anew(self) -> None:
        """In a forked child: it holds a lock of its own, if its parent has one."""
        if self.slot == MAX_PROCESSES:
            return
        found = files.own_description(self.fd)
        self.slot, self.life = found.slot, processes.new_life()
        processes.sign(self.head, self.slot, self.life)


def read_header(fd: int, where: str) -> Header:
    """The header of a file. Raises: SegmentError - it is no segment, or damaged."""
    return checked(os.pread(fd, PAGE_BYTES, 0), os.fstat(fd).st_size, blank_mutex_bytes(), where)


def _mapped(fd: int) -> Mapping:
    """All of the file but its extents. Raises: MemoryError - there is no address space for it."""
    return files.mapped(fd, partial(file_mapping, offset=0, nbytes=DATA_AT))


def _fill(stride: int, fd: int) -> None:
    """Write the beginning of a new file."""
    made = Header(
        possible_cpus(), stride, time.time_ns(), os.urandom(16), os.getpid(), blank_mutex_bytes(), program_name()
    )
    page = packed(made).ljust(PAGE_BYTES, b"\0")
    os.truncate(fd, DATA_AT)
    if os.pwrite(fd, page, 0) != PAGE_BYTES:
        raise MemoryError("no room for a segment")


def _core(found: files.Found, where: str) -> Core:
    """The core of an open file; that of another thread, if it was faster. One that only looks is nobody else's."""
    made = Core(found, where)
    if found.slot < MAX_PROCESSES:
        mine = ref(made, partial(_cores.pop, made.key))  # in C, too
        while (known := _cores.setdefault(made.key, mine)) is not mine:
            if (other := known()) is not None:  # another thread was faster: one process has one
                del mine
                return other
    return made


def _key_of(about: os.stat_result) -> tuple[int, int]:
    """What tells a file from all others that are there."""
    return about.st_dev, about.st_ino


def _known(about: os.stat_result) -> Core | None:
    known = _cores.get(_key_of(about))
    return None if known is None else known()


def _open_already(place: files.Place) -> Core | None:
    """The core of the file at that place, if this process has it open."""
    try:
        about = os.stat(place.path, follow_symlinks=False)
    except OSError:
        return None
    return _known(about)


def named(place: files.Place, stride: int, *, keep: bool) -> Core:
    """The segment at that place, found or made. Raises: SegmentError, MemoryError."""
    where = f"segment {place.name!r}"
    core = _open_already(place)
    if core is not None:
        return core
    found = files.found_or_made(place, partial(_fill, stride), partial(_require_segment, where), keep=keep)
    return _core(found, where)


def _require_segment(where: str, fd: int) -> bool:
    """True, if a file that nobody has open is a segment, of whatever version. Raises: SegmentError - it is none."""
    if os.pread(fd, len(MAGIC), 0) != MAGIC:
        raise SegmentError(f"{where} is no segment: it does not begin as one. Move it away, or choose another name")
    return True


def attached(place: files.Place, *, uses: bool = True) -> Core:
    """The segment that is there. `uses`: this process counts among those that have it open.

    Raises: FileNotFoundError - there is none. SegmentError - it cannot be used. MemoryError.
    """
    core = _open_already(place)
    return _core(files.found(place, uses=uses), f"segment {place.name!r}") if core is None else core


def nameless(stride: int) -> Core:
    """A new segment without a name. Raises: MemoryError - no room. OSError - the system has no such files."""
    return _core(files.nameless(partial(_fill, stride)), "a nameless segment")


def handed_on(fd: int) -> Core:
    """A nameless segment that another process has handed to this one, with `fd`. Raises: SegmentError, MemoryError."""
    about = os.fstat(fd)
    core = _known(about)
    if core is not None:
        os.close(fd)
        return core
    return _core(files.handed_on(fd), "a nameless segment")


def described(entry: Entry) -> str:
    """A structure in words."""
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(entry.made_ns / 1e9))
    return f"{shown(entry.kind, entry.spec)} named {entry.name!r}, made at {when} by process {entry.maker}"


def shown(kind: str, spec: str) -> str:
    """What a structure is made with, as a call."""
    import json

    try:
        given = json.loads(spec)["args"]
        return f"{kind}({', '.join(f'{name}={value!r}' for name, value in given.items())})"
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return f"{kind} ({spec!r})"
