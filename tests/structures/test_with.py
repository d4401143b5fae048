"""`with` whose thread is interrupted anywhere by a signal handler that raises, as Ctrl-C does: nothing stays held."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

import rseq
from rseq._builtins.method import PLACES, thread_state
from rseq._percpu.pinned import pinned
from rseq._structures.structure import forget_inside, inside
from support import ThreadSet

EXCEPTIONS = 30


class Interrupted(Exception):
    """What the handler raises."""


class Interrupter:
    """Sends signals to the main thread, whose handler raises once each time that it is armed."""

    def __init__(self) -> None:
        self._armed = self._done = False
        self._main = threading.get_ident()
        self._before = signal.signal(signal.SIGUSR1, self._handle)
        self._thread = threading.Thread(target=self._send)
        self._thread.start()

    def _handle(self, *_: object) -> None:
        if self._armed:
            self._armed = False
            raise Interrupted

    def _send(self) -> None:
        while not self._done:
            signal.pthread_kill(self._main, signal.SIGUSR1)

    def interrupt(self, forever: Callable[[], object]) -> None:
        """Run `forever()` until it is interrupted."""
        try:
            self._armed = True
            forever()
        except Interrupted:
            pass

    def close(self) -> None:
        self._done = True
        self._thread.join()
        signal.signal(signal.SIGUSR1, self._before)


@pytest.fixture
def interrupter() -> Iterator[Interrupter]:
    made = Interrupter()
    yield made
    made.close()


def enter_again_and_again(thing: Any) -> None:
    while True:
        with thing:
            pass


class InPython(rseq.SpinLock):
    """What `with` would be if it were written in Python."""

    __slots__ = ("cpu",)

    def __enter__(self) -> int:
        self.cpu = self.acquire()
        return self.cpu

    def __exit__(self, *exception: object) -> None:
        self.release(self.cpu)


def left_held(interrupter: Interrupter, make: Callable[[], Any], is_held: Callable[[Any], bool]) -> int:
    """How many of EXCEPTIONS left something held."""
    count, thing = 0, make()
    for _ in range(EXCEPTIONS):
        interrupter.interrupt(lambda: enter_again_and_again(thing))  # noqa: B023 - it has returned by then
        if is_held(thing):
            count, thing = count + 1, make()
    return count


def is_locked(lock: rseq.SpinLock) -> bool:
    return bool(lock.holders())


def test_no_exception_leaves_a_lock_held(interrupter: Interrupter) -> None:
    assert left_held(interrupter, rseq.SpinLock, is_locked) == 0


def test_no_exception_leaves_a_read_section_open(interrupter: Interrupter) -> None:
    assert left_held(interrupter, rseq.RCU, lambda rcu: bool(rcu.readers)) == 0


def test_in_python_it_would_stay_held(interrupter: Interrupter) -> None:
    assert left_held(interrupter, InPython, is_locked) > 0


def test_no_exception_keeps_a_readers_turn(interrupter: Interrupter) -> None:
    """`len` reads the ring; who has not given back the turn is told so."""
    ring = rseq.RingBuffer(256)
    ring.write(b"x")
    for _ in range(EXCEPTIONS):
        interrupter.interrupt(partial(again_and_again, ring.__len__))
        assert len(ring) == 1


def test_no_exception_keeps_a_writers_turn(interrupter: Interrupter) -> None:
    rcu = rseq.RCU()
    for _ in range(EXCEPTIONS):
        interrupter.interrupt(partial(again_and_again, rcu.synchronize))
        rcu.synchronize(0)


def test_no_exception_leaves_a_thread_on_another_cpu(interrupter: Interrupter) -> None:
    allowed, stack = os.sched_getaffinity(0), rseq.Stack(4)
    for cpu in sorted(allowed)[:2]:
        with pinned(cpu):
            stack.push(cpu)
    for _ in range(EXCEPTIONS):
        interrupter.interrupt(partial(again_and_again, lambda: stack.push(stack.steal() or 0)))
        assert os.sched_getaffinity(0) == allowed


def again_and_again(function: Callable[[], object]) -> None:
    while True:
        function()


@pytest.mark.parametrize("make", [rseq.SpinLock, rseq.RCU])
def test_leaving_what_was_not_entered_is_refused(make: Callable[[], Any]) -> None:
    thing = make()
    with pytest.raises(RuntimeError, match=r"^this thread is not inside `with (lock|rcu):`"):
        thing.__exit__(None, None, None)
    with thing:
        pass
    with pytest.raises(RuntimeError, match=r"^this thread is not inside"):
        thing.__exit__(None, None, None)


@pytest.mark.parametrize("make", [rseq.SpinLock, rseq.RCU])
def test_entering_takes_no_arguments_and_needs_an_object_that_was_made(make: type[Any]) -> None:
    with pytest.raises(TypeError, match=r"takes no arguments"):
        make().__enter__(1)
    unmade = make.__new__(make)
    for method in (unmade.__enter__, unmade.__exit__):
        with pytest.raises(TypeError, match=r"^this object was made without calling __init__$"):
            method()


def test_blocks_of_threads_are_told_apart() -> None:
    """A thread that ended inside of a block has left it to nobody, not to the next one with its number."""
    rcu = rseq.RCU()
    for _ in range(3):
        thread = threading.Thread(target=rcu.__enter__)
        thread.start()
        thread.join()
    with pytest.raises(RuntimeError, match="not inside"):
        rcu.__exit__(None, None, None)
    assert rcu.readers == 3


def test_more_threads_are_inside_than_have_a_place_and_each_leaves_its_own(threads: ThreadSet) -> None:
    """Twice as many as there are places, each three times over."""
    rcu, others = rseq.RCU(), 2 * PLACES
    for _ in range(2):
        all_inside, leave = threading.Barrier(others + 1), threading.Event()

        def read(all_inside: threading.Barrier = all_inside, leave: threading.Event = leave) -> None:
            with rcu, rcu, rcu:
                all_inside.wait(60)
                assert thread_state() in inside(rcu)
                leave.wait(60)
            assert thread_state() not in inside(rcu)

        for _ in range(others):
            threads.start(read)
        all_inside.wait(60)
        assert (rcu.readers, len(inside(rcu)), len(rcu._entered)) == (3 * others, others, others)
        leave.set()
        threads.join()
        assert (rcu.readers, inside(rcu)) == (0, {})
    rcu.synchronize(60)


def test_blocks_in_one_another_end_one_by_one() -> None:
    rcu = rseq.RCU()
    for depth in range(3):
        rcu.__enter__()
        assert (rcu.readers, len(inside(rcu))) == (depth + 1, 1)
    for depth in reversed(range(3)):
        rcu.__exit__(None, None, None)
        assert (rcu.readers, len(inside(rcu))) == (depth, depth > 0)
    with pytest.raises(RuntimeError, match="not inside"):
        rcu.__exit__(None, None, None)


def test_a_block_that_was_forgotten_is_left_with_a_sentence() -> None:
    for make in (rseq.SpinLock, rseq.RCU):
        thing: Any = make()
        thing.__enter__()
        forget_inside(thing)
        with pytest.raises(RuntimeError, match="not inside"):
            thing.__exit__(None, None, None)


class Overriding(rseq.SpinLock):
    """A lock with a `release` of its own."""

    __slots__ = ()

    def release(self, cpu: int) -> None:
        raise AssertionError(f"with has called it, for {cpu}")


def test_with_calls_machine_code_whatever_a_subclass_overrides() -> None:
    lock = Overriding()
    with lock as cpu:
        assert list(lock.holders()) == [cpu]
    assert lock.holders() == {}
