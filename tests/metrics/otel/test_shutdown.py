"""What is exported at the end: of a provider, and of its process."""

from __future__ import annotations

import math
import threading
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.metrics.export import MetricExportResult

import rseq
from metrics.otel.providers import LONG_S, counted, provider
from metrics.otel.telling import Kept, lines, values
from shared.folders import Program


def test_a_shutdown_exports_what_is_left_and_gives_the_turn_back(caplog: pytest.LogCaptureFixture) -> None:
    first, second, segment = Kept(), Kept(), rseq.Segment()
    made, requests, _ = counted(first, segment)
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


@pytest.mark.parametrize("timeout_millis", [math.inf, 1e30, 0, -1, math.nan])
def test_a_shutdown_has_no_time_or_all_time(timeout_millis: float) -> None:
    exporter = Kept()
    made, requests, _ = counted(exporter, rseq.Segment())
    requests.add(1)
    assert made.force_flush(timeout_millis)
    requests.add(1)
    made.shutdown(timeout_millis)
    assert [values(told) for told in exporter.told] == [{("requests",): 1}, {("requests",): 2}]


def test_whoever_ends_last_exports_the_last_although_the_turn_was_another_s() -> None:
    first, second, segment = Kept(), Kept(), rseq.Segment()
    made, requests, _ = counted(first, segment)
    other, others, _ = counted(second, segment)
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
