"""What is asked of the SDK beside its public names: what a View says, and what an exporter prefers.

The SDK has no public names for these, though it takes them from users. Their private names have been the same since
they were made; `require_sdk` says so in one sentence if a version has others.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from opentelemetry import context
from opentelemetry.sdk import metrics as sdk
from opentelemetry.sdk.metrics.export import AggregationTemporality
from opentelemetry.sdk.metrics.view import (
    Aggregation,
    DefaultAggregation,
    DropAggregation,
    ExplicitBucketHistogramAggregation,
    ExponentialBucketHistogramAggregation,
    LastValueAggregation,
    SumAggregation,
    View,
)

from rseq._metrics.otel.kept import EXPONENTIAL, HISTOGRAM, KINDS, LAST, SUM

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DEFAULT_BOUNDS = (0.0, 5.0, 10.0, 25.0, 50.0, 75.0, 100.0, 250.0, 500.0, 750.0, 1e3, 2500.0, 5e3, 7500.0, 1e4)
"""Of histograms for which nothing else is said: those of OpenTelemetry's specification."""

_CARDINALITY_LIMIT = 2000
_INSTRUMENTS: tuple[type, ...] = (
    sdk.Counter,
    sdk.UpDownCounter,
    sdk.Histogram,
    sdk._Gauge,
    sdk.ObservableCounter,
    sdk.ObservableUpDownCounter,
    sdk.ObservableGauge,
)
_KINDS = dict(zip(_INSTRUMENTS, KINDS, strict=True))

_DEFAULTS = {
    "counter": SUM,
    "up_down_counter": SUM,
    "histogram": HISTOGRAM,
    "gauge": LAST,
    "observable_counter": SUM,
    "observable_up_down_counter": SUM,
    "observable_gauge": LAST,
}


class Plan(NamedTuple):
    """What becomes of an instrument's measurements in one stream."""

    name: str
    description: str
    aggregation: str
    bounds: tuple[float, ...] = ()
    """Of a histogram."""
    size: int = 0
    """The most buckets of an exponential one."""
    scale: int = 0
    """Its finest scale."""
    keys: frozenset[str] | None = None
    """The attributes that are kept; None: all."""
    limit: int = _CARDINALITY_LIMIT
    """The most sets of attributes."""


def kind_of(instrument: object) -> str:
    """What sort of instrument it is."""
    return next(kind for cls, kind in _KINDS.items() if isinstance(instrument, cls))


def plans(
    instrument: Any,
    views: Sequence[View],
    preferred: Mapping[type, Aggregation],
    advised: Sequence[float] | None = None,
) -> list[Plan]:
    """The streams of an instrument; none, if it is dropped.

    `preferred`: aggregations by class of instrument; `advised`: bounds that the instrument itself asks for.
    Raises: ValueError - bounds that are no bounds.
    """
    kind = kind_of(instrument)
    others = {_KINDS[cls]: aggregation for cls, aggregation in preferred.items() if cls in _KINDS}
    made = []
    for view in [view for view in views if _applies(view, instrument)] or [_NO_VIEW]:
        chosen: Any = view
        aggregation = chosen._aggregation
        if isinstance(aggregation, DefaultAggregation):
            aggregation = others.get(kind, aggregation)
        if isinstance(aggregation, DropAggregation):
            continue
        keys = chosen._attribute_keys
        plan = Plan(
            chosen._name or instrument.name,
            chosen._description or instrument.description,
            *_shape(aggregation, kind, advised),
            keys=None if keys is None else frozenset(keys),
            limit=getattr(chosen, "_aggregation_cardinality_limit", None) or _CARDINALITY_LIMIT,
        )
        made.append(plan)
    return made


def _shape(aggregation: Any, kind: str, advised: Sequence[float] | None) -> tuple[str, tuple[float, ...], int, int]:
    """The aggregation, and its bounds, size and scale."""
    if isinstance(aggregation, DefaultAggregation):
        name = _DEFAULTS[kind]
        return name, _bounds(advised) if name == HISTOGRAM else (), 0, 0
    if isinstance(aggregation, ExplicitBucketHistogramAggregation):
        given: Any = aggregation._boundaries
        return HISTOGRAM, _bounds(advised if given is None else given), 0, 0
    if isinstance(aggregation, ExponentialBucketHistogramAggregation):
        return EXPONENTIAL, (), aggregation._max_size, aggregation._max_scale
    if isinstance(aggregation, LastValueAggregation):
        return LAST, (), 0, 0
    if isinstance(aggregation, SumAggregation):
        return SUM, (), 0, 0
    raise ValueError(f"aggregation: expected one of opentelemetry.sdk.metrics.view, got {aggregation!r}")


def _bounds(given: Sequence[float] | None) -> tuple[float, ...]:
    bounds = DEFAULT_BOUNDS if given is None else tuple(map(float, given))
    if not all(low < high for low, high in pairwise((float("-inf"), *bounds, float("inf")))):
        raise ValueError(f"bounds of a histogram: expected finite numbers, each above the one before it; got {bounds}")
    return bounds


_NO_VIEW = View(instrument_name="*")


def _applies(view: Any, instrument: Any) -> bool:
    is_histogram = isinstance(
        view._aggregation, (ExplicitBucketHistogramAggregation, ExponentialBucketHistogramAggregation)
    )
    return bool(view._match(instrument)) and not (is_histogram and kind_of(instrument).startswith("observable"))


def preferred_temporality(exporter: Any) -> dict[str, AggregationTemporality]:
    """What an exporter prefers, by the kind of instrument; cumulative, where it says nothing."""
    said = getattr(exporter, "_preferred_temporality", None) or {}
    return {kind: said.get(cls, AggregationTemporality.CUMULATIVE) for cls, kind in _KINDS.items()}


def preferred_aggregation(exporter: Any) -> dict[type, Aggregation]:
    """What an exporter prefers, by the class of instrument."""
    return dict(getattr(exporter, "_preferred_aggregation", None) or {})


@contextmanager
def unobserved() -> Iterator[None]:
    """In a `with`: nothing that is instrumented tells of itself, as an exporter's own requests."""
    token = context.attach(context.set_value(context._SUPPRESS_INSTRUMENTATION_KEY, True))
    try:
        yield
    finally:
        context.detach(token)


def require_sdk() -> None:
    """Raises: RuntimeError - this version of the SDK has other names for what is asked of it here."""
    bucket: Any = ExplicitBucketHistogramAggregation()
    wanted = {
        _NO_VIEW: ("_match", "_name", "_description", "_attribute_keys", "_aggregation"),
        bucket: ("_boundaries",),
        ExponentialBucketHistogramAggregation(): ("_max_size", "_max_scale"),
        context: ("_SUPPRESS_INSTRUMENTATION_KEY",),
    }
    lacking = [f"{name} of {thing!r}" for thing, names in wanted.items() for name in names if not hasattr(thing, name)]
    if lacking:
        raise RuntimeError(
            f"this opentelemetry-sdk has no {', '.join(lacking)}, which rseq.metrics.opentelemetry reads; it knows "
            "versions 1.36 to 1.45"
        )
