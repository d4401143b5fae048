"""Which process exports, and when.

The exporter is the process that holds a lock that the kernel takes from it when it ends (shared/files.py). All that
have an exporter try to take it at each interval; whoever gets it keeps it. So another process takes over an interval
after the exporter has ended, at the latest, and goes on with what stands in the segment (rounds.py).

Two words are for what others want. A process that wants all to be sent adds to FLUSHES, and waits for FLUSHED, which
the exporter stores. A process that ends adds to LEAVING before it looks for the lock; an exporter that ends looks at it
after it has let the lock go. So either it sees that somebody has left meanwhile, and exports once more, or that one
gets the lock: of those that end together, one exports what the last has counted.
"""

from __future__ import annotations

import os
import threading
import time
from logging import getLogger
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from opentelemetry.sdk.metrics.export import AggregationTemporality, MetricExporter, MetricExportResult

from rseq._forks import TOOLS, in_each_child, last_in_each_child, wait_while
from rseq._metrics.otel import points, resources
from rseq._metrics.otel.kept import LAST
from rseq._metrics.otel.readings import Readings
from rseq._metrics.otel.rounds import FLUSHED, FLUSHES, LEAVING, Rounds
from rseq._metrics.otel.sdk import preferred_temporality, unobserved
from rseq._percpu.shared import files
from rseq._percpu.shared.layout import SegmentError
from rseq._percpu.shared.segment import core_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from opentelemetry.sdk.metrics.export import MetricsData
    from opentelemetry.sdk.resources import Resource

    from rseq._metrics.otel.observed import Observations
    from rseq._metrics.otel.points import Scoped, Timed
    from rseq._metrics.otel.readings import Found, Reading
    from rseq._percpu.shared.segment import Segment

_logger = getLogger("rseq.metrics.opentelemetry")

_LOOK_S = 0.25
"""How often an exporter looks whether another process wants all to be sent."""

_PAUSE_S = 0.01
"""How often that one looks whether it is."""

_FAILURES = (MemoryError, SegmentError, OSError)


