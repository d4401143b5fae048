"""One process exports for all; when it ends, by whatever, another goes on where it was."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.metrics import Observation
from opentelemetry.sdk.metrics import ObservableCounter
from opentelemetry.sdk.metrics.export import AggregationTemporality, MetricExportResult
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource

import rseq
from metrics.otel.telling import DELTA, NEVER, Kept, Told, in_child, lines, plain, points_of, sums, values
from rseq._metrics.blocks import made as block
from rseq._percpu.shared.extents import Wanted
from rseq._percpu.shared.layout import SegmentError
from rseq.metrics.opentelemetry import MeterProvider
from shared.folders import Program
from support import ThreadSet

LONG_S = 60.0
"""Nothing takes that long."""


def provider(exporter: Kept | None, segment: rseq.Segment | str, **more: Any) -> MeterProvider:
    """One that exports when it is asked."""
    return MeterProvider(
        segment, exporter=exporter, **{"export_interval_millis": NEVER, "shutdown_on_exit": False, **more}
    )


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


# ---- differences


def _counted(exporter: Kept, segment: rseq.Segment | str) -> tuple[MeterProvider, Any, Any]:
    made = provider(exporter, segment)
    meter = made.get_meter("shop")
    return made, meter.create_counter("requests"), meter.create_histogram("sizes")


def test_differences_add_up_to_what_was_counted_whoever_exports() -> None:
    segment, told = rseq.Segment(), []
    for turn in range(5):
        exporter = Kept(DELTA)
        made, requests, sizes = _counted(exporter, segment)
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
    made, requests, sizes = _counted(exporter, segment)
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
    made, requests, _ = _counted(exporter, segment)
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
    made, requests, _ = _counted(exporter, segment)
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
    made, requests, _ = _counted(exporter, segment)
    requests.add(1)
    assert made.force_flush()
    lost = Kept(DELTA)
    lost.failures = 1
    other, requests, _ = _counted(lost, segment)
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
    made, requests, _ = _counted(exporter, segment)
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
    made, requests, _ = _counted(exporter, segment)
    exporter.failures = 1
    requests.add(1)
    assert not made.force_flush()
    requests.add(1)
    assert made.force_flush()
    assert [values(one) for one in exporter.told] == [{("requests",): 2}]
    assert not any(name.startswith("exported") for name in segment)


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


# ---- the end


def test_a_shutdown_exports_what_is_left_and_gives_the_turn_back(caplog: pytest.LogCaptureFixture) -> None:
    first, second, segment = Kept(), Kept(), rseq.Segment()
    made, requests, _ = _counted(first, segment)
    other = provider(second, segment)
    assert made.force_flush()
    requests.add(1)
    made.shutdown()
    assert first.was_shut_down
    assert values(first.told[-1]) == {("requests",): 1}
    requests.add(1)
    assert other.force_flush()
    assert values(second.told[-1]) == {("requests",): 2}
    made.shutdown()
    assert "it is done once" in caplog.text
    made.get_meter("shop").create_counter("requests").add(1)
    assert values(other.collect()) == {("requests",): 2}


def test_whoever_ends_last_exports_the_last_although_the_turn_was_another_s() -> None:
    first, second, segment = Kept(), Kept(), rseq.Segment()
    made, requests, _ = _counted(first, segment)
    other, others, _ = _counted(second, segment)
    requests.add(1)
    assert made.force_flush()
    has_ended, export = [], first.export

    def end_meanwhile(*given: Any, **more: Any) -> MetricExportResult:
        result = export(*given, **more)
        if not has_ended:  # the other one counts and ends while the last export is on its way
            has_ended.append(True)
            others.add(10)
            other.shutdown()
            assert second.told == []
        return result

    first.export = end_meanwhile  # type: ignore[method-assign]
    made.shutdown()
    assert values(first.told[-1]) == {("requests",): 11}


def test_python_s_exit_exports_what_is_left(tmp_path: Path) -> None:
    code = f"""
        from pathlib import Path
        from metrics.otel.telling import Told
        from rseq.metrics.opentelemetry import MeterProvider
        made = MeterProvider("shop", exporter=Told(Path({str(tmp_path / "told")!r})))
        made.get_meter("shop").create_counter("requests").add(3)
    """
    with Program(code) as program:
        assert program.end() == 0
    (told,) = lines(tmp_path / "told")
    assert values(told["told"]) == {("requests",): 3}


def test_an_export_that_hangs_does_not_hold_the_shutdown_up(caplog: pytest.LogCaptureFixture) -> None:
    exporter, is_there, may_go = Kept(), threading.Event(), threading.Event()

    def hang(*_: object, **__: object) -> MetricExportResult:
        is_there.set()
        may_go.wait(LONG_S)
        return MetricExportResult.SUCCESS

    exporter.export = hang  # type: ignore[method-assign]
    made = provider(exporter, rseq.Segment(), export_interval_millis=1)
    made.get_meter("shop").create_counter("requests").add(1)
    assert is_there.wait(LONG_S)
    made.shutdown(timeout_millis=50)
    assert "takes longer than the shutdown may" in caplog.text
    may_go.set()


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
