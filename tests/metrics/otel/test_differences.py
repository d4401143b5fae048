"""Exported differences add up to what was counted, whoever exports, and whatever has not arrived."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from opentelemetry.sdk.metrics.export import MetricExportResult
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource

import rseq
from metrics.otel.providers import LONG_S, counted, provider
from metrics.otel.telling import DELTA, Kept, plain, points_of, sums, values
from support import ThreadSet


def test_differences_add_up_to_what_was_counted_whoever_exports() -> None:
    segment, told = rseq.Segment(), []
    for turn in range(5):
        exporter = Kept(DELTA)
        made, requests, sizes = counted(exporter, segment)
        for number in range(turn + 1):
            requests.add(number, {"a": "b"})
            sizes.record(number)
            assert made.force_flush()
        made.shutdown()
        told += exporter.told
    assert sums(told_of(told, "requests"), "requests") == sum(sum(range(turn + 1)) for turn in range(5))
    points = [point for one in told_of(told, "sizes") for name, point in points_of(one) if name == "sizes"]
    assert sum(point["count"] for point in points) == 15
    assert sum(point["sum"] for point in points) == sum(sum(range(turn + 1)) for turn in range(5))
    assert [point["start_time_unix_nano"] for point in points[1:]] == [p["time_unix_nano"] for p in points[:-1]]
    assert all(point["start_time_unix_nano"] < point["time_unix_nano"] for point in points)


def told_of(told: list[Any], name: str) -> list[Any]:
    """What was told, as JSON, of exports that had that metric."""
    return [plain(one) for one in told if any(name == found for found, _ in points_of(plain(one)))]


def test_threads_that_count_while_differences_are_exported_lose_nothing(threads: ThreadSet) -> None:
    exporter, segment = Kept(DELTA), rseq.Segment()
    made, requests, sizes = counted(exporter, segment)
    has_told, has_ended = threading.Event(), threading.Event()

    def count(number: int) -> None:
        for turn in range(600):
            if turn == 300:  # so that something is told in the middle
                assert has_told.wait(LONG_S)
            requests.add(1, {"thread": number, "turn": turn % 7})
            sizes.record(turn % 50, {"thread": number} if turn % 2 else {"turn": "even"})

    def export() -> None:
        while not has_ended.is_set():
            made.force_flush()
            if exporter.told:
                has_told.set()

    exporting = threads.start(export)
    counting = [threads.start(count, number) for number in range(4)]
    for thread in counting:
        thread.join(LONG_S)
    has_ended.set()
    exporting.join(LONG_S)
    threads.join()
    assert made.force_flush()
    told = [plain(one) for one in exporter.told]
    assert sums(told, "requests") == 4 * 600
    points = [point for one in told for name, point in points_of(one) if name == "sizes"]
    assert sum(point["count"] for point in points) == 4 * 600
    assert sum(point["sum"] for point in points) == 4 * sum(turn % 50 for turn in range(600))
    assert len(told) > 1


def test_a_clock_that_is_set_back_keeps_intervals_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    exporter, segment = Kept(DELTA), rseq.Segment()
    made, requests, _ = counted(exporter, segment)
    for _ in range(3):
        requests.add(1)
        assert made.force_flush()
        monkeypatch.setattr(time, "time_ns", lambda: 5)
    points = [point for one in exporter.told for _, point in points_of(plain(one))]
    assert [point["value"] for point in points] == [1, 1, 1]
    assert all(point["start_time_unix_nano"] < point["time_unix_nano"] for point in points)
    assert [point["start_time_unix_nano"] for point in points[1:]] == [p["time_unix_nano"] for p in points[:-1]]


def test_what_has_not_changed_is_no_difference() -> None:
    exporter, segment = Kept(DELTA), rseq.Segment()
    made, requests, _ = counted(exporter, segment)
    requests.add(1, {"a": 1})
    assert made.force_flush()
    assert made.force_flush()
    requests.add(2, {"a": 2})
    assert made.force_flush()
    assert [values(one) for one in exporter.told] == [{("requests", 1): 1}, {("requests", 2): 2}]


def test_differences_of_exponential_histograms_and_of_what_goes_up_and_down() -> None:
    exporter = Kept(DELTA)
    made = provider(
        exporter,
        rseq.Segment(),
        views=[View(instrument_name="sizes", aggregation=ExponentialBucketHistogramAggregation())],
    )
    meter = made.get_meter("shop")
    sizes, active = meter.create_histogram("sizes"), meter.create_up_down_counter("active")
    for amounts in ([0, 1, 1e6], [3.0], [1e-9, 0]):
        for amount in amounts:
            sizes.record(amount)
        active.add(-len(amounts))
        assert made.force_flush()
    assert [values(one, "count")["sizes",] for one in told_of(exporter.told, "sizes")] == [3, 1, 2]
    found = [dict(points_of(plain(one))) for one in exporter.told]
    assert [one["active"]["value"] for one in found] == [-3, -1, -2]
    assert [one["sizes"]["zero_count"] for one in found] == [1, 0, 1]
    assert [sum(one["sizes"]["positive"]["bucket_counts"]) for one in found] == [2, 1, 1]


def test_what_may_not_have_arrived_is_sent_again_as_it_was_and_then_the_rest() -> None:
    exporter, segment = Kept(DELTA), rseq.Segment()
    made, requests, _ = counted(exporter, segment)
    requests.add(1)
    assert made.force_flush()
    lost = Kept(DELTA)
    lost.failures = 1
    other, requests, _ = counted(lost, segment)
    made.shutdown()
    requests.add(10)
    assert not other.force_flush()
    requests.add(100)
    requests.add(1000, {"new": "one"})
    assert not any(lost.told)
    assert other.force_flush()
    assert [values(one) for one in lost.told] == [{("requests",): 10}, {("requests",): 100, ("requests", "one"): 1000}]
    ((_, again),) = points_of(plain(lost.told[0]))
    first, *_ = (point for _, point in points_of(plain(lost.told[1])))
    assert again["time_unix_nano"] == first["start_time_unix_nano"]


def test_it_is_sent_again_with_the_resource_with_which_it_was_sent() -> None:
    segment, exporter = rseq.Segment(), Kept(DELTA)
    failing = Kept(DELTA)
    failing.failures = 1
    old = provider(failing, segment, resource=Resource({"service.name": "shop", "service.version": "1"}))
    old.get_meter("shop").create_counter("requests").add(1)
    assert not old.force_flush()
    failing.failures = 9
    old.shutdown()
    new = provider(exporter, segment, resource=Resource({"service.name": "shop", "service.version": "2"}))
    new.get_meter("shop").create_counter("requests").add(1)
    assert new.force_flush()
    versions = [plain(one)["resource_metrics"][0]["resource"]["attributes"]["service.version"] for one in exporter.told]
    assert versions == ["1", "2"]


def test_an_exporter_that_raises_loses_nothing(caplog: pytest.LogCaptureFixture) -> None:
    exporter, segment = Kept(DELTA), rseq.Segment()
    made, requests, _ = counted(exporter, segment)
    requests.add(5)

    def fail(*_: object, **__: object) -> MetricExportResult:
        raise OSError("no route")

    exporter.export = fail  # type: ignore[method-assign]
    assert not made.force_flush()
    assert "no route" in caplog.text
    del exporter.export
    assert made.force_flush()
    assert sums(map(plain, exporter.told), "requests") == 5


def test_sums_since_the_beginning_need_no_rounds() -> None:
    exporter, segment = Kept(), rseq.Segment()
    made, requests, _ = counted(exporter, segment)
    exporter.failures = 1
    requests.add(1)
    assert not made.force_flush()
    requests.add(1)
    assert made.force_flush()
    assert [values(one) for one in exporter.told] == [{("requests",): 2}]
    assert not any(name.startswith("exported") for name in segment)
