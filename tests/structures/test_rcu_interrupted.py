"""Read-copy-update, whatever a signal handler does in the middle of it: raise, fork, or the same once more."""

from __future__ import annotations

import _thread
import os
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import Any

import pytest

import rseq
from interruptions import InterruptError, interrupt, interrupted

STEPS = pytest.mark.parametrize("step", [7, pytest.param(1, marks=pytest.mark.slow)])


class Called:
    """Functions that are given to an RCU, and those that were called."""

    def __init__(self) -> None:
        self.rcu = rseq.RCU()
        self.given = 0
        self.called: list[int] = []

    def give(self) -> None:
        number = self.given
        self.given += 1
        self.rcu.call(lambda: self.called.append(number))


def callers() -> int:
    return sum(thread.name == "rseq.RCU.call" for thread in threading.enumerate())


@STEPS
def test_a_handler_may_give_functions_in_the_middle_of_call(step: int) -> None:
    called = Called()
    for turn in count(0, step):
        with interrupted(turn, called.give) as where:
            called.give()
        assert callers() <= 1, where
        called.rcu.barrier(timeout=60)
        assert sorted(called.called) == list(range(called.given)), where
        if not where:
            break
    assert turn > 5


@STEPS
def test_a_handler_may_give_functions_and_wait_in_the_middle_of_barrier(step: int) -> None:
    called = Called()

    def handler() -> None:
        called.give()
        called.rcu.barrier(timeout=60)
        assert sorted(called.called) == list(range(called.given))

    for turn in count(0, step):
        called.give()
        with interrupted(turn, handler) as where:
            called.rcu.barrier(timeout=60)
        assert sorted(called.called) == list(range(called.given)), where
        assert callers() <= 1, where
        if not where:
            break
    assert turn > 5


@STEPS
def test_what_a_handler_raises_in_call_and_barrier_loses_no_function_and_calls_none_twice(step: int) -> None:
    """One that is interrupted while it is given is called, or was never given; the next barrier tells."""
    called = Called()
    for turn in count(0, step):
        before = called.given
        with suppress(InterruptError), interrupted(turn, interrupt) as where:
            called.give()
            called.rcu.barrier(timeout=60)
        called.give()
        called.rcu.barrier(timeout=60)
        assert len(set(called.called)) == len(called.called), where
        assert called.given - 1 in called.called
        assert before in called.called or not where[0].startswith(("RCU.barrier", "Calls.wait"))
        if not where:
            break
    assert turn > 5


def wait_for(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def with_forks(work: Callable[[], object], after: Callable[[], object], in_child: Callable[[], object]) -> None:
    """Do `work`, with a fork at each point of it; the child goes on with it, too."""
    child = -1

    def fork() -> None:
        nonlocal child
        child = os.fork()

    for turn in count(0, 7):
        child = -1
        try:
            with interrupted(turn, fork) as where:
                work()
            if child == 0:
                in_child()
                os._exit(0)
        except BaseException:
            if child == 0:
                traceback.print_exc()
                os._exit(1)
            raise
        after()
        if child < 0:
            break
        assert wait_for(child) == 0, where
    assert turn > 5


@pytest.mark.one_in(2)
@pytest.mark.parametrize("shared", [True, False])
def test_a_fork_in_the_middle_of_barrier_or_call_leaves_the_functions_to_the_parent(shared: bool) -> None:
    called = Called()
    called.rcu = rseq.RCU(segment=rseq.Segment() if shared else None)
    phase = called.rcu.read_lock()
    for _ in range(2):
        called.give()
    called.rcu.read_unlock(phase)
    parent = os.getpid()
    wrong: list[int] = []

    def work() -> None:
        called.rcu.call(lambda: wrong.append(os.getpid()) if os.getpid() != parent else called.called.append(0))
        called.rcu.barrier(timeout=60)

    def in_child() -> None:
        called.rcu.barrier(timeout=60)
        assert len(wrong) <= 1, "the function of this call, if it had not been given yet, and none of the parent's"
        called.rcu.call(lambda: wrong.append(1))
        called.rcu.barrier(timeout=60)
        assert wrong[-1:] == [1]

    def after() -> None:
        called.given += 1
        assert len(called.called) == called.given

    with_forks(work, after, in_child)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("shared", [True, False])
def test_a_fork_in_the_middle_of_synchronize_is_no_second_turn(shared: bool) -> None:
    rcu = rseq.RCU(segment=rseq.Segment() if shared else None)
    with_forks(lambda: rcu.synchronize(60), lambda: rcu.synchronize(60), lambda: rcu.synchronize(60))


@STEPS
def test_what_a_handler_raises_in_synchronize_leaves_no_turn_taken(step: int) -> None:
    rcu = rseq.RCU()
    for turn in count(0, step):
        with suppress(InterruptError), interrupted(turn, interrupt) as where:
            rcu.synchronize(60)
        rcu.synchronize(60)
        if not where:
            break
    assert turn > 5


def test_functions_that_are_equal_to_anything_or_to_nothing_are_called() -> None:
    class Equal:
        def __init__(self, answer: object) -> None:
            self.answer = answer

        def __eq__(self, other: object) -> Any:
            if self.answer is None:
                raise TypeError("not comparable")
            return self.answer

        __hash__ = None  # type: ignore[assignment]

        def __call__(self) -> None:
            called.append(self)

    rcu, called = rseq.RCU(), list[Equal]()
    phase = rcu.read_lock()
    for answer in (True, False, None):
        rcu.call(Equal(answer))
    with pytest.raises(TimeoutError, match="and 3 functions have not been called"):
        rcu.barrier(0)
    rcu.read_unlock(phase)
    rcu.barrier(60)
    assert [one.answer for one in called] == [True, False, None]


def test_without_a_thread_to_call_it_a_function_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    called = Called()

    def no_thread(*_: object) -> int:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(_thread, "start_new_thread", no_thread)
        for _ in range(2):
            with pytest.raises(RuntimeError, match="can't start new thread"):
                called.give()
    called.give()
    called.rcu.barrier(60)
    assert called.called == [2]


def test_a_thread_that_cannot_be_named_is_reported_to_those_who_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    called, reports = Called(), list[str]()
    monkeypatch.setattr(threading, "excepthook", lambda report: reports.append(str(report.exc_value)))

    def no_thread(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    phase = called.rcu.read_lock()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", no_thread)
        called.give()
        with pytest.raises(RuntimeError, match=r"functions not called: 1.* can't start new thread"):
            called.rcu.barrier(60)
    called.rcu.read_unlock(phase)
    called.rcu.barrier(60)
    assert called.called == [0]
    assert set(reports) == {"can't start new thread"}
