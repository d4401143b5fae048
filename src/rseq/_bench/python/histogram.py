"""An observation that is counted by bucket, and added to a sum, from Python."""

from __future__ import annotations

import threading
from typing import Any

from rseq._bench.native.histogram import BOUNDS
from rseq._bench.python.loop import installed, loop
from rseq._bench.run import Implementation, Operation, counted, threaded
from rseq._once import load
from rseq._structures.histogram import Histogram

_X = 0.3


def _rseq(workers: int) -> Implementation:
    histogram = Histogram(BOUNDS)
    work = loop("histogram.observe(x)", histogram=histogram, x=_X)
    return threaded("rseq", "rseq: histogram.observe(x)", work, counted(lambda: int(histogram.count)))


def _rseq_name(workers: int) -> Implementation:
    histogram = Histogram(BOUNDS)
    work = loop("observe(x)", observe=histogram.observe, x=_X)
    return threaded("rseq-name", "rseq: observe(x)", work, counted(lambda: int(histogram.count)))


def _prometheus(workers: int) -> Implementation:
    client = installed("prometheus_client")
    histogram = client.Histogram("rseq_bench", "Observed by rseq bench.", registry=None, buckets=BOUNDS)

    def total() -> int:
        samples = {sample.name: sample.value for sample in next(iter(histogram.collect())).samples}
        return int(samples["rseq_bench_count"])

    work = loop("histogram.observe(x)", histogram=histogram, x=_X)
    return threaded("prometheus", "prometheus_client: observe(x)", work, counted(total))


def _opentelemetry(workers: int) -> Implementation:
    metrics = installed("opentelemetry.sdk.metrics", "opentelemetry-sdk is not installed.")
    reader = metrics.export.InMemoryMetricReader()
    meter = metrics.MeterProvider(metric_readers=[reader]).get_meter("rseq._bench")
    histogram = meter.create_histogram("rseq_bench", explicit_bucket_boundaries_advisory=list(BOUNDS))
    work = loop("histogram.record(x)", histogram=histogram, x=_X)
    return threaded("opentelemetry", "opentelemetry: record(x)", work, counted(lambda: _recorded(reader)))


def _recorded(reader: Any) -> int:
    """How many observations the only histogram of a reader has."""
    data = reader.get_metrics_data()
    if data is None:
        return 0
    points = data.resource_metrics[0].scope_metrics[0].metrics[0].data.data_points
    return int(points[0].count)


def _numpy(workers: int) -> Implementation:
    load("numpy")
    import numpy as np

    counts, sums, bounds = np.zeros(len(BOUNDS) + 1, np.int64), np.zeros(1), np.array(BOUNDS)
    work = loop(
        "with lock:\n    counts[search(x)] += 1\n    sums[0] += x",
        lock=threading.Lock(),
        counts=counts,
        sums=sums,
        search=bounds.searchsorted,
        x=_X,
    )
    return threaded("numpy-lock", "NumPy under threading.Lock", work, counted(lambda: int(counts.sum())))


HISTOGRAM = Operation(
    name="histogram-python",
    title="observation in 15 buckets, from Python",
    unit="observation",
    makers={
        "rseq": _rseq,
        "rseq-name": _rseq_name,
        "numpy-lock": _numpy,
        "prometheus": _prometheus,
        "opentelemetry": _opentelemetry,
    },
)
