"""Threads, forks and signals on counters: whatever happens, what was added is what is read."""

from __future__ import annotations

import gc
import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

import rseq
from rseq import i64
from support import ThreadSet, run_python

INDICES = ["cpu_id", "mm_cid"]


class Cell(rseq.Record):
    value: i64
    calls: i64


@rseq.sequence
def load_and_store(cpu: Cell, n: i64) -> i64:
    """`+=` in several instructions; its result is read before the commit."""
    before = cpu.value
    cpu.value = (before ^ 0) + n
    return before


@pytest.fixture
def affinity() -> Iterator[list[int]]:
    """The CPUs that this process may run on; restored afterwards."""
    allowed = os.sched_getaffinity(0)
    yield sorted(allowed)
    os.sched_setaffinity(0, allowed)


def test_the_tests_here_mean_something() -> None:
    assert len(os.sched_getaffinity(0)) > 1, "on one CPU, threads of Python cannot run at the same time"


@pytest.mark.parametrize("index", INDICES)
def test_threads_that_are_moved_about_lose_nothing(index: Any, threads: ThreadSet, affinity: list[int]) -> None:
    hits = rseq.Counter(index=index)
    table = rseq.CounterArray((2, 3), rseq.u32, index=index)
    cell = rseq.percpu(Cell, index=index)
    add_cell = load_and_store.bind(cell)

    def work() -> None:
        chance = random.Random(threading.get_ident())
        for _ in range(300):
            os.sched_setaffinity(0, chance.choice([affinity, *([cpu] for cpu in affinity)]))
            for number in range(30):
                hits.add()
                table.add((number & 1, number % 3))
                add_cell(2)

    threads.run(2 * len(affinity) + 2, work)
    runs = (2 * len(affinity) + 2) * 300 * 30
    assert hits.value == runs
    assert table.values().sum() == runs
    assert cell.per_cpu()["value"].sum() == 2 * runs


def test_short_lived_threads_lose_nothing(threads: ThreadSet) -> None:
    hits = rseq.Counter()

    def work() -> None:
        for _ in range(50):
            hits.add()

    for _ in range(40):
        for _ in range(10):
            threads.start(work)
        threads.join()
    assert hits.value == 40 * 10 * 50


def test_threads_that_fail_in_the_middle_leave_what_they_added(threads: ThreadSet) -> None:
    hits = rseq.Counter()

    def work(adds: int) -> None:
        for number in range(1000):
            hits.add("x" if number == adds else 1)  # type: ignore[arg-type]

    for adds in range(100):
        threads.start(work, adds)
        with pytest.raises(TypeError):
            threads.join()
    assert hits.value == sum(range(100))


def test_handles_deleted_while_threads_use_them(threads: ThreadSet) -> None:
    current: list[rseq.Counter] = [rseq.Counter()]
    views = [current[0].storage.view()["value"]]
    added, done = [0] * 4, threading.Event()

    def work(number: int) -> None:
        while not done.is_set():
            add = current[0].add
            add()
            add()
            added[number] += 2

    for number in range(4):
        threads.start(work, number)
    for _ in range(300):
        fresh = rseq.Counter()
        views.append(fresh.storage.view()["value"])
        current[0] = fresh
        del fresh
    done.set()
    threads.join()
    gc.collect()
    assert sum(int(view.sum()) for view in views) == sum(added)


def test_memory_used_again_while_threads_hold_old_handles(threads: ThreadSet) -> None:
    """Nobody keeps the memory here but the builtins: a counter whose memory came back too soon would not be 0."""
    current: list[rseq.Counter] = [rseq.Counter()]
    done = threading.Event()

    def work() -> None:
        while not done.is_set():
            add = current[0].add
            for _ in range(20):
                add()

    for _ in range(4):
        threads.start(work)
    for _ in range(300):
        fresh = rseq.Counter()
        assert fresh.value == 0
        current[0] = fresh
        del fresh
    done.set()
    threads.join()


def test_a_python_signal_handler_that_adds_at_a_kilohertz() -> None:
    hits, handled, added = rseq.Counter(), 0, 0

    def handle(number: int, frame: object) -> None:
        nonlocal handled
        handled += 1
        hits.add()

    before = signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    try:
        while handled < 300:
            hits.add()
            added += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert hits.value == added + handled


