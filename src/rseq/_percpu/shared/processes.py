"""Who has a segment open: a line for each process, at the place whose lock it holds (files.py).

The lock says that it is alive, the line who it is. Both are for people: `rseq ls`, `Segment.processes()`.
"""

from __future__ import annotations

import ctypes
import os

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
    _fields_ = (("pid", ctypes.c_uint64), ("program", ctypes.c_char * (PROCESS_BYTES - 8)))


def sign(head: int, slot: int) -> None:
    """Write down that this process has that slot, of the segment that is mapped at `head`. Raises: MemoryError."""
    if slot < MAX_PROCESSES:
        line = _Line.from_address(head + PROCESSES_AT + PROCESS_BYTES * slot)
        populate(ctypes.addressof(line) & -PAGE_BYTES, PAGE_BYTES)
        line.program, line.pid = program_name()[: PROCESS_BYTES - 9], os.getpid()


def read(fd: int, own: int) -> list[Process]:
    """Those that have the file open, this one (which has slot `own`) included.

    Lines are read as a file's: one that is not there yet takes no memory, and need not be had.
    """
    slots = slots_in_use(fd)
    if own < MAX_PROCESSES:
        slots = sorted({*slots, own})
    lines = [os.pread(fd, PROCESS_BYTES, PROCESSES_AT + PROCESS_BYTES * slot) for slot in slots]
    return [_read(_Line.from_buffer_copy(line)) for line in lines if len(line) == PROCESS_BYTES]


def _read(line: _Line) -> Process:
    name = line.program.decode(errors="replace")
    return Process(line.pid, "".join(letter if letter.isprintable() else "?" for letter in name))
