"""Metrics of rseq.metrics inside compiled functions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import rseq
from rseq.metrics import Counter, Gauge, Histogram, Summary

numba = pytest.importorskip("numba", reason="rseq.numba needs Numba (pip install rseq[numba])")


@numba.njit(parallel=True)
def count_all(counter: Any, histogram: Any, summary: Any, values: Any) -> None:
    for i in numba.prange(values.size):
        counter.inc()
        histogram.observe(values[i])
        summary.observe(values[i])


def test_parallel_loops_count_each_value_once() -> None:
    at: dict[str, Any] = {"registry": None, "segment": rseq.Segment()}
    counter, summary = Counter("a", "", ["x"], **at).labels("1"), Summary("c", "", **at)
    histograms = [Histogram("b", "", ["x"], buckets=(9, 49, 89), **at), Histogram("d", "", buckets=(1, 2, 5), **at)]
    values = np.arange(10_000) % 100 * 1.0
    for histogram in (histograms[0].labels("1"), histograms[1]):
        count_all(counter, histogram, summary, values)
    assert counter.value == 20_000
    assert (summary.count, summary.sum) == (20_000, 2 * values.sum())
    assert histograms[0].labels("1")._series.read() == [values.sum(), 1000, 4000, 4000, 1000]
    assert histograms[1]._series.read() == [values.sum(), 200, 100, 300, 9400]


def test_what_is_no_amount_is_refused_in_compiled_code_too() -> None:
    counter = Counter("a", "", registry=None, segment=rseq.Segment())

    @numba.njit
    def count(n: float) -> None:
        counter.inc(n)

    count(2.0)
    with pytest.raises(ValueError, match="a counter only grows"):
        count(-1.0)
    assert counter.value == 2


def test_what_compiled_code_cannot_use_is_said() -> None:
    at: dict[str, Any] = {"registry": None, "segment": rseq.Segment()}
    for metric, text in (
        (Gauge("a", "", **at), "from Python only"),
        (Counter("b", "", ["x"], **at), "give their values"),
    ):

        @numba.njit
        def count() -> None:
            metric.inc()  # noqa: B023 - it is called here

        with pytest.raises(TypeError, match=text):
            count()
