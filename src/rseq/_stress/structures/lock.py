"""Locks: what is not atomic comes out exact under the lock."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from rseq._language.operations import sched_yield
from rseq._language.types import Record, i64, u64
from rseq._percpu.shared.segment import Segment
from rseq._percpu.storage import PerCPU
from rseq._percpu.threads import thread_id
from rseq._sequence import routine
from rseq._stress.workload import Mortal, Workload, is_one
from rseq._structures.lock import SpinLock
from rseq._structures.lock_code import Lock, acquire, release, take, take_or_tell

if TYPE_CHECKING:
    import numpy.typing as npt


class _Count(Record):
    count: i64


class _Guarding(SpinLock):
    """A lock, and what it guards."""

    __slots__ = ("counts",)
    counts: npt.NDArray[Any]

    def __init__(self, *, segment: Segment | None = None) -> None:
        super().__init__(segment=segment)
        self.counts = PerCPU(_Count, segment=segment).view()["count"]

    def total(self) -> int:
        """What it guards comes to."""
        return int(self.counts.sum())


def workloads() -> Iterator[Workload[_Guarding]]:
    """A lock that guards a number for each CPU."""
    yield Workload("SpinLock", _Guarding, _work, _add_under_lock, _law)


def mortals() -> Iterator[Mortal]:
    """A dead process holds one lock at most, and whoever wants it next has it."""
    yield Mortal(
        "SpinLock",
        lambda segment: SpinLock(segment=segment),
        _take_and_release,
        lambda lock: [0],
        lambda difference: not difference[0],
        bury=_bury,
    )
    yield Mortal(
        "SpinLock guarding",
        lambda segment: _Guarding(segment=segment),
        _add_one,
        lambda lock: [lock.total()],
        is_one,
        longest=300,
        bury=_bury,
    )


@routine
def _work(cpu: Lock, turn: u64) -> i64:
    """Both ways to take a lock, held and free. If two threads had one, a release refuses."""
    me = thread_id()
    number = take(cpu, me)
    other = take_or_tell(cpu, me)
    if other >= 0:  # type: ignore[operator]
        release(cpu, other)
    if number is not None:
        release(cpu, number)
    again = take_or_tell(cpu, me)
    if again >= 0:  # type: ignore[operator]
        release(cpu, again)
    return i64(0)


def _add_under_lock(lock: _Guarding, turn: int) -> int:
    """From Python: what is not atomic is exact under the lock, though threads are moved to other CPUs inside."""
    n = turn & 7
    if turn & 8:
        return n if _try_to_add(lock, n) else 0
    with lock as cpu:
        _add_to(lock, cpu, n)
    return n


def _try_to_add(lock: _Guarding, n: int) -> bool:
    cpu = lock.try_acquire()
    if cpu is None:
        return False
    _add_to(lock, cpu, n)
    lock.release(cpu)
    return True


def _add_to(lock: _Guarding, cpu: int, n: int) -> None:
    count = lock.counts[cpu]
    os.sched_yield()
    lock.counts[cpu] = count + n


def _law(lock: _Guarding, ledger: Sequence[int]) -> Iterator[str]:
    for cpu, holder in lock.holders().items():
        yield f"the lock of CPU {cpu} is held by {holder}, and all have released theirs"
    if lock.total() != ledger[0]:
        yield f"the counts come to {lock.total():,}, and {ledger[0]:,} were added under the lock"


# ---- holders that are killed


@routine
def _take_and_release(cpu: Lock, turn: u64) -> i64:
    """Take a lock and release it, which refuses if another has it too.

    Now and then others run while it is held, and while it is free: who waits on the same CPU looks only then.
    """
    number = acquire(cpu)
    if turn & 1023 == 0:
        sched_yield()
    release(cpu, number)
    if turn & 1023 == 512:
        sched_yield()
    return i64(0)


def _add_one(lock: _Guarding, turn: int) -> int:
    """What is not atomic, under the lock; others run while it is held, and while it is free."""
    with lock as cpu:
        count = lock.counts[cpu]
        if turn & 63 == 0:
            os.sched_yield()
        lock.counts[cpu] = count + 1
    if turn & 63 == 32:
        os.sched_yield()
    return 1


def _bury(lock: SpinLock, process: int, noted: int) -> Iterator[str]:
    """The dead process held one lock at most. Whoever wants it next is told whose it was, and has it."""
    left = lock.holders()
    if len(left) > 1 or not all(f" of process {process}" in holder for holder in left.values()):
        yield f"process {process} was killed, which could hold one lock; held are {left}"
    for cpu in left:
        yield from _take_over(lock, cpu, process)
    if lock.holders():
        yield f"locks are held by nobody who is alive: {lock.holders()}"


def _take_over(lock: SpinLock, cpu: int, process: int) -> Iterator[str]:
    before = os.sched_getaffinity(0)
    if cpu < lock.storage.place.lanes:  # no CPU leads to the spare lane: only threads without rseq go there
        os.sched_setaffinity(0, {cpu})
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        taken = lock.acquire()
    os.sched_setaffinity(0, before)
    lock.release(taken)
    texts = [str(one.message) for one in said]
    if taken != cpu or len(texts) != 1 or f"of process {process} held a lock and has ended" not in texts[0]:
        yield f"the lock of CPU {cpu}, whose holder was killed, came as that of CPU {taken}, with the warnings {texts}"
