"""SpinLock: one holder for each CPU, whoever holds it may be moved, and who waits for it lets others go on."""

from __future__ import annotations

import os
import random
import re
import signal
import threading
from collections.abc import Callable
from typing import Any

import pytest

import rseq
from models.lock import Model
from rseq import i32
from rseq._libc import libc_with_gil
from rseq._percpu import thread_calls
from rseq._percpu import threads as thread_numbers
from rseq._percpu.threads import Table
from rseq._stress.instructions import every_instruction
from rseq._stress.run import stress
from rseq._stress.structures.lock import workloads
from rseq._structures.lock_code import Lock, take
from rseq.check import check
from spoils import ending_early, without_descriptor_store
from structures import locking
from structures.locking import Count, crew, in_thread
from support import fork, run_python, wait_for

OFF = {"GLIBC_TUNABLES": "glibc.pthread.rseq=0"}

one_cpu = locking.one_cpu
"""Not a fixture of the folder: other files mean other things by that name."""


# One thread


def test_it_does_what_the_model_does(segment: rseq.Segment | None, one_cpu: int) -> None:
    lock, model, chance = rseq.SpinLock(segment=segment), Model(one_cpu + 1), random.Random(1)
    me = thread_numbers.table_of(lock.storage.place.lock).thread_id()  # each segment has numbers of its own
    for _ in range(2000):
        method, arguments = chance.choice([("acquire", ()), ("try_acquire", ()), ("release", (one_cpu,))])
        assert outcome(getattr(lock, method), *arguments) == outcome(getattr(model, method), me, one_cpu)
        assert list(lock.storage.view()["owner"][: one_cpu + 1]) == model.owners
        model.invariant()


def outcome(method: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return method(*arguments)
    except RuntimeError:
        return RuntimeError


@pytest.mark.needs_rseq
def test_the_lock_is_that_of_the_cpu_and_is_released_from_another(segment: rseq.Segment | None) -> None:
    lock = rseq.SpinLock(segment=segment)
    for cpu in sorted(os.sched_getaffinity(0)):
        with crew() as threads:
            threads.start(taken_here_released_there, lock, cpu)
    assert lock.holders() == {}


def taken_here_released_there(lock: rseq.SpinLock, cpu: int) -> None:
    anywhere = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpu})
    assert lock.acquire() == cpu
    os.sched_setaffinity(0, anywhere - {cpu} or anywhere)
    assert list(lock.holders()) == [cpu]
    lock.release(cpu)


def test_a_second_release_says_that_nobody_holds_it() -> None:
    lock = rseq.SpinLock()
    cpu = lock.acquire()
    lock.release(cpu)
    with pytest.raises(RuntimeError, match=r"^nobody holds that lock: it was released before, or never acquired$"):
        lock.release(cpu)


def test_a_release_by_another_thread_says_who_holds_it() -> None:
    lock = rseq.SpinLock()
    cpu = lock.acquire()
    who = rf"that lock is held by thread {threading.get_native_id()} \(MainThread\) of process {os.getpid()}, not by"
    with pytest.raises(RuntimeError, match=who):
        in_thread_raising(lambda: lock.release(cpu))
    lock.release(cpu)


def in_thread_raising(function: Callable[[], object]) -> None:
    with crew() as threads:
        threads.start(function)


def test_to_acquire_twice_is_an_error_and_no_deadlock(one_cpu: int) -> None:
    lock = rseq.SpinLock()
    with lock as cpu:
        with pytest.raises(RuntimeError, match="this thread holds that lock already, and would wait for itself"):
            lock.acquire()
        assert lock.try_acquire() is None
        assert list(lock.holders()) == [cpu]
    assert lock.holders() == {}


@pytest.mark.parametrize("cpu", [-1, 1 << 20])
def test_a_cpu_that_is_none_is_an_index_error(cpu: int) -> None:
    with pytest.raises(IndexError, match=r"SpinLock.release\(\): cpu is no lane's number"):
        rseq.SpinLock().release(cpu)


def test_with_releases_whatever_happens_and_is_per_thread() -> None:
    lock = rseq.SpinLock()
    with pytest.raises(ZeroDivisionError), lock:
        raise ZeroDivisionError
    assert lock.holders() == {}
    with pytest.raises(RuntimeError, match="not inside `with lock:`"):
        lock.__exit__(None, None, None)


def test_its_repr_says_who_holds_it() -> None:
    lock = rseq.SpinLock()
    assert repr(lock) == "<rseq.SpinLock, free>"
    with lock as cpu:
        assert f"held by CPU {cpu}: thread {threading.get_native_id()} (MainThread)" in repr(lock)


# Waiting


def test_a_waiter_on_one_cpu_lets_the_holder_go_on(one_cpu: int) -> None:
    """Both need the GIL and the CPU: if the waiter kept either, this would not end."""
    lock, order, held = rseq.SpinLock(), [], threading.Event()

    def hold() -> None:
        with lock:
            held.set()
            for _ in range(20_000):
                order.append("holder")

    def want() -> None:
        held.wait()
        with lock:
            order.append("waiter")

    with crew() as threads:
        threads.start(want)
        threads.start(hold)
    assert order == ["holder"] * 20_000 + ["waiter"]


def test_ctrl_c_ends_waiting_and_the_lock_stays_the_holders(one_cpu: int) -> None:
    lock, held, done = rseq.SpinLock(), threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            held.set()
            done.wait()

    def interrupt() -> None:
        held.wait()
        while not waiting.is_set():
            os.sched_yield()
        os.kill(os.getpid(), signal.SIGINT)

    def want() -> None:
        waiting.set()
        with lock:
            raise AssertionError("not reached")

    waiting = threading.Event()
    with crew() as threads:
        threads.start(hold)
        held.wait()
        threads.start(interrupt)
        with pytest.raises(KeyboardInterrupt):
            want()
        assert len(lock.holders()) == 1
        done.set()
    assert lock.holders() == {}


