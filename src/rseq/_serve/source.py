"""The segment that is served: opened to be looked at, and opened again when a program begins it anew.

What has been learnt of its directory is kept, so that a look costs what the numbers cost. Nothing is written to the
segment, and this process takes no place among those that use it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from rseq._look import metrics
from rseq._look.chosen import opened
from rseq._look.reading import Found, entry_at, found_of, is_still_at
from rseq._metrics.reading import Gathered, Reader
from rseq._percpu.shared.layout import SegmentError
from rseq._percpu.shared.segment import core_of

if TYPE_CHECKING:
    from rseq._percpu.shared.core import Core
    from rseq._percpu.shared.files import Place


class Unreadable(Exception):
    """The segment cannot be looked at now; the message is a sentence that says why."""


class Contents:
    """What is in one segment. Threads: one at a time, as `Source.contents` sees to."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.reader = Reader(core)
        self.structures: list[Found] = []
        """Those that are no metrics of prometheus_client, in the order in which they were made."""
        self.damaged: list[str] = []
        """Sentences about metrics that cannot be read, and never will be."""
        self.gauges: set[str] = set()
        """Names of counters that go down as well as up, as far as is known."""
        self._known: dict[int, bytes] = {}

    def learn(self) -> None:
        """Find what is new. Raises: SegmentError - the directory is damaged as a whole. MemoryError."""
        for place in self.core.directory.added_places(self._known):
            found = entry_at(self.core, place)
            if isinstance(found, Found):
                self.structures.append(found)
            elif found.kind not in metrics.HELPERS and found.kind not in metrics.CLASSES:
                self.structures.append(found_of(self.core, found))

    def families(self) -> list[Gathered]:
        """The families of prometheus_client's metrics. What is damaged is left out, and said in `damaged`."""
        while True:
            try:
                return self.reader.families()
            except SegmentError as error:  # once for each entry; the next look goes on behind it
                self.damaged.append(str(error))


class Source:
    """The segment at a place. If another one begins there, it is that one from then on. Threads: any."""

    def __init__(self, place: Place) -> None:
        """Raises: ClickException - it cannot be looked at."""
        self.place = place
        self._contents = Contents(core_of(opened(place)))
        self._turn = threading.RLock()

    @contextmanager
    def contents(self) -> Iterator[Contents]:
        """What is in it, for one thread at a time. Raises: Unreadable - it is gone, or damaged as a whole."""
        with self._turn:
            try:
                if not is_still_at(self._contents.core, self.place.path):
                    self._contents = Contents(core_of(opened(self.place)))
                self._contents.learn()
            except click.ClickException as error:
                raise Unreadable(error.message) from None
            except (SegmentError, MemoryError, OSError) as error:
                raise Unreadable(str(error)) from None
            yield self._contents
