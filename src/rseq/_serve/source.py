"""The segment that is served: opened to be looked at, and opened again when a program begins it anew.

What has been learnt of its directory is kept, so that a look costs what the numbers cost. Nothing is written to the
segment, and this process takes no place among those that use it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import click

from rseq._look import metrics
from rseq._look.chosen import opened
from rseq._look.reading import Found, entry_at, found_of, is_still_at
from rseq._metrics.otel.readings import Readings
from rseq._percpu.shared.layout import SegmentError
from rseq._percpu.shared.segment import core_of

if TYPE_CHECKING:
    from rseq._metrics.gauges import Lines
    from rseq._metrics.otel.readings import Found as Stream
    from rseq._metrics.reading import Gathered
    from rseq._percpu.shared.core import Core
    from rseq._percpu.shared.directory import Entry
    from rseq._percpu.shared.files import Place
T = TypeVar("T")

MOST_WATCHED = 5000
"""What is behind these is exposed to Prometheus only: a page that has them all helps nobody, and each look costs."""


class Unreadable(Exception):
    """The segment cannot be looked at now; the message is a sentence that says why."""


class Contents:
    """What is in one segment. Threads: one at a time, as `Source.contents` sees to."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.readings = Readings(core)
        """Of OpenTelemetry's metrics."""
        self.reader = self.readings.reader
        self.structures: list[Found] = []
        """Those that are no metrics of prometheus_client, in the order in which they were made."""
        self.watched: list[Found] = []
        """The first MOST_WATCHED of all, which the page shows, metrics included."""
        self.count = 0
        """How many there are, metrics included."""
        self.damaged: list[str] = []
        """Sentences about metrics that cannot be read, and never will be."""
        self.gauges: set[str] = set()
        """Names of counters that go down as well as up, as far as is known."""
        self._known: dict[int, bytes] = {}

    def learn(self) -> None:
        """Find what is new. Raises: SegmentError - the directory is damaged as a whole. MemoryError."""
        for place in self.core.directory.added_places(self._known):
            entry = entry_at(self.core, place)
            if entry.kind not in metrics.HELPERS:
                self.count += 1
                self._take(entry)

    def _take(self, entry: Entry | Found) -> None:
        is_metric, is_watched = entry.kind in metrics.CLASSES, len(self.watched) < MOST_WATCHED
        if is_metric and not is_watched:
            return
        found = entry if isinstance(entry, Found) else found_of(self.core, entry)
        if not is_metric:
            self.structures.append(found)
        if is_watched:
            self.watched.append(found)

    def families(self) -> list[Gathered]:
        """The families of prometheus_client's metrics. What is damaged is left out, and said in `damaged`."""
        return self._whole(self.reader.families)

    def streams(self) -> list[Stream]:
        """Those of OpenTelemetry's metrics. What is damaged is left out, and said in `damaged`."""
        return self._whole(self.readings.streams)

    def _whole(self, look: Callable[[], list[T]]) -> list[T]:
        while True:
            try:
                return look()
            except SegmentError as error:  # once for each entry; the next look goes on behind it
                self.damaged.append(str(error))

    def lines_of(self, gauge: str) -> Lines | None:
        """What each process says of the gauge that is called so in the directory; None if there is none."""
        self.families()
        return self.reader.lines_of(gauge)


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
