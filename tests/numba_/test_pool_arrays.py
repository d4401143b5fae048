"""Pools of arrays inside compiled functions: `pool[row]`, which is there as long as somebody has it."""

from __future__ import annotations

import gc
from contextlib import suppress
from typing import Any

import numpy as np
import pytest

import rseq

numba = pytest.importorskip("numba", reason="rseq.numba needs Numba (pip install rseq[numba])")

IN_A_GLOBAL = rseq.Pool((2, 3), 3, dtype=np.float64)


@numba.njit(parallel=True)
def fill_and_sum(pool: Any, sums: Any) -> int:
    """Fill a row in each turn, and add it up; in how many turns there was none."""
    none = 0
    for turn in numba.prange(sums.size):
        row = pool.acquire_row()
        if row is None:
            none += 1
        else:
            buffer = pool[row]
            for at in range(buffer.size):
                buffer[at] = turn
            for at in range(buffer.size):
                sums[turn] += buffer[at]
            pool.release_row(row)
    return none


@pytest.mark.slow
def test_parallel_loops_hold_each_array_alone() -> None:
    pool, sums = rseq.Pool(50, 8, dtype=np.float64), np.zeros(20_000)
    assert fill_and_sum(pool, sums) == 0
    assert np.array_equal(sums, 50.0 * np.arange(20_000))
    assert len(pool) == 8


@numba.njit
def item(pool: Any, row: Any) -> Any:
    return pool[row]


def test_an_item_is_contiguous_and_keeps_the_memory() -> None:
    pool = rseq.Pool((2, 3), 4, dtype=np.int32)  # with a gap behind each
    pool[2][:] = np.arange(6).reshape(2, 3)
    array = item(pool, 2)
    assert (array.shape, array.flags.c_contiguous, array.ctypes.data) == ((2, 3), True, pool[2].ctypes.data)
    del pool
    gc.collect()
    assert array.tolist() == [[0, 1, 2], [3, 4, 5]]


@numba.njit
def acquired(pool: Any) -> Any:
    row = pool.acquire_row()
    if row is None:
        pass
    return pool[row]


def test_what_is_no_row_is_an_index_error() -> None:
    pool = rseq.Pool((2, 3), 4, dtype=np.int32)
    for row in (4, -1, 1 << 62):
        with pytest.raises(IndexError, match=r"^a row is out of range$"):
            item(pool, row)
    assert [acquired(pool).shape for _ in range(4)] == [(2, 3)] * 4
    with pytest.raises(IndexError, match=r"^acquire_row\(\) returned None: all rows were held$"):
        acquired(pool)


@numba.njit(parallel=True)
def read_all(pool: Any, rows: Any) -> None:
    for turn in numba.prange(rows.size):
        pool[rows[turn]][0, 0] += 1


def test_in_a_parallel_loop_it_is_counted() -> None:
    pool = rseq.Pool((2, 3), 4, dtype=np.int32)
    with suppress(SystemError):  # in the calling thread's own part
        read_all(pool, np.array([9]))
    assert (pool.storage.refused, pool.array.sum()) == (1, 0)


def fill_unasked(pool: Any) -> None:
    row = pool.acquire_row()
    again = row
    pool[again] = 1


def read_unasked(pool: Any) -> Any:
    return pool[pool.acquire_row()].sum()


@pytest.mark.parametrize("function", [fill_unasked, read_unasked])
@pytest.mark.parametrize("parallel", [False, True])
def test_a_row_that_may_be_none_is_a_typing_error(function: Any, parallel: bool) -> None:
    with pytest.raises(numba.TypingError, match=r"acquire_row\(\) returns None if all rows are held: ask `if row is"):
        numba.njit(function, parallel=parallel)(rseq.Pool(4, 2, dtype=float))


def test_what_has_no_arrays_says_so() -> None:
    with pytest.raises(numba.TypingError, match=r"rseq\.Pool has no arrays that Numba knows"):
        item(rseq.Pool(8, 2), 0)
    for wrong in (None, 1.0):
        with pytest.raises(numba.TypingError, match=r"a row of rseq\.Pool of int32, 2d is an int"):
            item(rseq.Pool((2, 3), 4, dtype=np.int32), wrong)


def test_a_pool_of_arrays_may_be_a_global_and_in_a_tuple() -> None:
    @numba.njit
    def fill_all(pools: Any) -> Any:
        row = IN_A_GLOBAL.acquire_row()
        while row is not None:
            IN_A_GLOBAL[row] = 2.0
            row = IN_A_GLOBAL.acquire_row()
        return pools[1][0].sum(), pools[0]

    total, same = fill_all((IN_A_GLOBAL, IN_A_GLOBAL))
    assert (total, same is IN_A_GLOBAL) == (12.0, True)
    assert IN_A_GLOBAL.array.sum() == 36


def test_a_pool_whose_array_was_replaced_is_refused() -> None:
    pool = rseq.Pool((2, 3), 4, dtype=np.int32)
    pool._array = np.zeros((4, 4, 6), np.int32)[:, ::2, ::2]
    with pytest.raises(TypeError, match=r"its array was replaced$"):
        item(pool, 0)
