"""The implementations called from Python: each does what its loop says once in each round; the floors count nothing."""

from __future__ import annotations

import ctypes
import sys

import pytest

import rseq
from rseq._bench import metrics, processes, python, requests
from rseq._bench.python.counter import empty_builtin, holder
from rseq._bench.python.loop import loop
from rseq._bench.run import Operation, Unavailable

COUNT = 1_000
UNCOUNTED = {"empty", "empty-attribute", "abs", "bytearray"}
BALANCED = {"stack-python", "pool-python"}
"""What is put in is taken out again: nothing is there in the end, however often it was done."""
READING = {"value-python", "values-python", "bucket-refused-python"}
"""What the loop has read is checked, not what is there."""
MAKERS = [(operation, name) for operation in python.OPERATIONS for name in operation.makers]


@pytest.mark.parametrize(("operation", "name"), MAKERS, ids=[f"{o.name}-{name}" for o, name in MAKERS])
def test_each_implementation_counts_once_for_each_round_of_its_loop(operation: Operation, name: str) -> None:
    try:
        implementation = operation.makers[name](1)
    except Unavailable as why:
        pytest.skip(str(why))
    spans = implementation.crew([None]).run(COUNT)
    if name in UNCOUNTED:
        assert implementation.missing is None
        return
    assert implementation.missing is not None
    assert implementation.missing(spans) == 0
    if operation.name not in BALANCED | READING and (operation.name, name) != ("rcu-python", "threading-lock"):
        assert implementation.missing(spans) == COUNT  # nothing was done since


@pytest.mark.parametrize("operation", python.OPERATIONS, ids=lambda operation: operation.name)
def test_threads_lose_nothing(operation: Operation) -> None:
    for make in operation.makers.values():
        try:
            implementation = make(4)
        except Unavailable:
            continue
        spans = implementation.crew([None] * 4).run(COUNT)
        assert implementation.missing is None or implementation.missing(spans) == 0, implementation.name


OF_METRICS = (*metrics.OPERATIONS, requests.REQUEST)
METRICS = [
    pytest.param(one, name, id=f"{one.name}-{name}", marks=[pytest.mark.slow] if one is metrics.LARGE else [])
    for one in OF_METRICS
    for name in one.makers
    if "many" not in name
]


@pytest.mark.one_in(8)
@pytest.mark.parametrize(("operation", "name"), METRICS)
def test_metrics_are_counted_and_read(operation: Operation, name: str) -> None:
    implementation = operation.makers[name](1)
    assert implementation.name == name
    crew = implementation.crew([None])
    try:
        assert implementation.missing is not None
        assert implementation.missing(crew.run(3)) == 0
        assert implementation.missing(crew.run(3)) == 0
    finally:
        crew.close()


def test_what_several_dead_workers_leave_in_files_is_read() -> None:
    implementation = metrics._scrape("multiprocess", 3, 5)(1)
    assert implementation.name == "multiprocess-many"
    crew = implementation.crew([None])
    try:
        assert implementation.missing is not None
        assert implementation.missing(crew.run(1)) == 0
    finally:
        crew.close()


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
    work = loop("seen.append((a, b))", seen=seen, a=1, b=2)
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
