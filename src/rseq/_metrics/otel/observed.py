"""What callbacks of this process say, which exports: numbers that are nobody else's, and live in it.

An observed sum is the process's own from its beginning, so it begins anew when another process exports. Differences are
to what has arrived; what a process that is killed has observed and not sent, is gone with it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from opentelemetry.metrics import CallbackOptions
from opentelemetry.sdk.metrics.export import AggregationTemporality, Metric, NumberDataPoint

from rseq._metrics.otel.attributes import attributes_of, cleaned, labels_of
from rseq._metrics.otel.kept import LAST, MONOTONIC
from rseq._metrics.otel.points import NOTHING, Scoped, data_of
from rseq._metrics.otel.sdk import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rseq._metrics.otel.sdk import Plan

_Key = tuple[tuple[str, str], ...]


class Observed:
    """An observable instrument through one view. Threads: the one that exports."""

    def __init__(self, instrument: Any, plan: Plan) -> None:
        self._instrument, self._plan, self.kind = instrument, plan, kind_of(instrument)
        self._arrived: dict[_Key, float]
        self._sent: dict[_Key, float]
        self.begin_anew()

    def begin_anew(self) -> None:
        """In a forked child: nothing of its own has been sent."""
        self._arrived, self._sent = {}, {}

    def metric(
        self, values: Sequence[Any], temporality: AggregationTemporality, since: int, until: int
    ) -> Scoped | None:
        """What the instrument's callbacks have said, as a metric; None, if they have said nothing."""
        found = self._found(values)
        is_last, is_delta = self._plan.aggregation == LAST, temporality == AggregationTemporality.DELTA
        self._sent = {} if is_last else found
        points = [
            NumberDataPoint(
                attributes_of(dict(key)),
                NOTHING if is_last else since,
                until,
                value - self._arrived.get(key, 0) if is_delta and not is_last else value,
            )
            for key, value in found.items()
        ]
        if not points:
            return None
        data = data_of(self._plan.aggregation, points, temporality, is_monotonic=self.kind in MONOTONIC)
        instrument = self._instrument
        metric = Metric(self._plan.name, self._plan.description, instrument.unit, data)
        return Scoped(instrument.instrumentation_scope, metric)

    def note(self) -> None:
        """Note that what was said last has arrived."""
        self._arrived |= self._sent

    def _found(self, values: Sequence[Any]) -> dict[_Key, float]:
        found: dict[_Key, float] = {}
        for one in values:
            attributes: Mapping[str, Any] = cleaned(one.attributes or {})
            if self._plan.keys is not None:
                attributes = {name: value for name, value in attributes.items() if name in self._plan.keys}
            key = tuple(sorted(labels_of(attributes).items()))
            if key in found and self._plan.aggregation != LAST:
                found[key] += one.value
            elif key in found or len(found) < self._plan.limit:
                found[key] = one.value
        return found


class Observations:
    """All observable instruments of this process. Threads: any adds; the one that exports asks."""

    def __init__(self) -> None:
        self._known: list[tuple[Any, list[Observed]]] = []
        self.begin_anew()

    def begin_anew(self) -> None:
        """In a forked child, whose numbers are its own."""
        self._since = self._until = time.time_ns()
        for _, observed in self._known:
            for one in observed:
                one.begin_anew()

    def add(self, instrument: Any, plans: Sequence[Plan]) -> None:
        """Add an instrument and its streams."""
        self._known.append((instrument, [Observed(instrument, plan) for plan in plans]))

    def metrics(
        self, temporality_of: Callable[[str], AggregationTemporality], now_ns: int, timeout_millis: float
    ) -> Iterator[Scoped]:
        """Ask them all. What a callback raises is logged, as the SDK does."""
        self._next = now_ns
        for instrument, observed in list(self._known):
            if not observed:
                continue
            values = list(instrument.callback(CallbackOptions(timeout_millis)))
            for one in observed:
                temporality = temporality_of(one.kind)
                since = self._until if temporality == AggregationTemporality.DELTA else self._since
                if (found := one.metric(values, temporality, since, now_ns)) is not None:
                    yield found

    def note(self) -> None:
        """Note that what they have said last has arrived."""
        self._until = self._next
        for _, observed in list(self._known):
            for one in observed:
                one.note()
