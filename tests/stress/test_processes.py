"""Counters in a shared segment: forked processes with threads of their own, signals and affinity changes; nothing lost.

What happens to them when they are killed, and on the spare lane, is in test_spare_lane.py.
"""

from __future__ import annotations

import os
import random
import threading
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np

import rseq
from rseq import i64
from support import ThreadSet

PROCESSES, THREADS, ADDS = 3, 3, 4000


class Cell(rseq.Record):
    value: i64
    calls: i64


@rseq.sequence
def load_and_store(cpu: Cell, n: i64) -> i64:
    """`+=` in several instructions."""
    before = cpu.value
    cpu.value = (before ^ 0) + n
    return before


def fork(function: Callable[[], object]) -> int:
    child = os.fork()
    if child == 0:
        try:
            function()
        except BaseException:  # noqa: BLE001 - the child must end here
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return child


def wait_for(children: list[int]) -> list[int]:
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def test_processes_and_their_threads_count_together(threads: ThreadSet) -> None:
    segment = rseq.Segment()
    hits, seconds = rseq.Counter(segment=segment), rseq.FloatCounter(segment=segment)
    table = rseq.CounterArray((2, 3), rseq.u32, segment=segment)
    cell = rseq.percpu(Cell, segment=segment)
    add_cell = load_and_store.bind(cell)
    allowed = sorted(os.sched_getaffinity(0))

    def work() -> None:
        chance = random.Random(os.getpid() ^ threading.get_ident())
        for number in range(ADDS):
            if number % 40 == 0:
                os.sched_setaffinity(0, chance.choice([allowed, *([cpu] for cpu in allowed)]))
            hits.add()
            seconds.add(0.5)
            table.add((number & 1, number % 3))
            add_cell(2)

    def threads_of_a_child() -> None:
        ThreadSet().run(THREADS, work)

    children = [fork(threads_of_a_child) for _ in range(PROCESSES)]
    try:
        threads.run(THREADS, work)
    finally:
        os.sched_setaffinity(0, allowed)
    assert wait_for(children) == [0] * PROCESSES
    runs = (PROCESSES + 1) * THREADS * ADDS
    assert (hits.value, seconds.value) == (runs, runs / 2)
    assert table.values().sum() == runs
    assert cell.per_cpu()["value"].sum() == 2 * runs


def test_grandchildren_count_too_and_what_a_child_makes_is_shared_with_them() -> None:
    segment = rseq.Segment(size=1)
    hits = rseq.Counter(segment=segment)

    def child() -> None:
        large = rseq.CounterArray(10_000, segment=segment)  # an extent that the parent does not know

        def grandchild() -> None:
            for number in range(1000):
                hits.add()
                large.add(number)

        assert wait_for([fork(grandchild) for _ in range(3)]) == [0] * 3
        assert large.values()[:1000].tolist() == [3] * 1000

    assert wait_for([fork(child) for _ in range(2)]) == [0] * 2
    assert hits.value == 2 * 3 * 1000


def test_processes_that_make_counters_at_once_do_not_meet() -> None:
    segment = rseq.Segment(size=1 << 16)
    told = rseq.CounterArray(1, segment=segment)

    def child() -> None:
        mine = [rseq.Counter(segment=segment) for _ in range(300)]
        for number, counter in enumerate(mine):
            counter.add(number + 1)
        assert [counter.value for counter in mine] == [number + 1 for number in range(300)]
        told.add(0, sum(counter.value for counter in mine))

    assert wait_for([fork(child) for _ in range(4)]) == [0] * 4
    assert told.values().tolist() == [4 * sum(range(301))]


def test_a_process_that_forks_while_its_threads_make_counters(threads: ThreadSet) -> None:
    segment = rseq.Segment(size=1 << 16)
    done, made = threading.Event(), list[rseq.Counter]()

    def make() -> None:
        while not done.is_set() and len(made) < 5000:
            counter = rseq.Counter(segment=segment)
            assert counter.value == 0
            counter.add()
            made.append(counter)

    def child() -> None:
        mine = [rseq.Counter(segment=segment) for _ in range(200)]
        assert [counter.value for counter in mine] == [0] * 200
        for counter in mine:
            counter.add(1 << 32)

    threads.start(make)
    codes = [wait_for([fork(child)]) for _ in range(6)]
    done.set()
    threads.join()
    assert codes == [[0]] * 6
    assert np.unique([counter.value for counter in made]).tolist() == [1]


def test_multiprocessing_by_fork_hands_structures_over_as_arguments() -> None:
    import multiprocessing

    context: Any = multiprocessing.get_context("fork")
    hits = rseq.Counter(segment=rseq.Segment())
    processes = [context.Process(target=hits.add, args=(number,)) for number in (1, 2, 3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 3
    assert hits.value == 6
