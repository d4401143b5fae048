"""pinned: on a CPU of one's choice for a moment, and back."""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Iterator

import pytest

import rseq
from rseq._percpu.guard import pin
from rseq._percpu.guard_code import MASK_BYTES
from rseq._percpu.pinned import pinned


@pytest.fixture
def allowed() -> Iterator[set[int]]:
    """The CPUs that this thread may run on, to which it is set back."""
    before = os.sched_getaffinity(0)
    yield before
    os.sched_setaffinity(0, before)


@pytest.mark.needs_rseq
def test_the_body_runs_there_and_the_mask_comes_back(allowed: set[int]) -> None:
    for cpu in allowed:
        with pinned(cpu) as is_there:
            assert is_there
            assert rseq.cpu_number() == cpu
            assert os.sched_getaffinity(0) == {cpu}
        assert os.sched_getaffinity(0) == allowed


def test_the_mask_comes_back_after_an_exception(allowed: set[int]) -> None:
    with pytest.raises(KeyError), pinned(min(allowed)):
        raise KeyError
    assert os.sched_getaffinity(0) == allowed


def test_a_cpu_that_there_is_not_is_said_to_be_none(allowed: set[int]) -> None:
    with pinned(rseq.info().possible_cpus + 5) as is_there:
        assert not is_there
        assert os.sched_getaffinity(0) == allowed
    assert os.sched_getaffinity(0) == allowed


def test_the_threads_own_mask_is_set_aside(allowed: set[int]) -> None:
    os.sched_setaffinity(0, {min(allowed)})
    with pinned(max(allowed)) as is_there:
        assert is_there
    assert os.sched_getaffinity(0) == {min(allowed)}


def test_if_the_mask_cannot_come_back_all_cpus_are_asked_for(allowed: set[int]) -> None:
    guard = pin(min(allowed), threading.get_native_id())
    pointer = ctypes.pythonapi["PyCapsule_GetPointer"]
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_void_p]
    ctypes.memset(pointer(guard, None) + 8, 0, MASK_BYTES)  # as if the cpuset had changed: no CPU of it is allowed
    assert os.sched_getaffinity(0) == {min(allowed)}
    del guard
    assert os.sched_getaffinity(0) == allowed


def test_a_cpu_that_cannot_be_is_forbidden(allowed: set[int]) -> None:
    for cpu in (8 * MASK_BYTES - 1, 8 * MASK_BYTES, 1 << 62, -1):
        with pinned(cpu) as is_there:
            assert not is_there
    assert os.sched_getaffinity(0) == allowed


def test_the_thread_that_was_moved_is_moved_back_whoever_lets_go(allowed: set[int]) -> None:
    guards = [pin(min(allowed), threading.get_native_id())]
    other = threading.Thread(target=guards.clear)
    other.start()
    other.join()
    assert os.sched_getaffinity(0) == allowed
