"""The implementations called from Python: each counts once for each round of its loop; the floors count nothing."""

from __future__ import annotations

import ctypes
import sys

import pytest

import rseq
from rseq.bench import processes, python
from rseq.bench.empty import empty_builtin, holder
from rseq.bench.run import Unavailable

COUNT = 1_000
FLOORS = {"empty", "empty-attribute", "abs"}


@pytest.mark.parametrize("name", python.COUNTER.makers)
def test_each_implementation_counts_once_for_each_round_of_its_loop(name: str) -> None:
    try:
        implementation = python.COUNTER.makers[name](1)
    except Unavailable as why:
        pytest.skip(str(why))
    spans = implementation.crew([None]).run(COUNT)
    if name in FLOORS:
        assert implementation.missing is None
        return
    assert implementation.missing is not None
    assert implementation.missing(spans) == 0
    assert implementation.missing(spans) == COUNT  # nothing was added since


@pytest.mark.slow
@pytest.mark.parametrize("name", processes.COUNTER.makers)
def test_two_processes_count_into_one_total(name: str) -> None:
    try:
        implementation = processes.COUNTER.makers[name](2)
    except Unavailable as why:
        pytest.skip(str(why))
    crew = implementation.crew([None, None])
    try:
        assert implementation.missing is not None
        assert implementation.missing(crew.run(COUNT)) == 0
        assert implementation.missing(crew.run(COUNT)) == 0
    finally:
        crew.close()


def test_names_of_a_loop_are_its_own() -> None:
    seen: list[tuple[int, int]] = []
    work = python.loop("seen.append((a, b))", seen=seen, a=1, b=2)
    work(0, 3)
    assert seen == [(1, 2)] * 3


def test_the_empty_builtin_has_the_calling_convention_of_a_counters_add() -> None:
    flags = ctypes.pythonapi["PyCFunction_GetFlags"]
    flags.argtypes = [ctypes.py_object]
    assert flags(empty_builtin()) == flags(rseq.Counter().add)
    rseq.Counter()
    assert type(type(holder()).add) is type(rseq.Counter.add)  # and stands in the same kind of attribute


def test_the_empty_builtin_takes_anything_returns_none_and_leaks_nothing() -> None:
    before = sys.getrefcount(None)
    for _ in range(1_000):
        assert empty_builtin()(1, 2, three=3) is None
    assert abs(sys.getrefcount(None) - before) < 100
