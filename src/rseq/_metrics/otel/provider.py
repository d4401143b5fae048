"""The MeterProvider: what a user makes, and sets as OpenTelemetry's."""

from __future__ import annotations

import atexit
import os
from collections.abc import Sequence
from logging import getLogger
from threading import TIMEOUT_MAX
from typing import TYPE_CHECKING, Any

from opentelemetry import metrics as api
from opentelemetry.sdk.environment_variables import (
    OTEL_METRIC_EXPORT_INTERVAL,
    OTEL_METRIC_EXPORT_TIMEOUT,
    OTEL_SDK_DISABLED,
)
from opentelemetry.sdk.metrics.export import MetricExporter
from opentelemetry.sdk.metrics.view import View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from rseq._metrics.chosen import chosen_segment
from rseq._metrics.otel.exporting import Exporting
from rseq._metrics.otel.instruments import Meter
from rseq._metrics.otel.observed import Observations
from rseq._metrics.otel.sdk import kind_of, plans, preferred_aggregation, require_sdk
from rseq._metrics.otel.streams import Stream
from rseq._metrics.store import store_of

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics.export import MetricsData
    from opentelemetry.util.types import Attributes

    from rseq._percpu.shared.segment import Segment

_logger = getLogger("rseq.metrics.opentelemetry")
_INTERVAL_MILLIS, _TIMEOUT_MILLIS = 60_000.0, 30_000.0


