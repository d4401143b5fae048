"""RCU: functions that are given to `call` are called later, in order, after a grace period."""

from __future__ import annotations

import os
import threading
from typing import Any

import pytest

import rseq
from support import ThreadSet


def test_functions_are_called_in_order_after_a_grace_period(rcu: rseq.RCU) -> None:
    called: list[int] = []
    with rcu:
        for number in range(100):
            rcu.call(lambda number=number: called.append(number))  # type: ignore[misc]
        assert called == []
    rcu.barrier()
    assert called == list(range(100))
    rcu.barrier()


def test_a_function_may_give_another(rcu: rseq.RCU) -> None:
    called: list[str] = []
    rcu.call(lambda: (called.append("one"), rcu.call(lambda: called.append("two"))))
    rcu.barrier()
    rcu.barrier()
    assert called == ["one", "two"]


def test_what_a_function_raises_is_reported_and_the_others_are_called(monkeypatch: pytest.MonkeyPatch) -> None:
    rcu, called, reports = rseq.RCU(), list[int](), list[Any]()
    monkeypatch.setattr(threading, "excepthook", lambda report: reports.append(report.exc_value))
    rcu.call(lambda: 1 // 0)
    rcu.call(lambda: called.append(1))
    rcu.barrier()
    assert called == [1]
    assert [type(error) for error in reports] == [ZeroDivisionError]


def test_functions_wait_on_when_synchronize_fails_and_the_next_try_calls_them(monkeypatch: pytest.MonkeyPatch) -> None:
    rcu, called, reports = rseq.RCU(), list[int](), list[object]()
    monkeypatch.setattr(threading, "excepthook", lambda report: reports.append(report.exc_value))
    error, synchronize, failing = MemoryError("no memory"), rseq.RCU.synchronize, [True]

    def fail(rcu: rseq.RCU, timeout: float | None = None) -> None:
        if failing[0]:
            raise error
        synchronize(rcu, timeout)

    monkeypatch.setattr(rseq.RCU, "synchronize", fail)
    for number in range(3):
        rcu.call(lambda number=number: called.append(number))  # type: ignore[misc]
    for _ in range(2):
        with pytest.raises(
            RuntimeError, match=r"^functions not called: 3, as synchronize\(\) failed: no memory$"
        ) as caught:
            rcu.barrier()
        assert caught.value.__cause__ is error
    assert called == []
    assert set(map(id, reports)) <= {id(error)}
    failing[0] = False
    rcu.call(lambda: called.append(3))
    rcu.barrier()
    assert called == [0, 1, 2, 3]


def test_barrier_ends_after_one_read_unlock_too_many(rcu: rseq.RCU, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda report: None)
    rcu.read_unlock(rcu.read_lock())
    rcu.read_unlock(0)
    rcu.call(print)
    with pytest.raises(
        RuntimeError, match=r"functions not called: 1.* 1 more read section has ended .* use a new RCU$"
    ):
        rcu.barrier()


def test_barrier_in_a_function_and_what_cannot_be_called_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    rcu, reports = rseq.RCU(), list[str]()
    monkeypatch.setattr(threading, "excepthook", lambda report: reports.append(str(report.exc_value)))
    rcu.call(rcu.barrier)
    rcu.barrier()
    assert reports == ["barrier() in a function that was given to call() would wait for itself"]
    with pytest.raises(TypeError, match=r"^call\(\) takes a function without arguments; got 7$"):
        rcu.call(7)  # type: ignore[arg-type]


def test_barrier_has_a_timeout() -> None:
    rcu = rseq.RCU()
    phase = rcu.read_lock()
    rcu.call(lambda: None)
    with pytest.raises(TimeoutError, match=r"^barrier\(\) waited 0 s, and 1 functions have not been called$"):
        rcu.barrier(0)
    rcu.read_unlock(phase)
    rcu.barrier()


def test_threads_that_give_functions_at_once_lose_none(threads: ThreadSet) -> None:
    rcu, called = rseq.RCU(), list[int]()

    def give() -> None:
        for number in range(200):
            rcu.call(lambda number=number: called.append(number))  # type: ignore[misc]
            if number % 50 == 0:
                rcu.barrier()

    threads.run(4, give)
    rcu.barrier()
    assert sorted(called) == sorted(list(range(200)) * 4)


def test_it_keeps_no_thread_and_no_memory(rcu: rseq.RCU) -> None:
    before = threading.active_count()
    rcu.call(lambda: None)
    rcu.barrier()
    while threading.active_count() > before:
        os.sched_yield()
