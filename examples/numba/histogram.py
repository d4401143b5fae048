"""A histogram: how many of many numbers are in each of 1,000 bins."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

import rseq

SIZE = 20_000_000
BINS, LOW, HIGH = 1_000, -5.0, 5.0
SCALE = BINS / (HIGH - LOW)


def inputs(size: int) -> tuple[Any, ...]:
    return (np.random.default_rng(1).normal(size=size),)


@numba.njit(parallel=True)
def count(table: Any, values: Any) -> None:
    for i in numba.prange(values.size):
        x = values[i]
        if LOW <= x < HIGH:
            table.add(int((x - LOW) * SCALE))


def with_rseq(values: Any) -> Any:
    table = rseq.CounterArray(BINS)
    count(table, values)
    return table.values()


@numba.njit(parallel=True)
def count_in_copies(copies: Any, values: Any) -> None:
    threads = len(copies)
    for thread in numba.prange(threads):
        mine = copies[thread]
        for i in range(thread * values.size // threads, (thread + 1) * values.size // threads):
            x = values[i]
            if LOW <= x < HIGH:
                mine[int((x - LOW) * SCALE)] += 1


def with_copies(values: Any) -> Any:
    copies = np.zeros((numba.get_num_threads(), BINS), np.int64)
    count_in_copies(copies, values)
    return copies.sum(axis=0)