class Exporting:
    """What this process does to export a segment. Threads: any. A forked child has a thread and a turn of its own."""

    def __init__(
        self,
        segment: Segment,
        exporter: MetricExporter | None,
        resource: Resource,
        observations: Observations,
        interval_s: float,
        timeout_millis: float,
    ) -> None:
        """Without an exporter it only asks others. Raises: MemoryError - no room. SegmentError - damaged."""
        self._segment, self._exporter, self._observations = segment, exporter, observations
        self._resource = resources.of_service(resource, segment)
        self._interval_s, self._timeout_millis = interval_s, timeout_millis
        self._temporality = preferred_temporality(exporter)
        self._rounds = Rounds(segment)
        self._only_one: files.Descriptor | None = None
        self._has_ended = False
        self._asked = 0
        self._begin()
        _all.add(self)

    def _begin(self) -> None:
        self._turn = threading.RLock()
        self._changed = threading.Event()
        self._readings = Readings(core_of(self._segment))
        self._thread: threading.Thread | None = None
        if self._exporter is not None and self._interval_s < float("inf"):
            self._thread = threading.Thread(target=self._live, name="rseq.metrics.opentelemetry", daemon=True)
            self._thread.start()

    def _begin_anew(self) -> None:
        """In a forked child: the turn to export is its parent's."""
        self._only_one = None
        self._observations.begin_anew()
        if not self._has_ended:
            self._begin()

    # ---- whose turn it is

    @property
    def is_mine(self) -> bool:
        """Whether this process exports."""
        return self._only_one is not None

    def _claim(self) -> bool:
        """Take the turn, if nobody has it; whether it is this process's. Raises: OSError - there is no /proc."""
        if self._only_one is None:
            with _Claiming():
                self._only_one = files.only_one(core_of(self._segment).fd)
            if self._only_one is not None:
                self._changed.set()  # from now on the thread looks whether others want something
        return self._only_one is not None

    def _live(self) -> None:
        """Export at each interval, if it is this process's turn; and when another process wants it."""
        due = time.monotonic() + self._interval_s
        while self._has_waited(due):
            if time.monotonic() >= due:
                self.export()
                due = time.monotonic() + self._interval_s
            elif self.is_mine and self._rounds.word(FLUSHES) != self._asked:
                self.export()

    def _has_waited(self, due: float) -> bool:
        """Wait until then, or until there is something to look at; False if this is the end."""
        left = max(due - time.monotonic(), 0.0)
        if not self._has_ended:
            self._changed.wait(min(left, _LOOK_S) if self.is_mine else left)
            self._changed.clear()
        return not self._has_ended

    # ---- what users call

    def export(self) -> bool:
        """Export now, if it is this process's turn, or nobody's; whether all has arrived."""
        if self._exporter is None:
            return False
        try:
            with self._turn:
                return self._may_export() and self._export(self._exporter)
        except _FAILURES as error:
            _logger.error("nothing is exported of %r: %s", self._segment, error)
        except Exception:  # of what others have written there: the next interval comes
            _logger.exception("nothing is exported of %r", self._segment)
        return False

    def flush(self, timeout_s: float) -> bool:
        """Export now, in this process or in the one whose turn it is; whether all has arrived in time."""
        end, ticket, fd = time.monotonic() + timeout_s, 0, core_of(self._segment).fd
        while True:
            if self._may_export():
                return self.export()
            if self._exporter is None and not files.has_only_one(fd):
                return False
            ticket = ticket or self._rounds.add(FLUSHES)
            if self._rounds.word(FLUSHED) >= ticket:
                return True
            if time.monotonic() >= end:
                return False
            time.sleep(_PAUSE_S)

    def _may_export(self) -> bool:
        """Whether it is this process's turn, which it takes if it is nobody's."""
        with self._turn:
            try:
                return self._exporter is not None and self._claim()
            except OSError as error:
                _logger.error("whose turn it is to export %r cannot be seen: %s", self._segment, error)
                return False

    def end(self, timeout_s: float) -> bool:
        """Export for the last time, and give the turn back; whether nothing is left to be exported by this process."""
        end = time.monotonic() + timeout_s
        self._has_ended = True
        self._changed.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout_s)
        if not self._turn.acquire(timeout=max(end - time.monotonic(), 0.0)):
            _logger.warning("an export of %r takes longer than the shutdown may; the last one is left out", self)
            return False
        try:
            return self._leave()
        finally:
            self._turn.release()

    def _leave(self) -> bool:
        seen, has_arrived = self._rounds.add(LEAVING), True
        while self._may_export():
            has_arrived = self.export()
            self._only_one = None
            if self._rounds.word(LEAVING) == seen:
                break
            seen = self._rounds.word(LEAVING)
        return has_arrived

    def all_of_it(self) -> MetricsData | None:
        """All metrics now, as sums since they began; nothing is sent or noted."""
        with self._turn:
            now = time.time_ns()
            found = [(stream, list(self._readings.of(stream))) for stream in self._readings.streams()]
            observed = self._observations.metrics(_always_cumulative, now, self._timeout_millis)
            return points.data(self._resource, [*self._totals(found, now), *observed])

    # ---- exporting

    def _export(self, exporter: MetricExporter) -> bool:
        wanted = self._asked = self._rounds.word(FLUSHES)
        is_done = self._finish_round(exporter) and self._send_all(exporter)
        if is_done:
            self._rounds.store(FLUSHED, wanted)
        return is_done

    def _finish_round(self, exporter: MetricExporter) -> bool:
        """Send once more what may not have arrived; whether it has."""
        if not self._rounds.is_open:
            return True
        found = [(stream, list(self._readings.of(stream))) for stream in self._readings.streams()]
        resource = resources.get(self._rounds.resource, self._segment) or self._resource
        data = points.data(resource, self._differences(found))
        if data is not None and not self._send(exporter, data):
            return False
        self._rounds.note()
        return True

    def _send_all(self, exporter: MetricExporter) -> bool:
        now, digest = time.time_ns(), resources.put(self._resource, self._segment)
        found = [(stream, list(self._readings.of(stream))) for stream in self._readings.streams()]
        self._rounds.write((one for stream, of in found if self._is_delta(stream) for one in of), now, digest)
        differences = list(self._differences(found))
        others = [(stream, of) for stream, of in found if not self._is_delta(stream)]
        observed = self._observations.metrics(self._temporality.__getitem__, now, self._timeout_millis)
        data = points.data(self._resource, [*differences, *self._totals(others, now), *observed])
        if differences:
            self._rounds.begin()
        if data is not None and not self._send(exporter, data):
            return False
        if differences:
            self._rounds.note()
        self._observations.note()
        return True

    def _is_delta(self, stream: Found) -> bool:
        wanted = self._temporality[stream.args["kind"]]
        return wanted == AggregationTemporality.DELTA and stream.args["aggregation"] != LAST

    def _differences(self, found: Iterable[tuple[Found, list[Reading]]]) -> Iterator[Scoped]:
        for stream, readings in found:
            if self._is_delta(stream):
                timed = list(self._rounds.differences(readings))
                yield from self._metric(stream, timed, AggregationTemporality.DELTA)

    def _totals(self, found: Iterable[tuple[Found, list[Reading]]], now: int) -> Iterator[Scoped]:
        for stream, readings in found:
            timed = [(one, min(one.since_ns, now), now) for one in readings]
            yield from self._metric(stream, timed, AggregationTemporality.CUMULATIVE)

    def _metric(self, stream: Found, timed: list[Timed], temporality: AggregationTemporality) -> Iterator[Scoped]:
        made = points.metric_of(stream, self._readings.description(stream), timed, temporality)
        if made is not None:
            yield made

    def _send(self, exporter: MetricExporter, data: MetricsData) -> bool:
        """Whether it has arrived."""
        try:
            with unobserved():
                result: Any = exporter.export(data, timeout_millis=self._timeout_millis)
        except Exception:
            _logger.exception("exporting %r failed; it is tried again at the next interval", self._segment)
            return False
        if result is not MetricExportResult.SUCCESS:
            _logger.warning("exporting %r failed; it is tried again at the next interval", self._segment)
        return result is MetricExportResult.SUCCESS


_claiming: set[int] = set()
"""Threads that are about to hold a lock which a child, if it were forked now, would hold, too, and never let go."""


class _Claiming:
    """`with _Claiming():` a fork waits for the body, unless that forks itself."""

    def __enter__(self) -> None:
        _claiming.add(threading.get_ident())

    def __exit__(self, *exception: object) -> None:
        _claiming.discard(threading.get_ident())


wait_while(lambda: bool(_claiming - {threading.get_ident()}))
in_each_child(_claiming.clear, TOOLS)


def _always_cumulative(kind: str) -> AggregationTemporality:
    return AggregationTemporality.CUMULATIVE


_all: WeakSet[Exporting] = WeakSet()


def _begin_anew() -> None:
    for one in list(_all):
        one._begin_anew()


if hasattr(os, "fork"):
    last_in_each_child(_begin_anew)
