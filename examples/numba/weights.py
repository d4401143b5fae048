"""A map of weights: events at x and y, each with a weight, in 256 × 256 cells."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

import rseq

SIZE = 10_000_000
CELLS = 256


def inputs(size: int) -> tuple[Any, ...]:
    rng = np.random.default_rng(2)
    x, y = rng.beta(2, 2, size=(2, size))
    return x, y, rng.integers(1, 256, size) / 256  # sums of such weights are exact, in any order


@numba.njit(parallel=True)
def add_up(cells: Any, x: Any, y: Any, weights: Any) -> None:
    for i in numba.prange(x.size):
        cells.add((int(x[i] * CELLS), int(y[i] * CELLS)), weights[i])


def with_rseq(x: Any, y: Any, weights: Any) -> Any:
    cells = rseq.CounterArray((CELLS, CELLS), rseq.f64)
    add_up(cells, x, y, weights)
    return cells.values()


@numba.njit(parallel=True)
def add_up_in_copies(copies: Any, x: Any, y: Any, weights: Any) -> None:
    threads = len(copies)
    for thread in numba.prange(threads):
        mine = copies[thread]
        for i in range(thread * x.size // threads, (thread + 1) * x.size // threads):
            mine[int(x[i] * CELLS), int(y[i] * CELLS)] += weights[i]


def with_copies(x: Any, y: Any, weights: Any) -> Any:
    copies = np.zeros((numba.get_num_threads(), CELLS, CELLS))
    add_up_in_copies(copies, x, y, weights)
    return copies.sum(axis=0)
