"""Per-CPU memory in a file, by hand: what processes map that have nothing else in common.

file:  | lock | lanes …, spare lane | table of threads |
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rseq._builtins.bind import builtin
from rseq._percpu.memory import Memory
from rseq._percpu.mutex import make_mutex
from rseq._percpu.segment import PAGE_BYTES, Place, address_of
from rseq._percpu.shared.mappings import file_extent
from rseq._percpu.threads import TABLE_BYTES, Table, describe_to
from rseq._sealed import forever
from rseq._thread.cpus import possible_cpus


class Mapped:
    """A file of one extent, with lanes of a page, and its table; mapped for good."""

    def __init__(self, path: str | Path, *, new: bool = False) -> None:
        lanes = possible_cpus()
        table_at = PAGE_BYTES * (lanes + 2)
        file = os.open(path, os.O_RDWR | os.O_CREAT)
        if new:
            os.ftruncate(file, table_at + TABLE_BYTES)
        self.base = address_of(forever(mmap.mmap(file, TABLE_BYTES, offset=table_at)))
        """Where the table is."""
        self.extent, mapping = file_extent(file, 0, PAGE_BYTES, lanes)
        self.start = address_of(forever(mapping))
        os.close(file)
        if new:
            make_mutex(self.extent.lock)
        self.table = Table(self.base)
        describe_to(self.extent.lock, self.table)

    @property
    def place(self) -> Place:
        """An item of 8 bytes."""
        return self.extent.place(0)

    def bind(self, code: Any) -> Callable[..., Any]:
        """A builtin of a routine that works on the item."""
        return builtin(code, memory=Memory(self.place, 8, None), index="cpu_id", shape=(), title=code.__name__)
