"""OpenTelemetry's metrics in a segment as Prometheus reads them: names, units and labels as its specification has them.

    http.server.duration, a histogram in "s"   ->   http_server_duration_seconds_bucket{otel_scope_name="shop",le="0.5"}

Sums are what the segment has counted, whatever temporality an exporter prefers. Two sets of attributes that become the
same labels (200 and "200") are added up; so are streams of one name, type, unit and bounds.

Source: https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from prometheus_client import metrics as client
from prometheus_client.metrics_core import Metric
from prometheus_client.samples import Sample
from prometheus_client.utils import floatToGoString

from rseq._metrics.otel.kept import COUNTS, EXPONENTIAL, HISTOGRAM, LAST, MONOTONIC, SCALE, TOTAL, ZEROS
from rseq._metrics.series import WINDOW
from rseq._percpu.shared.layout import SegmentError
from rseq._serve.names import Names, allowed

if TYPE_CHECKING:
    from rseq._metrics.otel.readings import Found, Reading
    from rseq._serve.source import Contents

_PER_OCTAVE = 2
"""Exponential histograms are exposed with `2 ** _PER_OCTAVE` bounds to an octave."""

_UNITS = {
    "d": "days",
    "h": "hours",
    "min": "minutes",
    "s": "seconds",
    "ms": "milliseconds",
    "us": "microseconds",
    "ns": "nanoseconds",
    "By": "bytes",
    "KiBy": "kibibytes",
    "MiBy": "mebibytes",
    "GiBy": "gibibytes",
    "TiBy": "tibibytes",
    "KBy": "kilobytes",
    "MBy": "megabytes",
    "GBy": "gigabytes",
    "TBy": "terabytes",
    "m": "meters",
    "V": "volts",
    "A": "amperes",
    "J": "joules",
    "W": "watts",
    "g": "grams",
    "Cel": "celsius",
    "Hz": "hertz",
    "%": "percent",
}
_PER = {"s": "second", "m": "minute", "min": "minute", "h": "hour", "d": "day", "w": "week", "mo": "month", "y": "year"}

Labels = tuple[tuple[str, str], ...]


def families(contents: Contents, names: Names, problems: list[str]) -> list[Metric]:
    """The families of all streams, in the order in which they were made. What cannot be read is said in `problems`."""
    found: dict[str, _Family] = {}
    for stream in contents.streams():
        try:
            type = _type(stream)
            own = _named(stream, type)
            name = names.chosen(own, type, ("otel", type, own, *stream.args["bounds"]), type)
            if name not in found:
                found[name] = _Family(Metric(name, contents.readings.description(stream), type))
            found[name].add(stream, contents.readings.of(stream))
        except (SegmentError, ValueError, ArithmeticError, LookupError, TypeError) as error:
            problems.append(f"{stream.name}: {error}")
    for family in found.values():
        family.metric.samples = list(family.samples())
    return [family.metric for family in found.values()]


# ---- names and labels


def _type(stream: Found) -> str:
    aggregation = stream.args["aggregation"]
    if aggregation in (HISTOGRAM, EXPONENTIAL):
        return "histogram"
    return "gauge" if aggregation == LAST or stream.args["kind"] not in MONOTONIC else "counter"


def _named(stream: Found, type: str) -> str:
    """The name of its family: that of a counter ends without `_total`, which its samples have."""
    name = re.sub("__+", "_", allowed(stream.args["name"]))
    if type == "counter":
        name = name.removesuffix("_total") or name
    unit = _unit(stream.args["unit"], type)
    return name if not unit or f"_{unit}_" in f"_{name}_" else f"{name}_{unit}"


def _unit(given: str, type: str) -> str:
    """How a unit is written behind a name; "" for none, and for what stands in braces."""
    text = re.sub(r"\{[^}]*\}", "", given).strip()
    if text == "1":
        return "ratio" if type == "gauge" else ""
    above, _, below = text.partition("/")
    parts = [_UNITS.get(above, above), f"per_{_PER.get(below, below)}" if below else ""]
    return re.sub("__+", "_", "_".join(re.sub("[^a-zA-Z0-9]", "_", part) for part in parts if part)).strip("_")


def _labels(stream: Found, given: Mapping[str, str], type: str) -> Labels:
    scope = {"otel_scope_name": stream.args["meter"], "otel_scope_version": stream.args["version"] or ""}
    found: dict[str, list[str]] = {name: [value] for name, value in scope.items() if value}
    for name, text in sorted(given.items()):
        label = allowed(name)
        found.setdefault(f"{label}_" if (label, type) == ("le", "histogram") else label, []).append(_plain(text))
    return tuple((name, ";".join(values)) for name, values in found.items())


def _plain(text: str) -> str:
    """The text of an attribute: what would be taken for JSON is kept in quotes (attributes.py)."""
    return str(json.loads(text)) if text.startswith('"') and text.endswith('"') and len(text) > 1 else text


# ---- numbers


class _Family:
    """What one family has of one stream or several."""

    def __init__(self, metric: Metric) -> None:
        self.metric = metric
        self._points: dict[Labels, dict[float, float]] = {}
        """By labels: the number, or a histogram's sum, under `_VALUE`; the counts of its buckets by their bounds."""
        self._made: dict[Labels, float] = {}

    def add(self, stream: Found, readings: Iterator[Reading]) -> None:
        """Raises: SegmentError - damaged. MemoryError."""
        for reading in readings:
            labels = _labels(stream, reading.labels, self.metric.type)
            point, made = self._points.setdefault(labels, {}), reading.since_ns / 1e9
            self._made[labels] = min(made, self._made.get(labels, made))
            for place, number in _numbers(stream, reading):
                is_last = stream.args["aggregation"] == LAST
                point[place] = number if is_last else point.get(place, 0.0) + number

    def samples(self) -> Iterator[Sample]:
        """Them, in the order in which sets of attributes were made."""
        name, type = self.metric.name, self.metric.type
        for labels, point in self._points.items():
            own = dict(labels)
            if type == "histogram":
                yield from _histogram(name, own, point)
            else:
                yield Sample(f"{name}_total" if type == "counter" else name, own, point[_VALUE])
            if type != "gauge" and client._use_created:
                yield Sample(f"{name}_created", own, self._made[labels])


