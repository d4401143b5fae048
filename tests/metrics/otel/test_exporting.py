"""One process exports for all; when it ends, by whatever, another goes on where it was."""

from __future__ import annotations

import logging
import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.metrics import Observation
from opentelemetry.sdk.metrics import ObservableCounter
from opentelemetry.sdk.metrics.export import AggregationTemporality, MetricExportResult
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View

import rseq
from metrics.otel.providers import LONG_S, provider
from metrics.otel.telling import DELTA, Kept, Told, in_child, lines, plain, points_of, values
from rseq._metrics.blocks import made as block
from rseq._percpu.shared.extents import Wanted
from rseq._percpu.shared.layout import SegmentError
from shared.folders import Program


def test_what_forked_workers_count_is_exported_once() -> None:
    exporter = Kept()
    made = provider(exporter, rseq.Segment())
    meter = made.get_meter("shop")
    requests, sizes = meter.create_counter("requests"), meter.create_histogram("sizes")

    def work() -> None:
        for number in range(100):
            requests.add(1, {"code": 200})
            sizes.record(number)
        meter.create_counter("late").add(1)

    for end in (None, signal.SIGKILL, signal.SIGKILL):
        in_child(work, end)
    assert made.force_flush()
    (told,) = exporter.told
    assert values(told) == {("requests", 200): 300, ("late",): 3}
    found = dict(points_of(plain(told)))
    assert (found["sizes"]["count"], found["sizes"]["sum"]) == (300, 3 * sum(range(100)))


def test_one_of_spawned_workers_exports_and_another_takes_over(tmp_path: Path) -> None:
    code = f"""
        import sys
        from pathlib import Path
        from metrics.otel.telling import Told, NEVER
        from rseq.metrics.opentelemetry import MeterProvider
        made = MeterProvider("shop", exporter=Told(Path({str(tmp_path / "told")!r})), export_interval_millis=NEVER)
        counter = made.get_meter("shop").create_counter("requests")
        say("ready")
        while (what := ask()):
            counter.add(1, {{"a": 1, "b": "x"}} if what == "odd" else {{"b": "x", "a": 1}})
            say(made._exporting.export(), made.is_exporting)
    """
    with Program(code) as first, Program(code) as second:
        assert (first.hear(), second.hear()) == ("ready", "ready")
        first.tell("odd")
        assert first.hear() == "True True"
        second.tell("even")
        assert second.hear() == "False False"
        first.tell("even")
        assert first.hear() == "True True"
        first.kill()
        second.tell("odd")
        assert second.hear() == "True True"
    told = lines(tmp_path / "told")
    found = [point for one in told for _, point in points_of(one["told"])]
    assert [point["value"] for point in found] == [1, 3, 4]
    assert len({point["start_time_unix_nano"] for point in found}) == 1
    assert {one["pid"] for one in told} == {first.process.pid, second.process.pid}
    assert len({str(one["told"]["resource_metrics"][0]["resource"]) for one in told}) == 1


def test_a_forked_child_has_not_its_parent_s_turn_and_takes_it_when_that_is_killed(tmp_path: Path) -> None:
    exporter, segment = Told(tmp_path / "told"), rseq.Segment()
    made = provider(exporter, segment)
    counter = made.get_meter("shop").create_counter("requests")
    counter.add(1)
    ready, parent_is_gone = os.pipe(), os.pipe()

    def grandchild() -> None:
        assert not made.is_exporting
        counter.add(1)
        assert not made._exporting.export()
        os.write(ready[1], b"x")
        os.close(parent_is_gone[1])
        os.read(parent_is_gone[0], 1)  # until nobody can write any more
        counter.add(1)
        assert made._exporting.export()
        assert made.is_exporting
        os.write(ready[1], b"y")

    def child() -> None:
        assert made.force_flush()
        if os.fork() == 0:
            try:
                grandchild()
            finally:
                os._exit(0)
        assert os.read(ready[0], 1) == b"x"

    pid = os.fork()
    if pid == 0:
        try:
            child()
        finally:
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(parent_is_gone[1])
    assert os.read(ready[0], 1) == b"y"
    assert [next(points_of(one["told"]))[1]["value"] for one in lines(tmp_path / "told")] == [1, 3]


class _Heard(Kept):
    """Says when it is told something."""

    def __init__(self, fd: int, **more: Any) -> None:
        super().__init__(**more)
        self.fd = fd

    def export(self, metrics_data: Any, timeout_millis: float = 10_000, **_: Any) -> MetricExportResult:
        """Write the process's number."""
        os.write(self.fd, f"{os.getpid()}\n".encode())
        return MetricExportResult.SUCCESS


