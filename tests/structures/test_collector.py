"""Collector: what many threads append, in one array; nothing lost, nothing twice, and what finds no room is counted."""

from __future__ import annotations

import os
import signal
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rseq
from models.collector import Model
from rseq._structures.collector import MAX_CAPACITY
from rseq._structures.collector_code import appender
from rseq.testing import assert_restartable
from support import ThreadSet, run_python

OFF = {"GLIBC_TUNABLES": "glibc.pthread.rseq=0"}


@pytest.mark.parametrize("dtype", ["i16", "u32", "i64", "u64", "f32", "f64", np.int32, float, "float32"])
@pytest.mark.parametrize("capacity", [1, 3, 4, 100, np.int16(5)])
def test_what_was_appended_on_one_cpu_is_there_in_order(one_cpu: int, dtype: Any, capacity: int) -> None:
    collector = rseq.Collector(dtype, capacity)
    assert [collector.append(number) for number in range(capacity + 2)] == [True] * capacity + [False] * 2
    assert (len(collector), collector.refused, collector.capacity) == (capacity, 2, capacity)
    with pytest.warns(RuntimeWarning, match=rf"^2 numbers are missing: .*, which is {capacity} for each CPU now$"):
        found = collector.array()
    assert found.tolist() == list(range(capacity))
    wanted = (
        dtype
        if dtype in (np.int32, float, "float32")
        else {"i": "i", "u": "u", "f": "f"}[dtype[0]] + str(int(dtype[1:]) // 8)
    )
    assert found.dtype == np.dtype(wanted)
    assert repr(collector) == f"<rseq.Collector of {capacity} for each CPU, {capacity} numbers>"


def test_an_empty_one_is_an_empty_array_and_true() -> None:
    collector = rseq.Collector(rseq.f64, 10)
    assert (collector.array().shape, collector.array().dtype, [*collector], bool(collector)) == ((0,), float, [], True)


def test_an_array_stays_as_it_is(one_cpu: int) -> None:
    collector = rseq.Collector(rseq.i64, 10)
    collector.append(1)
    before = collector.array()
    collector.append(2)
    before[0] = 9
    assert collector.array().tolist() == [1, 2]
    assert before.tolist() == [9]


@pytest.mark.needs_rseq
@given(capacity=st.integers(1, 4), steps=st.lists(st.tuples(st.integers(0, 7), st.integers(-9, 9)), max_size=40))
@settings(max_examples=60, deadline=None)
def test_numbers_from_all_cpus_are_where_the_model_has_them(capacity: int, steps: list[tuple[int, int]]) -> None:
    allowed = sorted(os.sched_getaffinity(0))
    collector, model = rseq.Collector(rseq.i64, capacity), Model(capacity, rseq.info().possible_cpus)
    try:
        for where, number in steps:
            model.cpu = allowed[where % len(allowed)]
            os.sched_setaffinity(0, {model.cpu})
            assert collector.append(number) == model.append(number)
    finally:
        os.sched_setaffinity(0, allowed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        assert collector.array().tolist() == model.array()
    assert (len(collector), collector.refused) == (len(model.array()), model.refused)


def test_threads_lose_and_double_nothing_while_others_read(threads: ThreadSet) -> None:
    collector, each = rseq.Collector(rseq.i64, 40_000), 10_000

    def append(worker: int) -> None:
        for number in range(worker * each, (worker + 1) * each):
            assert collector.append(number)

    def read() -> None:
        for _ in range(50):
            found = collector.array()
            assert len(np.unique(found)) == len(found)

    for worker in range(4):
        threads.start(append, worker)
    threads.start(read)
    threads.join()
    assert np.sort(collector.array()).tolist() == list(range(4 * each))


def test_a_signal_handler_appends_in_the_middle(one_cpu: int) -> None:
    collector = rseq.Collector(rseq.i64, 100_000)
    before = signal.signal(signal.SIGALRM, lambda *_: collector.append(-1))
    signal.setitimer(signal.ITIMER_REAL, 1e-4, 1e-4)
    try:
        for number in range(50_000):
            collector.append(number)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    found = collector.array()
    assert found[found >= 0].tolist() == list(range(50_000))
    assert collector.refused == 0


def test_processes_share_one_and_a_fork_copies_a_private_one(in_child: Any) -> None:
    shared, private = rseq.Collector("u64", 100, segment=rseq.Segment()), rseq.Collector("u64", 100)

    def child() -> None:
        assert shared.append(5)
        assert private.append(5)

    in_child(child)
    assert (shared.array().tolist(), private.array().tolist()) == ([5], [])


def test_without_rseq_the_spare_lane_has_all() -> None:
    code = """
        import threading, rseq
        collector = rseq.Collector("f8", 4000)
        threads = [threading.Thread(target=lambda: [collector.append(1.5) for _ in range(1000)]) for _ in range(4)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        print(len(collector), collector.array().sum(), len(collector.storage.per_cpu()[-1]["slots"]))
    """
    assert run_python(code, env=OFF).stdout.split() == ["4000", "6000.0", "4096"]


@pytest.mark.one_in(2)
@pytest.mark.parametrize("dtype", ["i16", "f64"])
def test_no_interruption_loses_doubles_or_tears(dtype: str) -> None:
    from rseq._language.types import SCALARS

    assert_restartable(appender(SCALARS[dtype], 2))


def test_the_largest_one_takes_memory_where_numbers_are() -> None:
    found = rseq.Collector("i64", MAX_CAPACITY)
    assert (found.append(5), found.array().tolist(), found.capacity) == (True, [5], 67_108_864)


def test_wrong_arguments_are_refused_and_change_nothing() -> None:
    for capacity in (0, -1, MAX_CAPACITY + 1):
        with pytest.raises(ValueError, match=rf"^capacity: expected 1 … {MAX_CAPACITY} numbers for each CPU, got "):
            rseq.Collector("i64", capacity)
    for wrong in (1.5, None, "3", True):
        with pytest.raises(TypeError, match=r"^capacity: expected an int, got "):
            rseq.Collector("i64", wrong)  # type: ignore[arg-type]
    for dtype in (bool, "S3", [("a", "i4")], None):
        with pytest.raises(TypeError):
            rseq.Collector(dtype, 3)
    collector: Any = rseq.Collector("i16", 3)
    for wrong in ("x", None, 1.5):
        with pytest.raises(TypeError):
            collector.append(wrong)
    with pytest.raises(OverflowError):
        collector.append(1 << 15)
    assert (len(collector), collector.refused) == (0, 0)


def test_memory_whose_numbers_are_wrong_is_not_left(one_cpu: int) -> None:
    """Whoever scribbles over shared memory gets an exception, or wrong numbers, and not a crash."""
    collector = rseq.Collector(rseq.i64, 4)
    view = collector.storage.view()
    view["count"] = 1 << 40
    view["limit"] = (1 << 64) - 1
    with pytest.raises(IndexError, match=r"is out of range for cpu\.slots, which has 4 elements$"):
        collector.append(1)
    assert len(collector.array()) == 4 * len(view)
    assert collector.capacity == MAX_CAPACITY
