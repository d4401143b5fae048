"""Pools inside compiled functions: rows by number."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import rseq
import support

numba = pytest.importorskip("numba", reason="rseq.numba needs Numba (pip install rseq[numba])")

IN_A_GLOBAL = rseq.Pool(8, 3)


@numba.njit(parallel=True)
def use_rows(pool: Any, array: Any, turns: int) -> tuple[int, int]:
    """In each turn hold a row, and count in it; how often there was one, and how often it was let go."""
    found = released = 0
    for _ in numba.prange(turns):
        number = pool.acquire_row()
        if number is not None:
            row = int(number)
            found += 1
            array[row] += 1  # in several instructions: two who hold it would lose some
            released += int(pool.release_row(row))
    return found, released


def test_parallel_loops_hold_each_row_alone() -> None:
    pool = rseq.Pool(8, 5)
    array = pool.array.view(np.int64)[:, 0]
    found, released = use_rows(pool, array, 100_000)
    assert found > 0
    assert (released, array.sum(), len(pool)) == (found, found, 5)


@numba.njit(nogil=True)
def cycle(pool: Any, array: Any, owner: int, turns: int) -> int:
    """Hold two rows at a time; how many of them somebody else has written to."""
    spoilt = 0
    for _ in range(turns):
        first = pool.acquire_row(owner)
        second = pool.acquire_row(owner)
        for number in (first, second):
            if number is not None:
                array[int(number), 0] = owner
        for number in (first, second):
            if number is not None:
                spoilt += array[int(number), 0] != owner
                spoilt += not pool.release_row(number)
    return spoilt


def test_threads_lose_and_double_nothing(threads: support.ThreadSet) -> None:
    pool = rseq.Pool(8, 7)
    array = pool.array.view(np.int64)
    spoilt: list[int] = []
    cycle(pool, array, 1, 0)
    for owner in range(1, 7):
        threads.start(lambda owner: spoilt.append(cycle(pool, array, owner, 30_000)), owner)
    threads.join()
    assert (spoilt, len(pool)) == ([0] * 6, 7)


def test_a_pool_may_be_a_global_and_none_is_none() -> None:
    @numba.njit
    def take_all() -> int:
        taken = 0
        while IN_A_GLOBAL.acquire_row(9) is not None:
            taken += 1
        return taken

    assert take_all() == 3
    assert IN_A_GLOBAL.held() == {9: [0, 1, 2]}