def test_a_thread_exports_at_each_interval_and_another_process_s_takes_over() -> None:
    heard = os.pipe()
    made = provider(_Heard(heard[1]), rseq.Segment(), export_interval_millis=20)
    made.get_meter("shop").create_counter("requests").add(1)
    with os.fdopen(heard[0]) as said:
        assert int(said.readline()) == os.getpid()
        child = os.fork()
        if child == 0:
            threading.Event().wait(LONG_S)
            os._exit(1)
        assert int(said.readline()) == os.getpid()  # as long as it lives
        made.shutdown()
        while int(said.readline()) != child:  # what is left of before
            pass
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_a_flush_in_any_process_is_done_by_the_one_that_exports() -> None:
    heard = os.pipe()
    made = provider(_Heard(heard[1]), rseq.Segment(), export_interval_millis=3_600_000)
    counter = made.get_meter("shop").create_counter("requests")
    counter.add(1)
    assert made.force_flush()

    def work() -> None:
        counter.add(1)
        assert made.force_flush(LONG_S * 1e3)
        assert not made.is_exporting

    in_child(work)
    with os.fdopen(heard[0]) as said:
        assert [int(said.readline()) for _ in range(2)] == [os.getpid()] * 2
    made.shutdown()


def test_a_flush_without_an_exporter_asks_whoever_has_one() -> None:
    segment = rseq.Segment()
    only_counts, exporter = provider(None, segment), Kept()
    only_counts.get_meter("shop").create_counter("requests").add(1)
    assert not only_counts.force_flush()
    exports = provider(exporter, segment, export_interval_millis=3_600_000)
    assert exports.force_flush()
    assert only_counts.force_flush(LONG_S * 1e3)
    assert len(exporter.told) == 2
    exports.shutdown()


def test_a_flush_that_nobody_answers_in_time_says_so() -> None:
    exporter, segment = Kept(), rseq.Segment()
    exports = provider(exporter, segment)  # without a thread: it looks only when it is asked
    exports.get_meter("shop").create_counter("requests").add(1)
    assert exports.force_flush()
    assert not provider(Kept(), segment).force_flush(timeout_millis=20)
    assert len(exporter.told) == 1


def test_a_child_that_is_forked_while_the_turn_is_taken_does_not_keep_it() -> None:
    code = """
        import os, threading
        import rseq
        from metrics.otel.telling import Kept, NEVER
        from rseq._metrics.otel import exporting
        from rseq.metrics.opentelemetry import MeterProvider
        made = MeterProvider(rseq.Segment(), exporter=Kept(), export_interval_millis=NEVER, shutdown_on_exit=False)
        is_taken, is_forking, take = threading.Event(), threading.Event(), exporting.files.only_one

        def taken(fd):
            found = take(fd)
            is_taken.set()
            assert is_forking.wait(60)
            return found

        exporting.files.only_one = taken
        os.register_at_fork(before=is_forking.set)
        thread = threading.Thread(target=made._exporting.export)
        thread.start()
        assert is_taken.wait(60)
        released, told = os.pipe(), os.pipe()
        child = os.fork()
        if child == 0:
            os.read(released[0], 1)
            exporting.files.only_one = take
            os.write(told[1], b"y" if made._exporting.export() else b"n")
            os._exit(0)
        thread.join()
        made._exporting._only_one = None
        os.write(released[1], b"x")
        say(os.read(told[0], 1).decode())
        os.waitpid(child, 0)
    """
    with Program(code) as program:
        assert program.hear() == "y"


# ---- what is whose


def test_what_goes_up_and_down_is_of_those_that_live_and_a_gauge_is_what_was_set_last() -> None:
    made = provider(Kept(), rseq.Segment())
    meter = made.get_meter("shop")
    active, level = meter.create_up_down_counter("active"), meter.create_gauge("level")
    active.add(1)
    level.set(1)

    def work() -> None:
        active.add(10)
        level.set(10)
        assert values(made.collect()) == {("active",): 11, ("level",): 10}

    in_child(work, signal.SIGKILL)
    assert values(made.collect()) == {("active",): 1, ("level",): 10}
    level.set(2)
    assert values(made.collect()) == {("active",): 1, ("level",): 2}


