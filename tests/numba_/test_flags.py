"""What a caller's flags do not change: the meaning of numbers in sequences, routines and inline functions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import rseq
from rseq import f32, f64, i64, u64

numba = pytest.importorskip("numba", reason="rseq.numba needs Numba (pip install rseq[numba])")

NUMBERS = np.array([1.0, math.nan, -0.0, 0.0, math.inf, -math.inf, -2.5, 1e308, 5e-324, -math.nan])


class Cell(rseq.Record):
    n: i64


@rseq.inline
def traits(x: f64) -> i64:
    found: i64 = 0
    if x != x:
        found += 1
    if x == x:
        found += 2
    if x < 0.5:
        found += 4
    if not x < 0.5:
        found += 8
    if 1.0 / x < 0.0:  # a zero with a sign
        found += 16
    if x - x == 0.0:  # it is finite
        found += 32
    if x + 0.0 >= 1e308:
        found += 64
    if x * 0.0 == 0.0:
        found += 128
    return found


@rseq.sequence
def note(cpu: Cell, x: f64, y: f32) -> i64:
    before = traits(x) + traits(f64(y)) * 256
    cpu.n += before
    return before


@rseq.routine
def both(cpu: Cell, x: f64, y: f32) -> i64:
    return traits(x) + traits(f64(y)) * 256 + note(cpu, x, y) * 65536


@rseq.routine
def bits(cpu: Cell, x: f64) -> u64:
    return rseq.float_bits(x + x * 0.0 - x * 0.0) | rseq.float_bits(-x)


def run(things: Any, data: Any, scale: float, found: Any) -> None:
    histogram, octaves, high, low, total, both, note, bits, small = things
    for i in numba.prange(data.size):
        x = data[i]  # as it comes, and as the caller's arithmetic has made it
        y = x * scale
        histogram.observe(x)
        histogram.observe(y)
        octaves.observe(y)
        high.update(y)
        low.update(y)
        found[i] += both(x, np.float32(x)) + both(y, np.float32(y)) + note(y, np.float32(y))
        bits(y)
        if small[i]:
            total.add(data[i])


def things() -> tuple[Any, ...]:
    cell = rseq.percpu(Cell)
    return (
        rseq.Histogram([-1.0, 0.0, 2.0]),
        rseq.Histogram.exponential(1, 90, relative_error=0.1),
        rseq.Max(),
        rseq.Min(),
        rseq.FloatCounter(),
        both.bind(cell),
        note.bind(cell),
        bits.bind(cell),
        abs(NUMBERS) < 100,
    )


def outcome(function: Any) -> list[Any]:
    made, found = things(), np.zeros(NUMBERS.size, np.int64)
    function(made, NUMBERS, 1.0, found)
    histogram, octaves, high, low, total, *_ = made
    counted = [(h.counts().tolist(), h.nans, repr(h.sum)) for h in (histogram, octaves)]
    return [*counted, repr(high.value), repr(low.value), total.value, found.tolist()]


@pytest.fixture(scope="module")
def expected() -> list[Any]:
    with np.errstate(all="ignore"):
        return outcome(run)


@pytest.mark.one_in(7)
@pytest.mark.parametrize(
    "flags",
    [
        {},
        {"fastmath": True},
        {"fastmath": {"nnan"}},
        {"fastmath": {"ninf", "nsz", "arcp"}},
        {"fastmath": {"reassoc", "contract", "afn"}},
        {"fastmath": True, "error_model": "numpy", "boundscheck": True, "nogil": True},
        {"fastmath": True, "parallel": True},
    ],
    ids=lambda flags: " ".join(f"{name}={sorted(it) if isinstance(it, set) else it}" for name, it in flags.items()),
)
def test_numbers_mean_what_they_mean_without_flags(flags: dict[str, Any], expected: list[Any]) -> None:
    assert outcome(numba.njit(**flags)(run)) == expected


def test_a_function_that_is_inlined_into_one_with_fastmath_counts_the_same() -> None:
    inner = numba.njit(inline="always")(lambda histogram, x: histogram.observe(x))

    @numba.njit(fastmath=True)
    def outer(histogram: Any, data: Any) -> None:
        for x in data:
            inner(histogram, x)

    histogram, expected = rseq.Histogram([0.5, 2.0]), rseq.Histogram([0.5, 2.0])
    outer(histogram, NUMBERS[:5])
    for x in NUMBERS[:5]:
        expected.observe(x)
    assert (histogram.counts().tolist(), histogram.nans) == (expected.counts().tolist(), 1)
    assert histogram.sum == expected.sum == math.inf
