"""An exporter is killed at any step of an export: what was counted is told, and nothing is told in two ways."""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import rseq
from metrics.otel.telling import DELTA, NEVER, Told, lines, points_of
from rseq.metrics.opentelemetry import MeterProvider

_CLOSE = ("/rounds.py", "/exporting.py", "/telling.py")
"""Files whose lines are steps, or each of their instructions of the interpreter."""

_ALL = ("/_metrics/otel/", "/telling.py")
"""The same, of all that an export runs through."""


def _killed_at(step: int, where: tuple[str, ...], *, closely: bool) -> Callable[[FrameType, str, Any], Any]:
    """A trace function that ends the process by SIGKILL at that step."""
    left = step

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left
        path = frame.f_code.co_filename
        if not any(one in path for one in where):
            return None
        frame.f_trace_opcodes = closely
        left -= 1
        if left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return trace

    return trace


class _Service:
    """A service whose exporters are killed one after the other, and what it has counted."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.made = MeterProvider(
            rseq.Segment(), exporter=Told(path, DELTA), export_interval_millis=NEVER, shutdown_on_exit=False
        )
        meter = self.made.get_meter("shop")
        self.requests, self.sizes = meter.create_counter("requests"), meter.create_histogram("sizes")
        self.counted: dict[int, int] = defaultdict(int)
        self.recorded = 0

    def count(self, number: int) -> None:
        """Count in this process."""
        kind = number % 3
        self.requests.add(number, {"kind": kind})
        self.counted[kind] += number
        self.sizes.record(number % 50)
        self.recorded += 1

    def export_and_die(self, step: int, where: tuple[str, ...], *, closely: bool) -> bool:
        """In a child: count, and export up to that step; whether it was killed there."""
        pid = os.fork()
        if pid == 0:
            self.requests.add(1, {"kind": 0})
            sys.settrace(_killed_at(step, where, closely=closely))
            self.made._exporting.export()
            sys.settrace(None)
            os._exit(0)
        self.counted[0] += 1
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        assert code in (0, -signal.SIGKILL)
        return code != 0

    def take_over(self) -> None:
        """Export in this process, and give the turn back."""
        assert self.made._exporting.export()
        self.made._exporting._only_one = None

    def intervals(self) -> tuple[dict[Any, list[Any]], Counter[str]]:
        """What was told of each series: each interval once, in their order. Told twice, it was the same.

        And how many were told once, or twice and more often.
        """
        tellings: Counter[Any] = Counter()
        found: dict[Any, dict[Any, Any]] = defaultdict(dict)
        for line in lines(self.path):
            for name, point in points_of(line["told"]):
                times = point["start_time_unix_nano"], point["time_unix_nano"]
                series = name, *point["attributes"].values()
                assert found[series].setdefault(times, point) == point
                tellings[series, times] += 1
        for points in found.values():
            assert all(earlier[1] <= later[0] for earlier, later in pairwise(sorted(points)))
        in_order = {series: [points[times] for times in sorted(points)] for series, points in found.items()}
        return in_order, Counter("once" if count == 1 else "twice" for count in tellings.values())


@pytest.mark.parametrize(
    ("where", "closely", "stride"),
    [
        (_CLOSE, False, 13),
        pytest.param(_CLOSE, False, 2, marks=pytest.mark.slow),
        pytest.param(_CLOSE, True, 11, marks=pytest.mark.slow),
        pytest.param(_ALL, False, 7, marks=pytest.mark.slow),
    ],
)
def test_whoever_takes_over_tells_what_is_missing_and_nothing_else(
    tmp_path: Path, where: tuple[str, ...], closely: bool, stride: int
) -> None:
    service, step, is_killed = _Service(tmp_path / "told"), 0, True
    while is_killed:  # the last one has got through
        step += stride
        service.count(step)
        is_killed = service.export_and_die(step, where, closely=closely)
        if step % 3 == 0:  # the one that takes over is killed, too
            service.export_and_die(step // 2, where, closely=closely)
        service.take_over()
    told, times = service.intervals()
    for kind, count in service.counted.items():
        assert sum(point["value"] for point in told["requests", kind]) == count
    assert sum(point["count"] for point in told["sizes",]) == service.recorded
    assert sum(point["sum"] for point in told["sizes",]) == sum(
        number % 50 for number in range(stride, step + 1, stride)
    )
    assert step > 50  # it was killed at many steps
    assert 0 < times["twice"] < times["once"]  # and some of them lie between what is sent and what is noted
