"""An index out of range in parallel loops, whose threads cannot raise: that call is left out, counted, and said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import rseq
from rseq import i64

numba = pytest.importorskip("numba", reason="rseq.numba needs Numba (pip install rseq[numba])")


BEGIN = """
    import sys, warnings
    import numba, numpy as np, rseq
    from rseq import i64

    class Table(rseq.Record):
        slots: i64[4]

    @rseq.sequence
    def add_at(cpu: Table, i: i64) -> None:
        cpu.slots[i] += 1

    @rseq.sequence
    def add_and_read(cpu: Table, i: i64) -> i64:
        n = cpu.slots[i] + 1
        cpu.slots[i] = n
        return n

    @rseq.routine
    def begin(cpu: Table, i: i64) -> None:
        if i > 3:
            raise IndexError("there is no such slot")
        add_at(cpu, i)

    @numba.njit(parallel=True)
    def count(bins, indices):
        for i in numba.prange(indices.size):
            bins.add(indices[i])

    @numba.njit(parallel=True)
    def call(bound, indices):
        for i in numba.prange(indices.size):
            bound(indices[i])

    def outcome(function, *arguments):
        try:
            return function(*arguments)
        except SystemError as error:
            assert isinstance(error.__cause__, IndexError), error.__cause__
            return "SystemError"

    def wrong_at(*places):
        indices = np.zeros(1000, np.int64)
        indices[list(places)] = 4
        return indices

    def sums(storage):
        return storage.view()["slots"].sum(axis=0).tolist()

    numba.set_num_threads(2)
    warnings.simplefilter("error")
"""

ARRAYS = """
    for wrong in ([], [100], [700], [100, 700], range(1000)):
        before, bins, after = (rseq.CounterArray(4) for _ in range(3))
        count(bins, wrong_at(*wrong))
        assert bins.refused == bins.storage.refused == len(wrong)
        warnings.simplefilter("ignore" if wrong else "error")
        assert bins.values().tolist() == [1000 - len(wrong), 0, 0, 0]
        warnings.simplefilter("error")
        assert not before.values().any() and not after.values().any()
    matrix = rseq.CounterArray((4, 2))
    @numba.njit(parallel=True)
    def count_pairs(bins, indices):
        for i in numba.prange(indices.size):
            bins.add((indices[i], 1))
    count_pairs(matrix, wrong_at(5, 995))
    assert (matrix.refused, matrix.storage.view()["value"].sum()) == (2, 998)
    in_a_global = rseq.CounterArray(4)
    @numba.njit(parallel=True)
    def count_global(indices):
        for i in numba.prange(indices.size):
            in_a_global.add(indices[i])
    count_global(wrong_at(5))
    assert in_a_global.refused == 1
    assert numba.threading_layer() == sys.argv[1]
"""

SEQUENCES = """
    for place in (100, 700):
        storage = rseq.percpu(Table)
        call(add_at.bind(storage), wrong_at(place))
        assert (storage.refused, sums(storage)) == (1, [999, 0, 0, 0])
        in_own_part = place == 100 and sys.argv[1] == "omp"  # the calling thread's is the first one
        for code in (begin, add_and_read):
            storage = rseq.percpu(Table)
            assert outcome(call, code.bind(storage), wrong_at(place)) == ("SystemError" if in_own_part else None)
            assert (storage.refused, sums(storage)[0]) == (1, 600 if place == 100 else 700)
        try:
            storage.per_cpu()
        except RuntimeWarning as warning:
            assert "left out: 1 " in str(warning) and "the rest of its thread's part" in str(warning)
        else:
            raise AssertionError
"""

HELPERS = """
    @numba.njit
    def helper(bins, index):
        bins.add(index)

    @numba.njit
    def careful(bins, index, missed, i):
        try:
            bins.add(index)
        except Exception:
            missed[i] = 1

    @numba.njit(parallel=True)
    def helped(bins, indices):
        for i in numba.prange(indices.size):
            helper(bins, indices[i])

    @numba.njit(parallel=True)
    def careful_ones(bins, indices, missed):
        for i in numba.prange(indices.size):
            careful(bins, indices[i], missed, i)

    for place in (100, 700):
        bins, missed = rseq.CounterArray(4), np.zeros(1000)
        in_own_part = place == 100 and sys.argv[1] == "omp"
        assert outcome(helped, bins, wrong_at(place)) == ("SystemError" if in_own_part else None)
        assert bins.refused == (not in_own_part)  # either it is raised, or counted
        assert in_own_part or bins.storage.view()["value"].sum() == 999
        bins = rseq.CounterArray(4)
        careful_ones(bins, wrong_at(place), missed)
        assert (bins.refused, bins.values()[0], missed.tolist().index(1)) == (0, 999, place)
"""


@pytest.mark.parametrize(
    ("layer", "script"),
    [
        pytest.param("omp", ARRAYS, id="arrays, omp"),
        pytest.param("workqueue", SEQUENCES, id="sequences, workqueue", marks=pytest.mark.slow),
        pytest.param("omp", HELPERS, id="helpers, omp", marks=pytest.mark.slow),
        pytest.param("workqueue", ARRAYS, id="arrays, workqueue", marks=pytest.mark.slow),
        pytest.param("omp", SEQUENCES, id="sequences, omp", marks=pytest.mark.slow),
        pytest.param("workqueue", HELPERS, id="helpers, workqueue", marks=pytest.mark.slow),
    ],
)
def test_in_parallel_loops_one_call_is_left_out_and_counted(run_script: Any, layer: str, script: str) -> None:
    run_script(BEGIN + script, layer, env={"NUMBA_THREADING_LAYER": layer})


@numba.njit(parallel=True)
def count(bins: Any, indices: Any) -> None:
    for i in numba.prange(indices.size):
        bins.add(indices[i])


def test_who_reads_the_values_is_warned_with_the_number() -> None:
    bins = rseq.CounterArray(2)
    count(bins, np.array([0, 1, 2, -1, 1]))
    for read in (bins.values, bins.per_cpu):
        with pytest.warns(RuntimeWarning, match="parallel loops left out: 2 "):
            assert read().sum() == 3
    with pytest.raises(IndexError):
        bins.add(2)
    assert bins.refused == 2  # what raises is not counted


def test_outside_of_parallel_loops_it_raises_and_counts_nothing() -> None:
    @numba.njit(nogil=True)
    def once(bins: Any, index: i64) -> None:
        bins.add(index)

    bins = rseq.CounterArray(2)
    with pytest.raises(IndexError, match="out of range for axis 0"):
        once(bins, 2)
    assert bins.refused == 0
    assert bins.values().tolist() == [0, 0]


def test_refused_of_storage_that_no_loop_has_seen_is_0() -> None:
    assert rseq.percpu(_Word).refused == rseq.CounterArray(3).refused == 0


class _Word(rseq.Record):
    value: i64


def test_a_routine_that_divides_by_zero_raises_what_python_does() -> None:
    class Cell(rseq.Record):
        value: i64

    @rseq.routine
    def share(cpu: Cell, n: i64, parts: i64) -> i64:
        return n // parts + n % parts

    bound = share.bind(rseq.percpu(Cell))

    @numba.njit
    def called(n: int, parts: int) -> int:
        return bound(n, parts)

    assert called(-7, 2) == -3
    with pytest.raises(ZeroDivisionError, match="parts is 0, and // divides by it"):
        called(1, 0)
