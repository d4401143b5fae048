"""Counts by key inside compiled functions: by row."""

from __future__ import annotations

from typing import Any

import pytest

import rseq

numba = pytest.importorskip("numba", reason="rseq.numba needs Numba (pip install rseq[numba])")


@numba.njit(parallel=True)
def count(hits: Any, rows: Any, n: int) -> None:
    for i in numba.prange(n):
        hits.add_row(rows[i % len(rows)], 2)


def test_rows_are_counted_in_parallel_loops() -> None:
    import numpy as np

    hits = rseq.KeyedCounter(2)
    rows = np.array([hits.row_of(key) for key in ("a", ("b", 1), "no room")])
    count(hits, rows, 30_000)
    assert (hits.items(), hits.overflow) == ([("a", 20_000), (("b", 1), 20_000)], 20_000)


def test_a_key_has_no_meaning_in_compiled_functions() -> None:
    @numba.njit
    def add(hits: Any) -> None:
        hits.add("a")

    with pytest.raises(numba.TypingError, match="add"):
        add(rseq.KeyedCounter(2))


def test_a_row_out_of_range_is_an_index_error() -> None:
    @numba.njit
    def add(hits: Any, row: int) -> None:
        hits.add_row(row)

    hits = rseq.KeyedCounter(2)
    for row in (3, -1):
        with pytest.raises(IndexError, match=r"^KeyedCounter\.add_row\(\): the index is out of range for axis 0$"):
            add(hits, row)
    assert hits.total() == 0