def test_signals_to_every_thread_while_they_add(threads: ThreadSet) -> None:
    hits, handled = rseq.Counter(), 0

    def handle(number: int, frame: object) -> None:
        nonlocal handled
        handled += 1
        hits.add()

    done, added = threading.Event(), [0] * 4

    def work(number: int) -> None:
        while not done.is_set():
            hits.add()
            added[number] += 1

    before = signal.signal(signal.SIGUSR1, handle)
    try:
        workers = [threads.start(work, number) for number in range(4)]
        for _ in range(25):
            for worker in workers:
                assert worker.ident is not None
                signal.pthread_kill(worker.ident, signal.SIGUSR1)
            time.sleep(0)  # lets a worker run, and Python call the handler
        done.set()
        threads.join()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert handled > 0
    assert hits.value == sum(added) + handled


def wait_for(child: int) -> int:
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


@pytest.mark.slow
@pytest.mark.parametrize("index", INDICES)
def test_a_fork_in_the_middle_of_another_threads_loop(index: Any, threads: ThreadSet) -> None:
    hits = rseq.Counter(index=index)
    done, added = threading.Event(), [0]

    def work() -> None:
        while not done.is_set():
            for _ in range(100):
                hits.add()
            added[0] += 100

    threads.start(work)
    codes = []
    for _ in range(20):
        child = os.fork()
        if child == 0:
            start = hits.value  # the copy of the moment; nobody else adds to it
            for _ in range(5000):
                hits.add()
            fresh = rseq.Counter(index=index)
            fresh.add(3)
            os._exit(0 if (hits.value, fresh.value) == (start + 5000, 3) else 1)
        codes.append(wait_for(child))
    done.set()
    threads.join()
    assert codes == [0] * 20
    assert hits.value == added[0]  # nothing of the children's


def test_a_fork_while_another_thread_compiles() -> None:
    """A child that began in the middle of a compilation would wait for locks that nobody holds."""
    run_python(
        """
        import linecache, os, textwrap, threading, rseq
        class Cell(rseq.Record):
            value: rseq.i64

        SOURCE = '''
        @rseq.sequence
        def add(cpu: Cell, n: rseq.i64) -> None:
            cpu.value += n + %d
        '''

        def fresh(number):
            name, text = f"<{number}>", textwrap.dedent(SOURCE) % number
            linecache.cache[name] = (len(text), None, text.splitlines(True), name)
            names = {"rseq": rseq, "Cell": Cell, "__name__": "made"}
            exec(compile(text, name, "exec"), names)
            return names["add"].bind(rseq.percpu(Cell))

        done = threading.Event()
        def work():
            number = 0
            while not done.is_set():
                number += 1
                fresh(number)

        thread = threading.Thread(target=work)
        thread.start()
        for _ in range(8):
            child = os.fork()
            if child == 0:
                fresh(-1)(1)
                os._exit(0)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        done.set()
        thread.join()
        """,
        timeout_s=120,
    )


UNREGISTER = """
import ctypes, threading, rseq
from rseq._arch import host
from rseq._thread.registration import calling_thread

def unregister():
    "Take this thread's registration back, as a thread that libc did not start has none."
    libc, area = ctypes.CDLL(None, use_errno=True), calling_thread().area
    number, signature = host().syscall, ctypes.c_uint(host().signature)
    assert 0 in [libc.syscall(number, ctypes.c_void_p(area), size, 1, signature) for size in (32, 33)]
    assert not rseq.available()
"""


@pytest.mark.needs_rseq
@pytest.mark.parametrize("index", INDICES)
def test_registered_and_unregistered_threads_together_lose_nothing(index: str) -> None:
    run_python(
        UNREGISTER
        + """
import sys
hits = rseq.Counter(index=sys.argv[1])
barrier, failures = threading.Barrier(6), []

def work(number):
    try:
        if number % 2:
            unregister()
        barrier.wait()
        for _ in range(20_000):
            hits.add()
    except BaseException as failure:
        failures.append(failure)
        barrier.abort()

threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert not failures, failures
parts = hits.per_cpu()
assert parts[-1] == 3 * 20_000, parts   # the unregistered ones, and nobody else
assert hits.value == 6 * 20_000
""",
        index,
    )


@pytest.mark.needs_rseq
def test_registered_and_unregistered_processes_together_lose_nothing() -> None:
    run_python(
        UNREGISTER
        + """
import os
segment = rseq.Segment()
hits = rseq.Counter(segment=segment)
children = []
for number in range(4):
    child = os.fork()
    if child == 0:
        if number % 2:
            unregister()
        for _ in range(20_000):
            hits.add()
        os._exit(0)
    children.append(child)
assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * 4
parts = hits.per_cpu()
assert parts[-1] == 2 * 20_000, parts   # the unregistered ones, and nobody else
assert hits.value == 4 * 20_000
"""
    )
