"""SpinLock inside compiled functions: with the GIL and without, in threads that Python does not know."""

from __future__ import annotations

import os
import re
import signal
import textwrap
import threading
from typing import Any

import numpy as np
import pytest

import rseq
import support
from rseq._builtins.bind import builtin
from rseq._language.operations import refuse
from rseq._percpu.memory import Memory
from rseq._percpu.segment import private_extent
from rseq._percpu.threads import Table, describe_to, table

numba = pytest.importorskip("numba", reason="rseq.numba needs Numba (pip install rseq[numba])")


@numba.njit(nogil=True)
def count(lock: Any, counts: Any, times: int) -> None:
    for _ in range(times):
        cpu = lock.acquire()
        counts[cpu] += 1
        lock.release(cpu)


@numba.njit
def acquire(lock: Any) -> int:
    return lock.acquire()


@numba.njit(nogil=True)
def acquire_without_gil(lock: Any) -> int:
    return lock.acquire()


@numba.njit
def release(lock: Any, cpu: int) -> None:
    lock.release(cpu)


@numba.njit
def attempt(lock: Any) -> Any:
    return lock.try_acquire()


@numba.njit(parallel=True)
def count_in_parallel(lock: Any, counts: Any, times: int) -> None:
    for _ in numba.prange(times):
        cpu = lock.acquire()
        counts[cpu] += 1
        lock.release(cpu)


def counters() -> Any:
    """A number for each CPU."""
    return np.zeros(rseq.SpinLock().storage.place.lanes + 1, np.int64)


def test_what_is_not_atomic_is_exact_under_the_lock(threads: support.ThreadSet) -> None:
    lock, counts = rseq.SpinLock(), counters()
    count(lock, counts, 0)  # compiles it
    cpus = sorted(os.sched_getaffinity(0))

    def run(number: int) -> None:
        for turn in range(20):
            os.sched_setaffinity(0, {cpus[(number + turn) % len(cpus)]})
            count(lock, counts, 5_000)

    for number in range(6):
        threads.start(run, number)
    threads.join()
    assert counts.sum() == 6 * 20 * 5_000
    assert lock.holders() == {}


def test_threads_that_python_does_not_know_have_numbers_of_their_own() -> None:
    lock, counts = rseq.SpinLock(), counters()
    count_in_parallel(lock, counts, 50_000)
    assert counts.sum() == 50_000
    assert lock.holders() == {}


def test_python_and_compiled_code_hold_the_same_lock(one_cpu: int) -> None:
    lock = rseq.SpinLock()
    assert acquire(lock) == one_cpu
    assert attempt(lock) is None
    assert lock.try_acquire() is None
    lock.release(one_cpu)
    assert attempt(lock) == one_cpu
    release(lock, one_cpu)
    with lock as cpu, pytest.raises(RuntimeError, match=r"^this thread holds that lock already"):
        assert acquire(lock) == cpu


def test_a_release_of_what_the_thread_does_not_hold_is_refused() -> None:
    lock = rseq.SpinLock()
    with pytest.raises(RuntimeError, match=r"^nobody holds that lock: it was released before, or never acquired$"):
        release(lock, 0)
    taken = threading.Thread(target=lock.acquire, name="other")
    taken.start()
    taken.join()
    (cpu,) = lock.holders()
    with pytest.raises(RuntimeError, match=r"that lock is held by thread \d+ \(other\) of process \d+, not by this"):
        release(lock, cpu)
    with pytest.raises(IndexError, match="no lane's number"):
        release(lock, -1)


@pytest.mark.parametrize("function", [acquire, acquire_without_gil])
def test_a_waiter_lets_a_holder_go_on_that_needs_the_gil(
    function: Any, one_cpu: int, threads: support.ThreadSet
) -> None:
    lock, held, order = rseq.SpinLock(), threading.Event(), list[str]()
    release(lock, function(lock))  # compiles them

    def hold() -> None:
        with lock:
            held.set()
            for _ in range(20_000):
                order.append("holder")

    threads.start(hold)
    held.wait()
    cpu = function(lock)
    order.append("waiter")
    release(lock, cpu)
    threads.join()
    assert order == ["holder"] * 20_000 + ["waiter"]


