"""From what is in a segment to prometheus_client's samples, in the order and the form in which it makes them itself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from prometheus_client import metrics as client
from prometheus_client.metrics_core import Metric
from prometheus_client.samples import Exemplar, Sample
from prometheus_client.utils import floatToGoString

from rseq._metrics import exemplars, native

if TYPE_CHECKING:
    from rseq._metrics.reading import Gathered, Reader, Row

SUMMARY_COUNT, SUMMARY_SUM = range(2)
HISTOGRAM_SUM, HISTOGRAM_BUCKETS = range(2)


def metric_of(reader: Reader, family: Gathered) -> Metric:
    """A family with all its samples. It is one that somebody has said something about."""
    assert family.about is not None
    about = family.about
    metric = Metric(about.name, about.documentation, about.type, about.unit)
    metric.samples = samples(reader, family, about.type, about.name)
    return metric


def samples(reader: Reader, family: Gathered, type: str, name: str) -> list[Sample]:
    """The samples of a family, of all processes. Threads: any."""
    with reader.turn:
        return list(_samples(reader, family, type, name))


def _samples(reader: Reader, family: Gathered, type: str, name: str) -> Iterator[Sample]:
    if type == "counter":
        return _counters(family, name)
    if type == "summary":
        return _summaries(family, name)
    if type == "histogram":
        return _histograms(family, name)
    if type == "gauge":
        return _gauges(reader, family, name)
    return _states(family, name) if type == "stateset" else _infos(family, name)


def _counters(family: Gathered, name: str) -> Iterator[Sample]:
    total, created = f"{name}_total", f"{name}_created"
    for row, (value,), made in family.numbers():
        yield Sample(total, dict(row.labels), value, None, _exemplar(row, 0))
        if client._use_created:
            yield Sample(created, dict(row.labels), made)


def _summaries(family: Gathered, name: str) -> Iterator[Sample]:
    for row, numbers, made in family.numbers():
        yield Sample(f"{name}_count", dict(row.labels), numbers[SUMMARY_COUNT])
        yield Sample(f"{name}_sum", dict(row.labels), numbers[SUMMARY_SUM])
        if client._use_created:
            yield Sample(f"{name}_created", dict(row.labels), made)


def _histograms(family: Gathered, name: str) -> Iterator[Sample]:
    """Those of the same labels with other buckets, from another version of the program, are put together."""
    merged: dict[tuple[tuple[str, str], ...], list[tuple[Row, list[float], float]]] = {}
    for row, numbers, made in family.numbers():
        merged.setdefault(tuple(row.labels.items()), []).append((row, numbers, made))
    for parts in merged.values():
        yield from _histogram(name, parts)


def _histogram(name: str, parts: list[tuple[Row, list[float], float]]) -> Iterator[Sample]:
    labels = parts[0][0].labels
    buckets: dict[str, tuple[float, Exemplar | None]] = {}
    for row, numbers, _ in parts:
        for number, bound in enumerate(row.bounds, HISTOGRAM_BUCKETS):
            value, exemplar = buckets.get(bound, (0.0, None))
            buckets[bound] = value + numbers[number], exemplar or _exemplar(row, number)
    if native.is_wanted() and len(parts) == 1 and parts[0][0].native:
        yield _native(name, *parts[0])
    total = 0.0
    for bound, (value, exemplar) in buckets.items() if len(parts) == 1 else sorted(buckets.items(), key=_bound):
        total += value
        yield Sample(f"{name}_bucket", {**labels, "le": bound}, total, None, exemplar)
    yield Sample(f"{name}_count", dict(labels), total)
    if all(float(row.bounds[0]) >= 0 for row, *_ in parts):
        yield Sample(f"{name}_sum", dict(labels), sum(numbers[HISTOGRAM_SUM] for _, numbers, _ in parts))
    if client._use_created:
        yield Sample(f"{name}_created", dict(labels), min(made for *_, made in parts))


def _native(name: str, row: Row, numbers: list[float], _: float) -> Sample:
    assert row.native is not None
    counts, total = numbers[HISTOGRAM_BUCKETS:], numbers[HISTOGRAM_SUM]
    found = native.histogram(counts, total, *row.native, float(row.bounds[0]))
    return Sample(name, dict(row.labels), 0.0, None, None, found)


def _bound(item: tuple[str, object]) -> float:
    return float(item[0])


def _gauges(reader: Reader, family: Gathered, name: str) -> Iterator[Sample]:
    for labels, lines in list(family.gauges.values()):
        for pid, value in lines.samples(reader.lives):
            yield Sample(name, dict(labels) if pid is None else {**labels, "pid": pid}, value)


def own_gauge(name: str, labels: dict[str, str], value: float) -> Sample:
    """The sample of a gauge whose value a function of this process returns."""
    return Sample(name, {**labels, "pid": str(os.getpid())}, value)


def _states(family: Gathered, name: str) -> Iterator[Sample]:
    for labels, states, word in list(family.enums):
        if now := word.words[0]:
            for number, state in enumerate(states, 1):
                yield Sample(name, {**labels, name: state}, 1 if number == now else 0)


def _infos(family: Gathered, name: str) -> Iterator[Sample]:
    for said in list(family.infos.values()):
        labels, value, word = max(said, key=lambda one: one[2].words[0])
        if word.words[0]:
            yield Sample(f"{name}_info", {**labels, **value}, 1.0)


def _exemplar(row: Row, number: int) -> Exemplar | None:
    buffer = row.exemplars.get(number)
    return None if buffer is None else exemplars.read(buffer)


def bounds_of(metric: client.Histogram) -> list[str]:
    """The upper bounds of a histogram's buckets, as they are written."""
    written: Any = floatToGoString
    return [written(bound) for bound in metric._upper_bounds]
