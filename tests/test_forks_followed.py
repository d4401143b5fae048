"""What is done in each child after a fork: in which order, for which objects, and that it holds none of our locks."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

import rseq
from forking import run
from rseq import _forks as forks
from support import ThreadSet


class Interrupted:
    """Something of which the first call is cut off by a signal's handler."""

    def __init__(self, error: BaseException) -> None:
        self.calls, self.error = 0, error

    def __call__(self) -> None:
        self.calls += 1
        if self.calls == 1:
            raise self.error


def test_a_child_is_put_right_in_the_order_of_the_ranks() -> None:
    printed = run("""
        from rseq import _forks as forks

        order = []
        for rank in (forks.STRUCTURES, forks.THREADS, forks.TOOLS, forks.MEMORY):
            forks.in_each_child(lambda rank=rank: order.append(rank), rank)
        assert in_child(lambda: print(order == sorted(order), len(order), flush=True)) == 0
        assert order == []
    """)
    assert printed == "True 4\n"


def test_a_step_that_is_interrupted_is_done_again_and_the_others_are_done() -> None:
    last: list[int] = []
    step = Interrupted(TimeoutError("of a handler"))
    with pytest.raises(TimeoutError):
        forks._all_done([step, lambda: last.append(1)])
    assert step.calls == 2
    assert last == [1]


class Equal(rseq.SpinLock):
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Equal)

    def __hash__(self) -> int:
        return 1


class WithoutHash(rseq.SpinLock):
    def __eq__(self, other: object) -> bool:
        return isinstance(other, WithoutHash)

    __hash__ = None  # type: ignore[assignment]


class Raising(rseq.SpinLock):
    def __eq__(self, other: object) -> bool:
        raise ValueError("not comparable")

    def __hash__(self) -> int:
        raise ValueError("no hash")


@pytest.mark.parametrize("kind", [Equal, WithoutHash, Raising])
def test_locks_that_are_equal_or_have_no_hash_are_followed_all_the_same(kind: Any, threads: ThreadSet) -> None:
    locks = [kind() for _ in range(3)]
    threads.start(lambda: [lock.acquire() for lock in locks])
    threads.join()
    if (child := os.fork()) == 0:
        signal.alarm(20)
        left = sum(owner >> 63 for lock in locks for _, owner in lock._owners() if owner)
        os._exit(left)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == len(locks)


@pytest.mark.parametrize("name", ["RCU", "RingBuffer", "Counter", "Pool", "Histogram", "Stack", "Max"])
def test_any_structure_may_have_an_equality_of_its_own(name: str) -> None:
    arguments = {"RingBuffer": (1 << 12,), "Pool": (8, 4), "Histogram": ([1.0],), "Stack": (4,), "Max": ("i64",)}
    kind: Any = type("Own", (getattr(rseq, name),), {"__eq__": lambda self, other: True, "__hash__": None})
    first, second = (kind(*arguments.get(name, ())) for _ in range(2))
    assert first == second


def test_what_is_gone_is_forgotten() -> None:
    before = len(forks._known)
    locks = [rseq.SpinLock() for _ in range(5)]
    assert len(forks._known) == before + 5
    del locks
    assert len(forks._known) == before


def test_a_fork_takes_none_of_our_locks() -> None:
    """Another thread holds each that there is, and the child uses what they guarded all the same."""
    out = run("""
        import rseq, rseq._forks
        from rseq._once import Turn, once
        import ctypes
        rseq._forks.PATIENCE_S = 1e9
        counter, lock, rcu, ring = rseq.Counter(), rseq.SpinLock(), rseq.RCU(), rseq.RingBuffer(1 << 12)
        ring.write(b"it")
        held, end = threading.Event(), threading.Event()

        def hold():
            ctypes.CDLL(None).pthread_mutex_lock(ctypes.c_void_p(counter.storage.place.lock))
            reading = ring._reader._turn()
            with Turn("anything"), lock:
                held.set()
                end.wait()

        thread = threading.Thread(target=hold)
        thread.start()
        held.wait()

        def child():
            assert [event.data for event in ring.drain()] == [b"it"]
            counter.add()
            assert counter.value == 1
            with rcu, lock, Turn("anything"):
                pass
            assert rseq.Max("int16") is not None and rseq.Pool(8, 2)

        print(in_child(child))
        end.set()
        thread.join()
    """)
    assert out.split() == ["0"]