def test_ctrl_c_ends_waiting_with_the_gil(one_cpu: int, threads: support.ThreadSet) -> None:
    lock, held, waiting, done = rseq.SpinLock(), *(threading.Event() for _ in range(3))
    release(lock, acquire(lock))

    def hold() -> None:
        with lock:
            held.set()
            waiting.wait()
            os.kill(os.getpid(), signal.SIGINT)
            done.wait()

    def want() -> None:
        waiting.set()
        acquire(lock)

    threads.start(hold)
    held.wait()
    with pytest.raises(KeyboardInterrupt):
        want()
    done.set()
    threads.join()
    assert lock.holders() == {}


@pytest.mark.parametrize("function", [acquire, acquire_without_gil])
def test_ctrl_c_while_a_takeover_is_told_comes_after_the_call_which_has_the_lock(
    function: Any, one_cpu: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, original = rseq.SpinLock(), Table.describe
    release(lock, function(lock))  # compiles them
    careless = threading.Thread(target=lock.acquire)
    careless.start()
    careless.join()

    def interrupted(*arguments: Any) -> Any:
        monkeypatch.setattr(Table, "describe", original)
        signal.raise_signal(signal.SIGINT)
        return original(*arguments)

    monkeypatch.setattr(Table, "describe", interrupted)
    with pytest.raises(KeyboardInterrupt):
        function(lock)
    with pytest.warns(RuntimeWarning, match="held a lock and has ended"):
        release(lock, one_cpu)
    assert lock.holders() == {}


@pytest.mark.parametrize("function", [acquire, acquire_without_gil])
def test_who_ends_while_holding_it_is_found_out(function: Any, one_cpu: int) -> None:
    lock = rseq.SpinLock()
    thread = threading.Thread(target=function, args=(lock,), name="compiled")
    thread.start()
    thread.join()
    while not table().has_ended(int(lock.storage.view()["owner"][one_cpu])):
        os.sched_yield()
    with pytest.warns(RuntimeWarning, match=r"\(compiled\) of process \d+ held a lock and has ended"):
        assert function(lock) == one_cpu
    release(lock, one_cpu)


def test_the_number_is_looked_up_once_for_all_that_a_function_does() -> None:
    """Once in the loop's function, which acquires and releases, and once in the one that waits."""
    count(rseq.SpinLock(), counters(), 1)
    (text,) = count.inspect_llvm().values()
    assert len(re.findall(r"call .*@rseq\.thread\.known\(", text)) == 2


class Cell(rseq.Record):
    owner: rseq.u64


@rseq.routine
def who(cpu: Cell) -> rseq.u64:
    return rseq.thread_id()


@rseq.routine
def refuse_for(cpu: Cell, holder: rseq.u64) -> rseq.i64:
    refuse(holder)
    return rseq.i64(1)


@numba.njit
def ask_in_turn(one: Any, other: Any) -> Any:
    return one(), other(), one()


@numba.njit
def ask_in_loop(one: Any, other: Any) -> Any:
    first, last = one(), 0 * one()
    for asked in (one, other):
        last = asked()
    return first, last, one()


@numba.njit
def refuse_in(bound: Any, holder: int) -> int:
    return bound(holder)


def bound_elsewhere(code: Any) -> tuple[Any, Table]:
    """A routine on memory that has another table of threads, as in a file; and that."""
    table()  # which tells all private extents there are that it is theirs
    extent, new = private_extent(8), Table()
    new._slot(0).generation = 1 << 20  # so that numbers are not those of the other table by chance
    describe_to(extent.lock, new)
    memory = Memory(extent.place(0), 8, None)
    return builtin(code, memory=memory, index="cpu_id", shape=(), title=code.__name__), new


@pytest.mark.parametrize("function", [ask_in_turn, ask_in_loop])
def test_a_function_that_works_on_memory_of_two_tables_has_two_numbers(function: Any) -> None:
    here, (there, new) = who.bind(rseq.percpu(Cell)), bound_elsewhere(who)
    mine = table().thread_id()
    assert function(here, there) == (mine, new.thread_id(), mine)
    assert function(there, here) == (new.thread_id(), mine, new.thread_id())
    assert mine != new.thread_id()


def test_a_thread_has_pythons_name_in_the_table_of_the_memory() -> None:
    (bound, new), numbers = bound_elsewhere(who), list[int]()
    ask_in_turn(bound, bound)  # compiles it
    asker = threading.Thread(target=lambda: numbers.extend(ask_in_turn(bound, bound)), name="asks in compiled code")
    asker.start()
    asker.join()
    assert "(asks in compiled code)" in new.describe(numbers[0])


def test_a_refusal_is_about_the_threads_of_the_memory_that_it_comes_from() -> None:
    here, (there, new) = refuse_for.bind(rseq.percpu(Cell)), bound_elsewhere(refuse_for)
    mine, theirs = table().thread_id(), new.thread_id()
    new._slot(theirs & 0xFFFF).name = b"it"
    with pytest.raises(RuntimeError, match="this thread holds that lock already"):
        refuse_in(there, theirs)
    with pytest.raises(RuntimeError, match="this thread holds that lock already"):
        refuse_in(here, mine)
    with pytest.raises(RuntimeError, match="that lock is held by a thread that has ended"):
        refuse_in(there, theirs + (2 << 16))


CONTENDED = """
    import os, sys, threading, warnings
    import numba, rseq
    warnings.simplefilter("ignore")
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # all want the same lock
    lock = rseq.SpinLock()
    without_gil = "without" in sys.argv

    @numba.njit(nogil=without_gil)
    def once():
        cpu = lock.acquire()  # a global: nothing is converted, and no Python code runs on the way in
        lock.release(cpu)

    @numba.njit(nogil=without_gil)
    def often(lock, times):
        for _ in range(times):
            cpu = lock.acquire()
            lock.release(cpu)

    once(), often(lock, 1)
    held, end = threading.Event(), threading.Event()

    def hold():  # needs the GIL before it gives the lock back
        with lock:
            held.set()
            end.wait()

    threading.Thread(target=hold).start()
    held.wait()
"""


@pytest.mark.slow
@pytest.mark.parametrize("gil", ["with", "without"])
def test_waiting_beside_a_subinterpreter(gil: str) -> None:
    """PyGILState_Check() says for ever that any thread has the GIL, once there was one."""
    code = """
        try:
            import _interpreters as interpreters
        except ImportError:
            import _xxsubinterpreters as interpreters
        interpreters.run_string(interpreters.create(), "import threading")
        waiters = [threading.Thread(target=once), threading.Thread(target=often, args=(lock, 1))]
        for waiter in waiters:
            waiter.start()
        for _ in range(1000):
            os.sched_yield()
        end.set()
        for waiter in waiters:
            waiter.join()
        print("all had it")
    """
    assert "all had it" in support.run_python(textwrap.dedent(CONTENDED) + textwrap.dedent(code), gil).stdout


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    ("gil", "contended"),
    [
        ("with", "held"),
        pytest.param("without", "free", marks=pytest.mark.slow),
        pytest.param("with", "free", marks=pytest.mark.slow),
        pytest.param("without", "held", marks=pytest.mark.slow),
    ],
)
def test_the_interpreter_ends_while_daemon_threads_want_a_lock(gil: str, contended: str) -> None:
    code = """
        begun = threading.Barrier(3)

        def work(number):
            begun.wait()
            often(lock, 1 << 60) if number % 2 and without_gil else [once() for _ in iter(int, 1)]

        for number in range(2):
            threading.Thread(target=work, args=(number,), daemon=True).start()
        begun.wait()
        if "free" in sys.argv:
            end.set()
        for _ in range(20):
            os.sched_yield()
        end.set()
    """
    program = textwrap.dedent(CONTENDED) + textwrap.dedent(code)
    support.run_python(program, gil, contended, timeout_s=40)


@pytest.mark.parametrize("function", [count, acquire, acquire_without_gil, count_in_parallel])
def test_compiled_code_asks_python_for_nothing_it_needs_the_gil_for(function: Any) -> None:
    count(rseq.SpinLock(), counters(), 1)
    count_in_parallel(rseq.SpinLock(), counters(), 1)
    release(lock := rseq.SpinLock(), acquire(lock))
    release(lock, acquire_without_gil(lock))
    allowed = {"PyEval_SaveThread", "PyEval_RestoreThread", "PyErr_CheckSignals"}  # of a thread that has the GIL
    allowed |= {"_PyThreadState_UncheckedGet", "PyThreadState_GetUnchecked", "PyGILState_GetThisThreadState"}
    for text in function.inspect_llvm().values():
        for name, body in re.findall(r"^define [^@]*@([^(]+)\(.*?\{\n(.*?)^\}", text, re.MULTILINE | re.DOTALL):
            if not re.search("cpython|cfunc|__gufunc__", name):  # there Numba has the GIL
                called = set(re.findall(r"call [^@\n]*@(_?Py\w+)", body))
                assert called <= allowed, name
