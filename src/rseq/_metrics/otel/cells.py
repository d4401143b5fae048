"""What a measurement does to the segment: for each set of attributes of a stream, a function of the amount.

    sum            one number for each CPU, which is added to: the builtin of a FloatCounter
    histogram      for each CPU: the sum, and a count for each bucket
    exponential    for each CPU: the sum, the zeros; and windows of WINDOW buckets, made where observations lie
    others         a line for each process (gauges.py): what goes up and down, and what was set last

Buckets of an exponential histogram are those of OpenTelemetry's scale SCALE: 2**SCALE to an octave, numbered from
2**0 = 1 on, and what equals a bound lies below it. There is no end of them, so they lie in windows, each a series of
its own. Nothing is ever moved: whoever reads puts the windows together, and merges buckets to as few as are wanted
(points.py). The road not taken: to change the scale while others count, as the SDK does under a lock.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable
from math import frexp
from typing import TYPE_CHECKING, Any

from rseq._builtins.bind import builtin
from rseq._metrics.otel.kept import (
    COUNTS,
    EXPONENTIAL,
    EXPONENTIAL_TYPE,
    HISTOGRAM,
    HISTOGRAM_TYPE,
    LAST,
    SCALE,
    SET,
    SUM,
    SUM_TYPE,
    TOTAL,
    UP_AND_DOWN,
    WINDOW_TYPE,
    ZEROS,
)
from rseq._metrics.series import WINDOW, Series
from rseq._structures.cell import cell, cells

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rseq._metrics.gauges import GaugeValue
    from rseq._metrics.store import Store

Record = Callable[[float], object]

_PARTS = [2.0 ** (part / (1 << SCALE) - 1) for part in range(1 << SCALE)]
"""The lower bounds of an octave's buckets, as mantissas of `frexp`."""


def record_for(store: Store, kind: str, aggregation: str, bounds: Sequence[float]) -> Callable[..., Record]:
    """What makes a cell of a stream's name and labels: a function that takes a measurement.

    Raises (the function that is returned): MemoryError - no room. SegmentError - the segment is damaged.
    """
    makers: Mapping[str, Callable[..., Record]] = {SUM: _sum, HISTOGRAM: _histogram, EXPONENTIAL: _exponential}
    if aggregation == LAST or (aggregation == SUM and kind in ("up_down_counter", "gauge")):
        return lambda family, labels: _line(store, family, labels, UP_AND_DOWN if aggregation == SUM else SET)
    make = makers[aggregation]
    return lambda family, labels: make(store, family, labels, bounds)


def _sum(store: Store, family: str, labels: Mapping[str, str], bounds: Sequence[float]) -> Record:
    series = Series(store.segment, SUM_TYPE, family, labels)
    return builtin(cell("f64").part("add"), memory=series.memory, index="cpu_id", shape=(), title="Sum.add")


def _histogram(store: Store, family: str, labels: Mapping[str, str], bounds: Sequence[float]) -> Record:
    named = [*map(repr, bounds), "+Inf"]
    add = _adder(Series(store.segment, HISTOGRAM_TYPE, family, labels, named), COUNTS + len(named))

    def record(amount: float) -> None:
        add(COUNTS + bisect_left(bounds, amount), 1.0)
        add(TOTAL, amount)

    return record


def _exponential(store: Store, family: str, labels: Mapping[str, str], bounds: Sequence[float]) -> Record:
    add = _adder(Series(store.segment, EXPONENTIAL_TYPE, family, labels), 2)
    windows: dict[int, Callable[..., object]] = {}

    def record(amount: float) -> None:
        if amount == 0:
            add(ZEROS, 1.0)
            return
        number, at = divmod(bucket_of(amount), WINDOW)
        count = windows.get(number)
        if count is None:
            made = Series(store.segment, WINDOW_TYPE, family, labels, [str(number)])
            count = windows.setdefault(number, _adder(made, WINDOW))
        count(at, 1.0)
        add(TOTAL, amount)

    return record


def bucket_of(amount: float) -> int:
    """The number of the bucket, at scale SCALE, in which a number above 0 lies."""
    mantissa, exponent = frexp(amount)
    return (exponent - 1 << SCALE) + bisect_left(_PARTS, mantissa) - 1


def _adder(series: Series, count: int) -> Callable[..., object]:
    add = cells("f64").part("add")
    return builtin(add, memory=series.memory, index="cpu_id", shape=(count,), title="Histogram.add")


def _line(store: Store, family: str, labels: Mapping[str, str], mode: str) -> Record:
    gauge = store.gauge(family, labels, mode)
    return gauge.inc if mode == UP_AND_DOWN else _setter(gauge)


def _setter(gauge: GaugeValue) -> Record:
    set_at: Any = gauge.set
    return lambda amount: set_at(float(amount), time.time())
