"""Histograms, extremes and stacks inside compiled functions."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import rseq
import support
from models.extreme import Model as ExtremeModel
from models.histogram import Model

numba = pytest.importorskip("numba", reason="rseq.numba needs Numba (pip install rseq[numba])")

OFF = {"GLIBC_TUNABLES": "glibc.pthread.rseq=0"}
IN_A_GLOBAL = rseq.Histogram([1.0, 2.0])


@numba.njit(parallel=True)
def observe_all(histogram: Any, slowest: Any, first: Any, values: Any) -> None:
    for i in numba.prange(values.size):
        histogram.observe(values[i])
        slowest.update(values[i])
        first.update(values[i])


@pytest.fixture(params=["by searching", "log-linear"])
def histogram(request: pytest.FixtureRequest) -> Iterator[Any]:
    if request.param == "log-linear":
        yield rseq.Histogram.exponential(1, 90, relative_error=0.1)
    else:
        yield rseq.Histogram(range(0, 100, 7))


@pytest.mark.one_in(2)
def test_parallel_loops_observe_each_value_once(histogram: Any) -> None:
    values = np.arange(100_000) % 100 * 1.0
    values[:3] = math.nan, math.inf, -5
    model, high, low = Model(histogram.bounds), ExtremeModel(), ExtremeModel(is_max=False)
    for x in values.tolist():
        model.observe(x)
        high.update(x)
        low.update(x)
    slowest, first = rseq.Max(), rseq.Min()
    observe_all(histogram, slowest, first, values)
    assert histogram.counts().tolist() == model.counts()
    assert (histogram.nans, histogram.sum) == (1, math.inf)
    assert (slowest.value, first.value) == (high.value, low.value)


def test_an_int_is_observed_as_a_float_and_a_histogram_may_be_a_global() -> None:
    @numba.njit
    def observe(n: int) -> None:
        IN_A_GLOBAL.observe(n)

    observe(2)
    assert IN_A_GLOBAL.counts().tolist() == [0, 1, 0]


@numba.njit(nogil=True)
def cycle(stack: Any, first: int, n: int) -> tuple[int, int]:
    """Push `n` items, and pop now and then; the sums of what was pushed and of what was popped."""
    pushed = popped = np.uint64(0)
    for item in range(first, first + n):
        if stack.push(item):
            pushed += np.uint64(item)
        if item % 3 == 0:
            found = stack.pop()
            if found is not None:
                popped += found
    return pushed, popped


def test_threads_lose_and_double_nothing(threads: support.ThreadSet) -> None:
    stack = rseq.Stack(1000)
    sums: list[tuple[int, int]] = []
    cycle(stack, 0, 0)
    for worker in range(4):
        threads.start(lambda first: sums.append(cycle(stack, first, 30_000)), worker * 100_000)
    threads.join()
    pushed, popped = (sum(map(int, parts)) for parts in zip(*sums, strict=True))
    assert pushed == popped + sum(stack.drain())


def test_pop_gives_none_when_there_is_nothing() -> None:
    stack = rseq.Stack(2)

    @numba.njit
    def pop(stack: Any) -> Any:
        return stack.pop()

    assert pop(stack) is None
    stack.push((1 << 64) - 1)
    assert pop(stack) in ((1 << 64) - 1, None)  # None: on another CPU meanwhile


@pytest.mark.slow
def test_the_spare_lane_does_the_same(run_script: Any) -> None:
    run_script(
        """
        import numba, rseq

        @numba.njit
        def work(histogram, largest, stack):
            for x in range(10):
                histogram.observe(x / 2)
                largest.update(x)
                stack.push(x)
            return stack.pop()

        assert not rseq.available()
        for histogram in (rseq.Histogram([1, 2]), rseq.Histogram.exponential(1, 2)):
            largest, stack = rseq.Max(rseq.i64), rseq.Stack(4)
            assert work(histogram, largest, stack) == 3
            assert (histogram.count, histogram.sum, largest.value, stack.drain()) == (10, 22.5, 9, [2, 1, 0])
            assert histogram.counts()[[0, -1]].tolist() == [3, 5]
        """,
        env=OFF,
    )