@pytest.fixture
def ctrl_c_on(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let Ctrl-C come once, the next time a thread function of that name is called; `first` is called before."""

    def arrange(name: str, first: Callable[[], object] = int) -> None:
        home = next(home for home in (thread_calls, thread_numbers, Table) if hasattr(home, name))
        original = getattr(home, name)

        def interrupted(*arguments: Any) -> Any:
            monkeypatch.setattr(home, name, original)
            first()
            signal.raise_signal(signal.SIGINT)
            return original(*arguments)

        monkeypatch.setattr(home, name, interrupted)

    return arrange


def test_ctrl_c_is_raised_that_comes_while_python_is_asked_if_the_holder_lives(
    one_cpu: int, ctrl_c_on: Callable[..., None]
) -> None:
    lock, held, done = rseq.SpinLock(), threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            held.set()
            done.wait()

    with crew() as threads:
        threads.start(hold)
        held.wait()
        ctrl_c_on("table_of", done.set)  # who loses Ctrl-C waits for ever otherwise
        with pytest.raises(KeyboardInterrupt):
            lock.acquire()
    assert lock.holders() == {}


def test_ctrl_c_is_raised_that_comes_while_a_thread_gets_its_number(ctrl_c_on: Callable[..., None]) -> None:
    assert wait_for(fork(lambda: _first_acquire_of_a_child(ctrl_c_on))) == 0


def _first_acquire_of_a_child(ctrl_c_on: Callable[..., None]) -> None:
    lock = rseq.SpinLock(segment=rseq.Segment())
    key = thread_numbers.table_of(lock.storage.place.lock)._key
    libc_with_gil().pthread_setspecific(key, None)  # as in a thread that has not asked yet
    ctrl_c_on("table_of")
    with pytest.raises(KeyboardInterrupt):
        lock.acquire()
    assert lock.holders() == {}
    lock.release(lock.acquire())


def test_ctrl_c_during_the_warning_leaves_the_lock_to_the_next(one_cpu: int, ctrl_c_on: Callable[..., None]) -> None:
    lock = rseq.SpinLock()
    in_thread(lock.acquire, "careless")
    ctrl_c_on("describe")
    with pytest.raises(KeyboardInterrupt):
        lock.acquire()
    with pytest.warns(RuntimeWarning, match=r"\(careless\) of process \d+ held a lock and has ended"):
        lock.release(lock.acquire())


# Many threads


@pytest.mark.needs_rseq
def test_what_is_not_atomic_is_exact_under_the_lock_while_threads_are_moved(segment: rseq.Segment | None) -> None:
    lock, counts = rseq.SpinLock(segment=segment), rseq.percpu(Count, segment=segment).view()["value"]
    cpus = sorted(os.sched_getaffinity(0))

    def count(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(400):
            with lock as cpu:
                before = counts[cpu]
                os.sched_setaffinity(0, {chance.choice(cpus)})
                counts[cpu] = before + 1

    with crew() as threads:
        for seed in range(8):
            threads.start(count, seed)
    assert counts.sum() == 3200
    assert lock.holders() == {}


def test_without_rseq_the_spare_lane_has_a_lock() -> None:
    found = run_python(
        """
        import threading, rseq
        lock, counts = rseq.SpinLock(), [0]
        def count():
            for _ in range(500):
                with lock as cpu:
                    assert cpu == lock.storage.place.lanes, cpu
                    before = counts[0]
                    threading.Event().wait(0)
                    counts[0] = before + 1
        threads = [threading.Thread(target=count) for _ in range(4)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        print(counts, lock)
        """,
        env=OFF,
    )
    assert found.stdout.strip() == "[2000] <rseq.SpinLock, free>"


# The checker and the stress


@rseq.routine
def steal_a_free_one(cpu: Lock, number: i32) -> bool:
    """What nobody may do: a store to a free lock from another CPU, beside a sequence that has found it free."""
    there = rseq.lane(cpu, number)
    return rseq.compare_exchange(there.owner, 0, 7)


def test_the_checker_notices_who_takes_a_free_lock_from_another_cpu() -> None:
    report = check(take, steal_a_free_one)
    assert {violation.rule for violation in report.violations} == {"not-an-order"}


@pytest.mark.needs_rseq
@pytest.mark.arch("x86_64")  # where a breakpoint that aborts nothing is not hit for ever
@pytest.mark.one_in(2)
@pytest.mark.parametrize("spoil", [ending_early, without_descriptor_store])
def test_a_section_that_is_not_restarted_is_noticed_at_its_instructions(spoil: Any) -> None:
    report = every_instruction(*workloads(), spoil=spoil)
    assert any(re.search(r"of take\(\), .*, was hit \d+ times and aborted it 0 times$", one) for one in report.problems)


@pytest.mark.needs_rseq
@pytest.mark.slow
def test_a_section_that_is_not_restarted_breaks_the_stress() -> None:
    (workload,) = workloads()
    for _ in range(
        20
    ):  # a few instructions in a long loop: on a busy machine, no thread is stopped in them for seconds
        problems = stress(workload, seconds=3.0, threads=6, spoil=without_descriptor_store).problems
        if any("the work of SpinLock failed" in problem or "is held by" in problem for problem in problems):
            return
    pytest.fail(str(problems))
