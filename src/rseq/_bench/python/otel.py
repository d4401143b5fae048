"""OpenTelemetry's `add`: into a segment, beside the SDK's own, and beside `rseq.metrics.Counter`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from rseq._bench.python.loop import installed, loop
from rseq._bench.run import Implementation, Operation, counted, threaded
from rseq._percpu.shared.segment import Segment

_NO_SDK = "opentelemetry-sdk is not installed."
_ATTRIBUTES = {"method": "GET", "path": "/"}


def _total(collect: Callable[[], Any]) -> int:
    """What the only counter of a provider has counted."""
    data = collect()
    if data is None:
        return 0
    return int(data.resource_metrics[0].scope_metrics[0].metrics[0].data.data_points[0].value)


def _rseq(attributes: Mapping[str, str] | None, workers: int) -> Implementation:
    installed("opentelemetry.sdk.metrics", _NO_SDK)
    from rseq.metrics.opentelemetry import MeterProvider

    provider = MeterProvider(Segment(), shutdown_on_exit=False)
    counter = provider.get_meter("rseq._bench").create_counter("rseq_bench")
    work = _adding(counter, attributes)
    return threaded("rseq", "rseq: counter.add(1)", work, counted(partial(_total, provider.collect)))


def _sdk(attributes: Mapping[str, str] | None, workers: int) -> Implementation:
    metrics = installed("opentelemetry.sdk.metrics", _NO_SDK)
    reader = metrics.export.InMemoryMetricReader()
    counter = metrics.MeterProvider([reader]).get_meter("rseq._bench").create_counter("rseq_bench")
    work = _adding(counter, attributes)
    return threaded(
        "opentelemetry", "opentelemetry: counter.add(1)", work, counted(partial(_total, reader.get_metrics_data))
    )


def _adding(counter: Any, attributes: Mapping[str, str] | None) -> Any:
    if attributes is None:
        return loop("counter.add(1)", counter=counter)
    return loop("counter.add(1, attributes)", counter=counter, attributes=attributes)


def _inc(workers: int) -> Implementation:
    from rseq.metrics import Counter

    counter = Counter("rseq_bench", "Counted by rseq bench.", segment=Segment(), registry=None)
    work = loop("counter.inc()", counter=counter)
    return threaded("rseq-inc", "rseq.metrics.Counter: inc()", work, counted(lambda: int(_value(counter))))


def _inc_labels(workers: int) -> Implementation:
    from rseq.metrics import Counter

    counter = Counter("rseq_bench", "Counted by rseq bench.", ["method", "path"], segment=Segment(), registry=None)
    child = counter.labels(*_ATTRIBUTES.values())
    work = loop('counter.labels("GET", "/").inc()', counter=counter)
    return threaded(
        "rseq-inc", 'rseq.metrics.Counter: labels("GET", "/").inc()', work, counted(lambda: int(_value(child)))
    )


def _value(counter: Any) -> float:
    return float(counter.value)


ADD = Operation(
    name="otel-add",
    title="OpenTelemetry's add()",
    unit="update",
    makers={"rseq": partial(_rseq, None), "rseq-inc": _inc, "opentelemetry": partial(_sdk, None)},
)

ADD_ATTRIBUTES = Operation(
    name="otel-add-attributes",
    title="OpenTelemetry's add() with two attributes",
    unit="update",
    makers={"rseq": partial(_rseq, _ATTRIBUTES), "rseq-inc": _inc_labels, "opentelemetry": partial(_sdk, _ATTRIBUTES)},
)
