"""rseq.metrics: gauges, which take any number, and of which each process may have its own."""

from __future__ import annotations

import math
import os
import signal
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from metrics.own import samples
from rseq._metrics import gauges
from rseq.metrics import Gauge
from support import ThreadSet

pytestmark = pytest.mark.usefixtures("registry_is_left_as_it_was")


def test_a_gauge_that_asks_a_function_says_of_which_process(plain: dict[str, Any]) -> None:
    gauge = Gauge("size", "", ["a"], multiprocess_mode="sum", **plain)
    things = [1, 2, 3]
    gauge.labels("x").set_function(lambda: len(things))
    gauge.labels("x").set(7)
    gauge.labels("y").set(1)
    assert gauge.labels("x").value == 3
    assert samples(gauge) == {
        ("size", (("a", "x"), ("pid", str(os.getpid())))): 3,
        ("size", (("a", "y"),)): 1,
    }


NUMBERS = (2, -2, -1, 0, 2.5, -1.0, True, 1 << 70, 10**400, -(10**400), math.inf, Fraction(1, 2))


@pytest.mark.parametrize("given", NUMBERS, ids=lambda given: str(given)[:9])
def test_a_gauge_takes_any_number(given: Any, plain: dict[str, Any]) -> None:
    gauge = Gauge("level", "", multiprocess_mode="sum", **plain)
    try:
        expected = float(given)
    except OverflowError:
        expected = math.inf if given > 0 else -math.inf
    gauge.set(given)
    assert gauge.value == expected
    gauge.set(value=1)
    gauge.inc(given)
    assert gauge.value == 1 + expected
    gauge.set(1.0)
    gauge.dec(amount=given)
    assert gauge.value == 1 - expected


def test_each_process_has_a_gauge_of_its_own(plain: dict[str, Any]) -> None:
    gauge, other = (Gauge("level", "", multiprocess_mode="all", **plain) for _ in range(2))
    gauge.set(3)
    child = os.fork()
    if child == 0:
        gauge.inc()
        other.inc(4)
        os._exit(int(gauge.value))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 5
    other.dec()
    assert samples(gauge) == {
        ("level", (("pid", str(os.getpid())),)): 2,
        ("level", (("pid", str(child)),)): 5,
    }


def test_a_gauge_that_another_process_has_removed_begins_at_0(plain: dict[str, Any]) -> None:
    gauge = Gauge("level", "", ["a"], multiprocess_mode="sum", **plain)
    held = gauge.labels("x")
    held.set(3)
    child = os.fork()
    if child == 0:
        gauge.remove("x")
        os._exit(0)
    os.waitpid(child, 0)
    assert samples(gauge) == {}
    held.inc(2)
    assert samples(gauge) == {("level", (("a", "x"),)): 2}


def test_threads_that_add_to_a_gauge_in_machine_code_and_in_python_lose_nothing(
    threads: ThreadSet, plain: dict[str, Any]
) -> None:
    gauge, counts = Gauge("level", "", multiprocess_mode="sum", **plain), 3000

    def add(one: Callable[[float], None]) -> None:
        for _ in range(counts):
            one(2.0)

    for _ in range(2):
        threads.start(add, gauge.inc)
        threads.start(add, gauge._own.inc)
    threads.start(add, gauge.dec)
    threads.join()
    assert gauge.value == 3 * 2 * counts


def test_what_machine_code_adds_while_python_adds_is_not_written_over(
    monkeypatch: pytest.MonkeyPatch, plain: dict[str, Any]
) -> None:
    gauge, add = Gauge("level", "", multiprocess_mode="sum", **plain), gauges._sum
    meanwhile = iter([5.0])

    def add_with_another_thread_in_between(bits: int, amount: float) -> int:
        for other in meanwhile:
            gauge.inc(other)
        return add(bits, amount)

    monkeypatch.setattr(gauges, "_sum", add_with_another_thread_in_between)
    gauge._own.inc(2.0)
    assert gauge.value == 7


def test_gauges_of_killed_workers_are_gone(plain: dict[str, Any]) -> None:
    busy = Gauge("busy", "", multiprocess_mode="livesum", **plain)
    for _ in range(4):
        worker = os.fork()
        if worker == 0:
            busy.inc()
            os.kill(os.getpid(), signal.SIGKILL)
        os.waitpid(worker, 0)
    busy.inc()
    busy.set_to_current_time()
    assert busy.value > 1e9
    busy.set(1)
    assert samples(busy) == {("busy", ()): 1}