_VALUE = -math.inf
"""Where a number stands that is no count of a bucket: no bucket ends there."""


def _numbers(stream: Found, reading: Reading) -> Iterator[tuple[float, float]]:
    """What a reading has: `_VALUE` or the upper bound of a bucket, and a number."""
    numbers, aggregation = reading.numbers, stream.args["aggregation"]
    if aggregation == HISTOGRAM:
        yield _VALUE, numbers[TOTAL]
        yield from zip([*stream.args["bounds"], math.inf], numbers[COUNTS:], strict=True)
    elif aggregation != EXPONENTIAL:
        yield _VALUE, numbers[0]
    elif reading.window is None:
        yield _VALUE, numbers[TOTAL]
        if numbers[ZEROS]:
            yield 0.0, numbers[ZEROS]
    else:
        for at, count in enumerate(numbers):
            if count:  # its lower bound as well: what lies between two bounds is taken for one bucket
                number = reading.window * WINDOW + at >> SCALE - _PER_OCTAVE
                yield from ((_bound(number), 0.0), (_bound(number + 1), count))


def _bound(number: int) -> float:
    """The lower bound of a bucket of an exponential histogram, as it is exposed."""
    octave, part = divmod(number, 1 << _PER_OCTAVE)
    return math.inf if octave >= 1024 else math.ldexp(2.0 ** (part / (1 << _PER_OCTAVE)), octave)


def _histogram(name: str, labels: dict[str, str], point: dict[float, float]) -> Iterator[Sample]:
    buckets = sorted({math.inf: 0.0, **{bound: count for bound, count in point.items() if bound != _VALUE}}.items())
    written: Any = floatToGoString
    totals = [*accumulate(count for _, count in buckets)]
    for (bound, _), total in zip(buckets, totals, strict=True):
        yield Sample(f"{name}_bucket", {**labels, "le": written(bound)}, total)
    if buckets[0][0] >= 0:  # else OpenMetrics has neither
        yield Sample(f"{name}_count", labels, totals[-1])
        yield Sample(f"{name}_sum", labels, point.get(_VALUE, 0.0))
