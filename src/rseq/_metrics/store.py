"""A segment with metrics in it, as this process has it: what it makes there, and the reader of all that is there."""

from __future__ import annotations

import os
from weakref import WeakSet, WeakValueDictionary

from rseq._metrics.blocks import made
from rseq._metrics.gauges import GaugeValue, turn
from rseq._metrics.reading import FAMILY, About, Reader
from rseq._once import once
from rseq._percpu.shared.extents import Wanted
from rseq._percpu.shared.segment import Segment, core_of, require_segment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

SEGMENT_VARIABLE = "RSEQ_METRICS"
"""The environment variable that names the segment."""


class Store:
    """Made by `store_of`. Threads: any. Processes: forked children go on with it."""

    def __init__(self, segment: Segment) -> None:
        self.segment = segment
        self.reader = Reader(core_of(segment))
        self._gauges: WeakSet[GaugeValue] = WeakSet()
        self._known: WeakValueDictionary[tuple[object, ...], GaugeValue] = WeakValueDictionary()

    def announce(self, about: About) -> None:
        """Say that there is a family. Raises: MemoryError - no room."""
        made(self.segment, FAMILY, f"{about.type} {about.name}", about._asdict(), [Wanted(8, is_plain=True)])

    def gauge(self, family: str, labels: Mapping[str, str], mode: str) -> GaugeValue:
        """The gauge with these labels, of this process: one, as it has one line. Raises: MemoryError - no room."""
        key = family, mode, *sorted(labels.items())
        with turn[0]:
            known = self._known.get(key)
            if known is None or known not in self._gauges:  # it was given up
                known = self._known[key] = GaugeValue(self.segment, family, labels, mode, self._gauges)
        return known


_stores: WeakValueDictionary[Segment, Store] = WeakValueDictionary()
_installed: list[Store] = []


def store_of(segment: Segment) -> Store:
    """The one store of a segment in this process."""
    return _stores.setdefault(segment, _stores.get(segment) or Store(segment))


def installed() -> Store | None:
    """Where prometheus_client's metrics live, if that is in a segment."""
    return _installed[0] if _installed else None


def install(store: Store) -> None:
    """Have that be it from now on. Once in a process."""
    _installed.append(store)


def chosen(segment: Segment | str | None) -> Store:
    """The store that a user means: of a segment, of the segment of that name, or this process's default.

    Raises: TypeError, ValueError - no segment; and as `rseq.Segment`.
    """
    if segment is None:
        return installed() or default()
    if isinstance(segment, str):
        return store_of(Segment(segment))
    require_segment(segment)
    return store_of(segment)


@once
def default() -> Store:
    """Where metrics are that name no segment: in that of the environment, or in one of this process's own.

    Forked children have the same.
    """
    return store_of(Segment(os.environ.get(SEGMENT_VARIABLE) or None))
