"""SpinLock: who ends while holding it is found out, who lives is waited for, in this process and in others."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import warnings

import pytest

import rseq
from rseq._percpu.threads import Table, table, thread_id
from rseq._structures.lock_code import LOOK
from structures import locking
from structures.locking import Count, crew, in_thread
from support import fork, wait_for

one_cpu = locking.one_cpu
"""Not a fixture of the folder: other files mean other things by that name."""


def test_who_ends_while_holding_it_is_found_out_and_named(segment: rseq.Segment | None, one_cpu: int) -> None:
    lock = rseq.SpinLock(segment=segment)
    assert in_thread(lock.acquire, "careless") == one_cpu
    assert lock.try_acquire() is None
    with pytest.warns(RuntimeWarning, match=r"\(careless\) of process \d+ held a lock and has ended"):
        assert lock.acquire() == one_cpu
    lock.release(one_cpu)
    assert lock.holders() == {}


def test_each_lock_of_one_who_ended_is_taken_over_once(one_cpu: int) -> None:
    locks = [rseq.SpinLock() for _ in range(3)]
    in_thread(lambda: [lock.acquire() for lock in locks])
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        for lock in locks * 2:
            with lock:
                pass
    assert len(warned) == 3


def test_of_many_waiters_one_takes_over(one_cpu: int) -> None:
    lock, inside = rseq.SpinLock(), [0]
    in_thread(lock.acquire)

    def want() -> None:
        for _ in range(50):
            with lock:
                before = inside[0]
                os.sched_yield()
                inside[0] = before + 1

    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        with crew() as threads:
            for _ in range(6):
                threads.start(want)
    assert inside == [300]
    assert len(warned) == 1


def test_of_two_who_find_out_at_once_one_takes_over_and_the_other_waits(
    one_cpu: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, asked = rseq.SpinLock(), []
    dead = in_thread(lambda: (lock.acquire(), thread_id())[1])
    word = ctypes.c_uint64.from_address(lock.storage.place.addresses()[one_cpu])
    original = Table.has_ended

    def is_slow(self: Table, thread: int) -> bool:
        """Meanwhile another takes over from the dead one; and releases, while Python is asked about him."""
        asked.append(thread)
        word.value = 77 if thread == dead else 0
        return thread == dead and original(self, thread)

    monkeypatch.setattr(Table, "has_ended", is_slow)
    assert lock.acquire() == one_cpu
    assert asked == [dead, 77]
    assert word.value == thread_id()
    lock.release(one_cpu)


def test_a_waiter_looks_again_and_again_if_the_holder_lives(one_cpu: int, monkeypatch: pytest.MonkeyPatch) -> None:
    lock, asked, original = rseq.SpinLock(), list[int](), Table.has_ended
    in_thread(lock.acquire)

    def lives_for_long(self: Table, thread: int) -> bool:
        asked.append(thread)
        return len(asked) > 260 and original(self, thread)

    monkeypatch.setattr(Table, "has_ended", lives_for_long)
    with pytest.warns(RuntimeWarning, match="has ended"):
        lock.release(lock.acquire())
    assert len(asked) == 261


def test_a_warning_that_is_an_error_is_reported_and_the_lock_is_held(
    one_cpu: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "unraisablehook", sys.__unraisablehook__)
    lock = rseq.SpinLock()
    in_thread(lock.acquire)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert lock.acquire() == one_cpu
    assert "held a lock and has ended" in capsys.readouterr().err
    lock.release(one_cpu)


def test_a_process_that_is_killed_while_holding_it_is_found_out(one_cpu: int) -> None:
    lock, (reader, writer) = rseq.SpinLock(segment=rseq.Segment()), os.pipe()

    def hold() -> None:
        lock.acquire()
        os.write(writer, b"!")
        signal.pause()

    child = fork(hold)
    os.read(reader, 1)
    assert f"of process {child}" in lock.holders()[one_cpu]
    assert lock.try_acquire() is None
    os.kill(child, signal.SIGKILL)
    assert wait_for(child) == -signal.SIGKILL
    with pytest.warns(RuntimeWarning, match=f"of process {child} held a lock and has ended"):
        assert lock.acquire() == one_cpu
    lock.release(one_cpu)


def test_a_living_holder_in_another_process_is_waited_for(one_cpu: int) -> None:
    lock, counts = rseq.SpinLock(segment=(shared := rseq.Segment())), rseq.percpu(Count, segment=shared).view()["value"]

    def count() -> None:
        for _ in range(300):
            with lock as cpu:
                before = counts[cpu]
                os.sched_yield()
                counts[cpu] = before + 1

    children = [fork(count) for _ in range(4)]
    assert [wait_for(child) for child in children] == [0] * 4
    assert counts.sum() == 1200
    assert lock.holders() == {}


def test_a_child_takes_a_private_lock_over_whose_holder_was_not_forked(one_cpu: int) -> None:
    lock, held, done = rseq.SpinLock(), threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            held.set()
            done.wait()

    def child() -> None:
        with pytest.warns(RuntimeWarning, match=r"\(holder\) of process \d+ held a lock and was not forked"):
            assert lock.acquire() == one_cpu
        lock.release(one_cpu)

    holder = threading.Thread(target=hold, name="holder")
    holder.start()
    held.wait()
    assert wait_for(fork(child)) == 0
    assert list(lock.holders()) == [one_cpu], "in the parent nothing has changed"
    done.set()
    holder.join()


def test_a_fork_inside_with_is_inside_in_both(one_cpu: int) -> None:
    lock = rseq.SpinLock()

    def leave() -> None:
        lock.__exit__(None, None, None)
        assert lock.holders() == {}
        with lock:
            pass

    with lock:
        child = fork(leave)
        assert wait_for(child) == 0
    assert lock.holders() == {}


def test_in_a_segment_the_parent_remains_the_holder(one_cpu: int) -> None:
    lock = rseq.SpinLock(segment=rseq.Segment())

    def child() -> None:
        with pytest.raises(RuntimeError, match=f"held by thread .* of process {os.getppid()}, not by this thread"):
            lock.release(one_cpu)
        assert lock.try_acquire() is None

    with lock:
        assert wait_for(fork(child)) == 0


def test_a_number_is_not_taken_for_that_of_another_with_the_same_process_and_thread(one_cpu: int) -> None:
    """As after the kernel has used a process id again: only the generation differs."""
    lock = rseq.SpinLock()
    number = in_thread(lambda: (lock.acquire(), thread_id())[1])
    slot = table()._slot(number & 0xFFFF)
    was = slot.process, slot.thread
    while slot.generation == number >> 16:
        in_thread(thread_id)  # one of them claims the slot anew
    slot.process, slot.thread = was
    assert table().has_ended(number)
    with pytest.warns(RuntimeWarning, match="a thread that has ended"):
        lock.acquire()
    lock.release(one_cpu)


def test_a_holder_that_lives_is_never_taken_over(one_cpu: int) -> None:
    """Long enough for several looks: each turn of a waiter lets the holder run once."""
    lock, held, turns = rseq.SpinLock(), threading.Event(), 0

    def hold() -> None:
        nonlocal turns
        with lock:
            held.set()
            while turns < 3 * LOOK:
                turns += 1
                os.sched_yield()

    with crew() as threads:
        threads.start(hold)
        held.wait()
        with lock:
            assert turns == 3 * LOOK
