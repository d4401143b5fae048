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


def _line(head: int, slot: int) -> _Line:
    return _Line.from_address(head + PROCESSES_AT + PROCESS_BYTES * slot)


def sign(head: int, slot: int) -> None:
    """Write down that this process has that slot, of the segment that is mapped at `head`. Raises: MemoryError."""
    if slot < MAX_PROCESSES:
        line = _line(head, slot)
        populate(ctypes.addressof(line) & -PAGE_BYTES, PAGE_BYTES)
        line.program, line.pid = program_name()[: PROCESS_BYTES - 9], os.getpid()


def read(head: int, fd: int, own: int) -> list[Process]:
    """Those that have it open, this one (which has slot `own`) included."""
    slots = slots_in_use(fd)
    if own < MAX_PROCESSES:
        slots = sorted({*slots, own})
    lines = [_line(head, slot) for slot in slots]
    return [Process(line.pid, line.program.decode(errors="replace")) for line in lines]
