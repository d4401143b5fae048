"""Many signals whose handlers use the structures and raise, and more threads than the table of threads has slots.

Neither knows what it interrupts, so they run for seconds and end on what must hold. The tests named *_interrupted.py in
tests/structures go to each point at which a handler may run.
"""

from __future__ import annotations

import gc
import itertools
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

import rseq
from rseq import u64
from rseq._percpu.threads import SLOTS, table, thread_id

PERIOD_S = 2e-4


class StormError(Exception):
    pass


@contextmanager
def storm(handler: Callable[[], object]) -> Iterator[None]:
    """Signals, 5,000 a second, for the body of a `with`."""
    before = signal.signal(signal.SIGALRM, lambda *_: handler())
    try:
        signal.setitimer(signal.ITIMER_REAL, PERIOD_S, PERIOD_S)
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.slow
@pytest.mark.parametrize("shared", [False, True])
def test_handlers_that_use_everything_and_raise_leave_nothing_lost_doubled_or_held(shared: bool) -> None:
    segment = rseq.Segment() if shared else None
    ring = rseq.RingBuffer(1 << 12, dtype=u64, clock=True, segment=segment)
    lock, rcu = rseq.SpinLock(segment=segment), rseq.RCU(segment=segment)
    pool, stack = rseq.Pool(64, 16, segment=segment), rseq.Stack(1 << 10, segment=segment)
    turns, events, called, popped = itertools.count(), list[rseq.Event](), list[int](), list[int]()
    armed, handling, raising = list[bool](), list[bool](), itertools.count()

    def use_lock() -> None:
        with lock:
            pass

    def use_pool() -> None:
        with pool.item() as item:
            item[0] = 1

    def read() -> None:
        nonlocal events
        events += ring.drain()  # no handler runs between the call's return and this

    def in_handler() -> None:
        if handling:  # an exception must not come between this handler's own acquire and release
            return
        handling.append(True)
        try:
            use()
        finally:
            handling.clear()
        if next(raising) % 3 == 0 and armed:
            armed.clear()  # once for each piece of work, and nowhere else
            raise StormError

    def use() -> None:
        turn = next(turns)
        ring.write(turn)
        cpu = lock.try_acquire()
        if cpu is not None:
            lock.release(cpu)
        with suppress(MemoryError), pool.item() as item:
            item[0] = 2
        if turn % 50 == 0:
            rcu.call(lambda: called.append(turn))

    works: list[Callable[[], Any]] = [use_lock, use_pool, read, lambda: rcu.synchronize(60), lambda: rcu.barrier(60)]
    works += [lambda: stack.push(1), lambda: popped.append(stack.pop() or 0), ring.peek, lambda: len(ring)]
    end = time.monotonic() + 5
    with storm(in_handler):
        for work in itertools.cycle(works):
            try:
                armed.append(True)
                work()
                armed.clear()
            except StormError:
                pass
            if time.monotonic() > end:
                break
    gc.collect()
    written, lost = int(ring.storage.view()["head"].sum()), ring.lost
    read()
    found = [event.data for event in events]
    assert len(found) == len(set(found)) == written
    assert written + lost == next(turns)
    assert lock.holders() == {}
    assert (len(pool), pool.held()) == (16, {})
    rcu.synchronize(60)
    rcu.barrier(60)
    assert rcu.readers == 0
    assert len(called) == len(set(called))


@pytest.mark.slow
def test_more_threads_than_slots_come_and_go_and_each_number_is_new() -> None:
    lock, before = rseq.SpinLock(), table()._used.value
    numbers: set[int] = set()
    count = SLOTS + 5000

    def live() -> None:
        with lock:
            numbers.add(thread_id())

    for start in range(0, count, 20):
        threads = [threading.Thread(target=live) for _ in range(min(20, count - start))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(numbers) == count
    assert table()._used.value < before + 200
    while os.path.exists(f"/proc/self/task/{threads[-1].native_id}"):
        os.sched_yield()
    assert all(map(table().has_ended, numbers))
