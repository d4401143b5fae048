"""From what streams say to the SDK's data points, metrics and scopes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Buckets,
    ExponentialHistogram,
    ExponentialHistogramDataPoint,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from rseq._metrics.otel.attributes import attributes_of
from rseq._metrics.otel.kept import COUNTS, EXPONENTIAL, HISTOGRAM, LAST, MONOTONIC, SCALE, TOTAL, ZEROS
from rseq._metrics.series import WINDOW

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource

    from rseq._metrics.otel.readings import Found, Reading

Timed = tuple["Reading", int, int]
"""A reading, and between which times it arose."""

NOTHING: Any = None
"""What a point has no number for: the least and the greatest amount, and when a gauge's value began to hold."""


class Scoped(NamedTuple):
    """A metric with what it belongs to."""

    scope: InstrumentationScope
    metric: Metric


def scope_of(stream: Found) -> InstrumentationScope:
    """The meter of a stream."""
    args = stream.args
    return InstrumentationScope(args["meter"], args["version"], args["schema_url"], attributes_of(args["of"]) or None)


def metric_of(
    stream: Found, description: str, readings: Iterable[Timed], temporality: AggregationTemporality
) -> Scoped | None:
    """A metric with a point for each set of attributes that is there; None, if there is none."""
    aggregation, kind = stream.args["aggregation"], stream.args["kind"]
    points: list[Any]
    if aggregation == HISTOGRAM:
        points = [_histogram_point(stream, *one) for one in readings]
    elif aggregation == EXPONENTIAL:
        points = list(_exponential_points(stream, readings))
    else:
        points = [_number_point(stream, *one, is_last=aggregation == LAST) for one in readings]
    if not points:
        return None
    data = data_of(aggregation, points, temporality, is_monotonic=kind in MONOTONIC)
    return Scoped(scope_of(stream), Metric(stream.args["name"], description, stream.args["unit"], data))


def data_of(
    aggregation: str, points: list[Any], temporality: AggregationTemporality, *, is_monotonic: bool
) -> Sum | Gauge | Histogram | ExponentialHistogram:
    """Points as a metric has them."""
    if aggregation == HISTOGRAM:
        return Histogram(points, temporality)
    if aggregation == EXPONENTIAL:
        return ExponentialHistogram(points, temporality)
    return Gauge(points) if aggregation == LAST else Sum(points, temporality, is_monotonic)


def _number_point(stream: Found, reading: Reading, since: int, until: int, *, is_last: bool) -> NumberDataPoint:
    (value,) = reading.numbers
    number = value if stream.is_float or not value.is_integer() else int(value)
    return NumberDataPoint(attributes_of(reading.labels), NOTHING if is_last else since, until, number)


def _histogram_point(stream: Found, reading: Reading, since: int, until: int) -> HistogramDataPoint:
    counts = [round(count) for count in reading.numbers[COUNTS:]]
    return HistogramDataPoint(
        attributes_of(reading.labels),
        since,
        until,
        count=sum(counts),
        sum=reading.numbers[TOTAL],
        bucket_counts=tuple(counts),
        explicit_bounds=tuple(stream.args["bounds"]),
        min=NOTHING,
        max=NOTHING,
    )


def _exponential_points(stream: Found, readings: Iterable[Timed]) -> Iterator[ExponentialHistogramDataPoint]:
    """One for each set of attributes, put together from all windows."""
    parts: dict[tuple[tuple[str, str], ...], list[Timed]] = {}
    for timed in readings:
        parts.setdefault(tuple(timed[0].labels.items()), []).append(timed)
    for labels, found in parts.items():
        yield _exponential_point(stream, dict(labels), found)


def _exponential_point(stream: Found, labels: Mapping[str, str], parts: list[Timed]) -> ExponentialHistogramDataPoint:
    total, zeros, counts = 0.0, 0, dict[int, int]()
    for reading, _, _ in parts:
        if reading.window is None:
            total, zeros = reading.numbers[TOTAL], round(reading.numbers[ZEROS])
            continue
        first = reading.window * WINDOW
        counts |= {first + at: round(count) for at, count in enumerate(reading.numbers) if count}
    scale, buckets = merged(counts, stream.args["size"], stream.args["scale"])
    return ExponentialHistogramDataPoint(
        attributes_of(labels),
        min(since for _, since, _ in parts),
        parts[0][2],
        count=zeros + sum(counts.values()),
        sum=total,
        scale=scale,
        zero_count=zeros,
        positive=buckets,
        negative=Buckets(0, []),
        flags=0,
        min=NOTHING,
        max=NOTHING,
    )


def merged(counts: Mapping[int, int], size: int, scale: int) -> tuple[int, Buckets]:
    """Buckets of scale SCALE as at most `size` neighbouring ones, of the finest scale that allows it, up to `scale`."""
    down = max(SCALE - scale, 0)
    low, high = min(counts, default=0), max(counts, default=-1)
    while (high >> down) - (low >> down) >= size:
        down += 1
    found = [0] * ((high >> down) - (low >> down) + 1 if counts else 0)
    for number, count in counts.items():
        found[(number >> down) - (low >> down)] += count
    return SCALE - down, Buckets(low >> down if counts else 0, found)


def data(resource: Resource, metrics: Iterable[Scoped]) -> MetricsData | None:
    """Metrics by their scopes; None, if there are none."""
    scopes: dict[InstrumentationScope, list[Metric]] = {}
    for scope, metric in metrics:
        scopes.setdefault(scope, []).append(metric)
    if not scopes:
        return None
    found = [ScopeMetrics(scope, metrics, scope.schema_url or "") for scope, metrics in scopes.items()]
    return MetricsData([ResourceMetrics(resource, found, resource.schema_url)])