class MeterProvider(api.MeterProvider):
    """A MeterProvider whose sums and histograms live in `segment`, and are exported once for all its processes.

    Each process of the service makes one with the same arguments, or is forked from one that has. `segment`: an
    `rseq.Segment` or its name; without one, the environment variable RSEQ_METRICS names it. `keep`: see `rseq.Segment`.
    `exporter`: a MetricExporter of OpenTelemetry, whose preferred temporality and aggregation hold. The process whose
    turn it is calls it every `export_interval_millis` (else OTEL_METRIC_EXPORT_INTERVAL, else 60,000; infinity: only
    `force_flush` and `shutdown` do) and gives it `export_timeout_millis`. A process without one leaves that to others.
    `resource`, `views`: as the SDK's MeterProvider has them. `shutdown_on_exit`: call `shutdown` when Python exits.
    Raises: ValueError - no name of a segment, or an interval or timeout that is not above 0. TypeError - no segment,
    exporter, resource or views. RuntimeError - an SDK that this version does not know. MemoryError - no room. As
    `rseq.Segment`.
    Threads: any. Processes: a forked child goes on with it.
    """

    def __init__(
        self,
        segment: Segment | str | None = None,
        *,
        exporter: MetricExporter | None = None,
        resource: Resource | None = None,
        views: Sequence[View] = (),
        export_interval_millis: float | None = None,
        export_timeout_millis: float | None = None,
        keep: bool = False,
        shutdown_on_exit: bool = True,
    ) -> None:
        require_sdk()
        _require("exporter", exporter, MetricExporter, or_none=True)
        _require("resource", resource, Resource, or_none=True)
        if not isinstance(views, Sequence):
            raise TypeError(f"views: expected a sequence of Views, got {views!r}")
        for view in views:
            _require("views", view, View)
        interval = _millis("export_interval_millis", export_interval_millis, _INTERVAL, _INTERVAL_MILLIS)
        timeout = _millis("export_timeout_millis", export_timeout_millis, OTEL_METRIC_EXPORT_TIMEOUT, _TIMEOUT_MILLIS)
        self._segment = chosen_segment(segment, keep=keep)
        self._store, self._views, self._exporter = store_of(self._segment), tuple(views), exporter
        self._preferred = preferred_aggregation(exporter)
        self._meters: dict[InstrumentationScope, Meter] = {}
        self._observations = Observations()
        resource = Resource.create({}) if resource is None else resource
        self._exporting = Exporting(self._segment, exporter, resource, self._observations, interval / 1e3, timeout)
        self._is_shut_down = False
        self._at_exit = self.shutdown if shutdown_on_exit else None
        if self._at_exit is not None:
            atexit.register(self._at_exit)

    @property
    def segment(self) -> Segment:
        """Where its metrics live."""
        return self._segment

    @property
    def is_exporting(self) -> bool:
        """Whether this process is the one that exports now."""
        return self._exporting.is_mine

    def get_meter(
        self,
        name: str,
        version: str | None = None,
        schema_url: str | None = None,
        attributes: Attributes = None,
    ) -> api.Meter:
        """The meter of that name; one that does nothing after `shutdown`, or if OTEL_SDK_DISABLED is true."""
        is_disabled = os.environ.get(OTEL_SDK_DISABLED, "").strip().lower() == "true"
        if is_disabled or self._is_shut_down or not name:
            if not is_disabled:
                _logger.warning("there is no meter for %r: it is no name, or the provider has been shut down", name)
            return api.NoOpMeter(name, version=version, schema_url=schema_url)
        scope = InstrumentationScope(name, version, schema_url, attributes)
        return self._meters.setdefault(scope, Meter(scope, self._found))

    def collect(self) -> MetricsData | None:
        """All metrics of the service as they are now, as sums since they began; nothing is sent or noted.

        Observable instruments are those of this process. Returns: None, if nothing was measured.
        Raises: SegmentError - the segment is damaged. MemoryError - no room.
        """
        return self._exporting.all_of_it()

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        """Have all metrics of the service be exported now, by this process or the one whose turn it is.

        Returns: whether they have arrived within the timeout; False also if no process has an exporter.
        """
        if not self._exporting.flush(_seconds(timeout_millis)):
            return False
        return self._exporter is None or bool(self._exporter.force_flush(timeout_millis=timeout_millis))

    def shutdown(self, timeout_millis: float = 30_000) -> None:
        """Export for the last time, if it is this process's turn or nobody's, and let another process have it.

        What this process has counted stays in the segment. Instruments go on counting there. Once; then it warns.
        """
        if self._is_shut_down:
            _logger.warning("this MeterProvider has been shut down; it is done once")
            return
        self._is_shut_down = True
        self._exporting.end(_seconds(timeout_millis))
        if self._exporter is not None:
            self._exporter.shutdown(timeout_millis=timeout_millis)
        if self._at_exit is not None:
            atexit.unregister(self._at_exit)

    def _found(self, instrument: Any, advised: Sequence[float] | None) -> None:
        """Have a new instrument write to its streams."""
        kind, found = kind_of(instrument), plans(instrument, self._views, self._preferred, advised)
        if kind.startswith("observable"):
            self._observations.add(instrument, found)
        else:
            scope = instrument.instrumentation_scope
            instrument._streams = [Stream(self._store, scope, kind, instrument.unit, plan) for plan in found]


_INTERVAL = OTEL_METRIC_EXPORT_INTERVAL


def _require(name: str, given: object, cls: type, *, or_none: bool = False) -> None:
    if not isinstance(given, cls) and not (or_none and given is None):
        raise TypeError(f"{name}: expected a {cls.__name__} of OpenTelemetry, got {given!r}")


def _millis(name: str, given: float | None, variable: str, otherwise: float) -> float:
    """A time that is given, or the environment's. Raises: TypeError, ValueError - it is none, or not above 0."""
    if given is None:
        text = os.environ.get(variable, "").strip()
        try:
            given = float(text) if text else otherwise
        except ValueError:
            _logger.warning("%s: expected milliseconds, such as 60000; got %r, so it is %s", variable, text, otherwise)
            given = otherwise
    if isinstance(given, bool) or not isinstance(given, (int, float)):
        raise TypeError(f"{name}: expected milliseconds, such as 60_000; got {given!r}")
    if not 0 < given:
        raise ValueError(f"{name}: expected milliseconds, more than 0; got {given!r}")
    return float(given)


def _seconds(timeout_millis: float) -> float:
    """Seconds that Python can wait for: 0 for a negative number or NaN, and at most `TIMEOUT_MAX`."""
    return max(0.0, min(timeout_millis / 1e3, TIMEOUT_MAX))