def test_what_only_the_dead_have_added_is_0() -> None:
    made = provider(Kept(), rseq.Segment())
    in_child(lambda: made.get_meter("shop").create_up_down_counter("active").add(3), signal.SIGKILL)
    assert values(made.collect()) == {("active",): 0}


def test_observed_differences_are_to_what_has_arrived() -> None:
    exporter = Kept({ObservableCounter: AggregationTemporality.DELTA})
    made = provider(exporter, rseq.Segment())
    seconds = [3.0]
    made.get_meter("shop").create_observable_counter("cpu", [lambda _: [Observation(seconds[0], {"mode": "user"})]])
    for value, failures in ((3.0, 0), (5.0, 1), (10.0, 0)):
        seconds[0], exporter.failures = value, failures
        made.force_flush()
    assert [values(one) for one in exporter.told] == [{("cpu", "user"): 3.0}, {("cpu", "user"): 7.0}]
    first, second = (next(points_of(plain(one)))[1] for one in exporter.told)
    assert second["start_time_unix_nano"] == first["time_unix_nano"]


def test_a_forked_child_s_observations_begin_anew() -> None:
    exporter = Kept({ObservableCounter: AggregationTemporality.DELTA})
    made = provider(exporter, rseq.Segment())
    made.get_meter("shop").create_observable_counter("cpu", [lambda _: [Observation(4)]])
    assert made.force_flush()
    made._exporting._only_one = None

    def work() -> None:
        assert made.force_flush()
        (_, before), (_, after) = (next(points_of(plain(one))) for one in exporter.told)
        assert after["value"] == 4
        assert after["start_time_unix_nano"] > before["time_unix_nano"]

    in_child(work)


def test_a_callback_that_raises_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    made = provider(Kept(), rseq.Segment())

    def fail(options: Any) -> Any:
        raise ValueError("no sensor")

    made.get_meter("shop").create_observable_gauge("level", [fail])
    made.get_meter("shop").create_counter("requests").add(1)
    assert values(made.collect()) == {("requests",): 1}
    assert "no sensor" in caplog.text


# ---- harm


@pytest.mark.parametrize(
    "args",
    [
        {"kind": "nothing"},
        {"aggregation": "nothing"},
        {"bounds": ["x"]},
        {"meter": 5},
        {"of": {"a": 1}},
        {"size": None},
    ],
)
def test_a_damaged_stream_is_an_error_and_no_crash(args: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    segment = rseq.Segment()
    made = provider(Kept(), segment)
    good = {"meter": "m", "version": None, "schema_url": None, "of": {}, "name": "n", "unit": "", "kind": "counter"}
    block(
        segment,
        "Stream",
        "bad",
        {**good, "aggregation": "sum", "bounds": [], "size": 0, "scale": 0} | args,
        [Wanted(16, is_plain=True)],
    )
    with pytest.raises(SegmentError, match="is damaged: 'bad'"):
        made.collect()
    made.get_meter("shop").create_counter("requests").add(1)
    assert values(made.collect()) == {("requests",): 1}  # it is said once


@pytest.mark.parametrize("error", [SegmentError("it is damaged"), MemoryError("no room"), KeyError("labels")])
def test_what_cannot_be_read_is_logged_by_the_exporter(
    error: Exception, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = provider(Kept(), rseq.Segment())

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(made._exporting, "_readings", type("", (), {"streams": fail})())
    with caplog.at_level(logging.ERROR):
        assert not made.force_flush()
    assert "nothing is exported of" in caplog.text


def test_streams_and_what_was_exported_are_no_structures_of_rseq_show() -> None:
    from rseq._look.reading import found_in, read
    from rseq._percpu.shared.segment import core_of

    segment = rseq.Segment()
    made = provider(
        Kept(DELTA), segment, views=[View(instrument_name="exp", aggregation=ExponentialBucketHistogramAggregation())]
    )
    meter = made.get_meter("shop")
    meter.create_counter("requests").add(2, {"a": 1})
    meter.create_histogram("sizes", explicit_bucket_boundaries_advisory=[1]).record(3)
    meter.create_histogram("exp").record(3)
    assert made.force_flush()
    shown = {one.name: one.problem or one.value for one in read(found_in(core_of(segment)))}
    assert shown == {
        '"shop/requests"{a="1"}': {"total": 2},
        '"shop/sizes"': {"total": 1, "sum": 3, "counts": {"1.0": 0, "+Inf": 1}},
        '"shop/exp"': {"sum": 3, "zeros": 0},
        '"shop/exp" (2)': {"total": 1},
    }
