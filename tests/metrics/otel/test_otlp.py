"""Against OpenTelemetry's own exporter, and a receiver that reads its protocol: protobuf over HTTP, on loopback."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View

import rseq
from metrics.otel.receiver import Receiver
from metrics.otel.telling import DELTA, NEVER
from rseq.metrics.opentelemetry import MeterProvider
from shared.folders import Program


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


def _provider(receiver: Receiver, segment: rseq.Segment, **more: Any) -> MeterProvider:
    exporter = OTLPMetricExporter(endpoint=receiver.endpoint, **more)
    views = [View(instrument_name="exp", aggregation=ExponentialBucketHistogramAggregation())]
    return MeterProvider(segment, exporter=exporter, views=views, export_interval_millis=NEVER, shutdown_on_exit=False)


def test_each_kind_of_instrument_arrives(receiver: Receiver) -> None:
    made = _provider(receiver, rseq.Segment())
    meter = made.get_meter("shop", "1")
    meter.create_counter("requests", "1", "Requests.").add(3, {"code": 200, "ok": True})
    meter.create_counter("seconds").add(0.5)
    meter.create_up_down_counter("active").add(-2)
    meter.create_gauge("level").set(1.5)
    meter.create_histogram("sizes", explicit_bucket_boundaries_advisory=[1, 2]).record(1.5)
    meter.create_histogram("exp").record(4)
    assert made.force_flush()
    made.shutdown()
    found = {name: (metric, point) for name, metric, point in receiver.points()}
    assert found["requests"][1].as_int == 3
    assert {one.key: str(one.value).strip() for one in found["requests"][1].attributes} == {
        "code": "int_value: 200",
        "ok": "bool_value: true",
    }
    assert (found["requests"][0].sum.is_monotonic, found["active"][0].sum.is_monotonic) == (True, False)
    assert (found["seconds"][1].as_double, found["active"][1].as_int, found["level"][1].as_double) == (0.5, -2, 1.5)
    sizes, exponential = found["sizes"][1], found["exp"][1]
    assert (list(sizes.bucket_counts), list(sizes.explicit_bounds), sizes.sum) == ([0, 1, 0], [1, 2], 1.5)
    assert not sizes.HasField("min")
    assert (exponential.scale, exponential.positive.offset, list(exponential.positive.bucket_counts)) == (5, 63, [1])


def test_a_receiver_that_kills_the_exporter_before_it_answers_gets_the_same_once_more(receiver: Receiver) -> None:
    made = _provider(receiver, rseq.Segment(), preferred_temporality=DELTA)
    counter = made.get_meter("shop").create_counter("requests")
    counted = 0
    for number in range(1, 6):
        counter.add(number)
        counted += number
        worker = os.fork()
        if worker == 0:
            counter.add(100)
            exporter = OTLPMetricExporter(
                endpoint=receiver.endpoint, headers={"X-Process": str(os.getpid())}, preferred_temporality=DELTA
            )
            made._exporting._exporter = exporter
            made._exporting.export()
            os._exit(1)
        receiver.answer = lambda pid: os.kill(pid, signal.SIGKILL) or 200 if pid else 200
        counted += 100
        assert os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1]) == -signal.SIGKILL
        if number % 2:
            assert made._exporting.export()
            made._exporting._only_one = None
    intervals = receiver.intervals("requests")
    assert len(list(receiver.points())) > len(intervals)
    assert sum(point.as_int for point in intervals) == counted


def test_what_a_receiver_refuses_is_sent_again(receiver: Receiver) -> None:
    made = _provider(receiver, rseq.Segment(), preferred_temporality=DELTA)
    counter = made.get_meter("shop").create_counter("requests")
    counter.add(1)
    receiver.answer = lambda pid: 400
    assert not made.force_flush()
    receiver.answer = lambda pid: 200
    counter.add(10)
    assert made.force_flush()
    assert [point.as_int for _, _, point in receiver.points()] == [1, 1, 10]


@pytest.mark.slow
def test_spawned_workers_are_killed_and_nothing_is_missing_at_the_receiver(receiver: Receiver) -> None:
    code = f"""
        import os
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
        from metrics.otel.telling import DELTA
        from rseq.metrics.opentelemetry import MeterProvider
        exporter = OTLPMetricExporter(endpoint={receiver.endpoint!r}, preferred_temporality=DELTA)
        made = MeterProvider("shop", exporter=exporter, export_interval_millis=5)
        counter = made.get_meter("shop").create_counter("requests")
        say("ready")
        while (wanted := int(ask())):
            for _ in range(wanted):
                counter.add(1, {{"a": "b"}})
            say("done")
        made.shutdown()
    """
    counted, held = 0, rseq.Segment("shop")
    for killed in (True, True, True, False):
        with Program(code) as first, Program(code) as second:
            for worker in (first, second):
                assert worker.hear() == "ready"
            for number in range(1, 20):
                for worker in (first, second):
                    worker.tell(str(number))
                for worker in (first, second):
                    assert worker.hear() == "done"
                counted += 2 * number
            if killed:
                first.process.kill()
                second.process.kill()
            else:
                for worker in (first, second):
                    worker.tell("0")
                    assert worker.end() == 0
    assert held.name == "shop"  # it lived when all had been killed
    assert sum(point.as_int for point in receiver.intervals("requests")) == counted


def test_the_exporter_s_own_requests_are_not_told_of(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    from opentelemetry import context

    seen = []
    made = _provider(receiver, rseq.Segment())
    made.get_meter("shop").create_counter("requests").add(1)
    export = made._exporter.export  # type: ignore[union-attr]

    def look(*given: Any, **more: Any) -> Any:
        seen.append(context.get_value(context._SUPPRESS_INSTRUMENTATION_KEY))
        return export(*given, **more)

    monkeypatch.setattr(made._exporter, "export", look)
    assert made.force_flush()
    assert seen == [True]
    assert context.get_value(context._SUPPRESS_INSTRUMENTATION_KEY) is None
