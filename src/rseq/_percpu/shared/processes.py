"""Who has a segment open: a line for each process, at the place whose lock it holds (files.py).

The lock says that it is alive, the line who it is: its number and program are for people (`rseq ls`,
`Segment.processes()`), and its life for structures that remember which process has written something. A life is a
random number, as pids come again, and name other processes in other pid namespaces.
"""

from __future__ import annotations

import os
import sys

from rseq import _quick_ctypes as ctypes
from rseq._percpu.segment import PAGE_BYTES, populate
from rseq._percpu.shared.files import slots_in_use
from rseq._percpu.shared.layout import MAX_PROCESSES, PROCESS_BYTES, PROCESSES_AT, program_name
from rseq._quick import NamedTuple


class Process(NamedTuple):
    """A process that has a segment open."""

    pid: int
    """Its number, in its own pid namespace."""
    program: str


class _Line(ctypes.Structure):
    _fields_ = (
        ("pid", ctypes.c_uint64),
        ("life", ctypes.c_uint64),
        ("program", ctypes.c_char * (PROCESS_BYTES - 16)),
    )


def new_life() -> int:
    """A number that no other process has, and not 0."""
    return int.from_bytes(os.urandom(8), sys.byteorder) | 1


def sign(head: int, slot: int, life: int) -> None:
    """Write down that this process, which calls itself `life`, has that slot of the segment mapped at `head`.

    Raises: MemoryError.
    """
    if slot < MAX_PROCESSES:
        line = _Line.from_address(head + PROCESSES_AT + PROCESS_BYTES * slot)
        populate(ctypes.addressof(line) & -PAGE_BYTES, PAGE_BYTES)
        line.life = life
        line.program, line.pid = program_name()[: PROCESS_BYTES - 17], os.getpid()


def lives(fd: int, own: int, count: int) -> dict[int, int]:
    """By slot, of the first `count`: the lives of the processes that have the file open; this one has slot `own`."""
    slots = [slot for slot in (*slots_in_use(fd, 0, count), own) if slot < count]
    return {slot: line.life for slot in slots if (line := _line(fd, slot)) is not None}


def read(fd: int, own: int) -> list[Process]:
    """Those that have the file open, this one (which has slot `own`) included.

    Lines are read as a file's: one that is not there yet takes no memory, and need not be had.
    """
    slots = slots_in_use(fd)
    if own < MAX_PROCESSES:
        slots = sorted({*slots, own})
    return [_read(line) for slot in slots if (line := _line(fd, slot)) is not None]


def _line(fd: int, slot: int) -> _Line | None:
    data = os.pread(fd, PROCESS_BYTES, PROCESSES_AT + PROCESS_BYTES * slot)
    return _Line.from_buffer_copy(data) if len(data) == PROCESS_BYTES else None


def _read(line: _Line) -> Process:
    name = line.program.decode(errors="replace")
    return Process(line.pid, "".join(letter if letter.isprintable() else "?" for letter in name))
