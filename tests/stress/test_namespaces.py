"""Processes of two pid namespaces, as two containers are: the kernel gives threads of both the same ids.

A process needs no right for that but to make a user namespace; where even that is forbidden there is nothing to test.
"""

from __future__ import annotations

import textwrap
from typing import Any

import pytest

from rseq._codegen import holder
from rseq._percpu import mutex
from support import run_python

CHILDREN = """
import ctypes, os, sys, threading
import rseq

NEW_PID, NEW_USER = 0x20000000, 0x10000000
CANNOT = 77

def in_namespaces(*works):
    "Run each work in the first process of a pid namespace of its own; how they end."
    middle = []
    for work in works:
        child = os.fork()
        if child == 0:
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.unshare(NEW_PID) and libc.unshare(NEW_USER | NEW_PID):
                os._exit(CANNOT)
            inner = os.fork()
            if inner == 0:
                status = 1
                try:
                    assert os.getpid() == 1 == threading.get_native_id()
                    work()
                    status = 0
                except BaseException:
                    import traceback
                    traceback.print_exc()
                os._exit(status)
            os._exit(os.waitstatus_to_exitcode(os.waitpid(inner, 0)[1]))
        middle.append(child)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in middle]
    if CANNOT in codes:
        sys.exit(CANNOT)
    assert codes == [0] * len(works), codes

"""


def run(code: str, **options: Any) -> None:
    done = run_python(CHILDREN + textwrap.dedent(code), returncode=None, **options)
    if done.returncode == 77:
        pytest.skip("this process may make no pid namespace")
    assert done.returncode == 0, done.stderr


USE_ALL = """
segment = rseq.Segment()
lock, rcu, hits = rseq.SpinLock(segment=segment), rseq.RCU(segment=segment), rseq.Counter(segment=segment)
ring, stack = rseq.RingBuffer(1 << 14, segment=segment), rseq.Stack(64, segment=segment)
read = rseq.Counter(segment=segment)

def work():
    for number in range(300):
        with lock:
            hits.add()
        with rcu:
            hits.add()
        ring.write(b"x" * 40)
        rcu.synchronize(30)
        stack.push(3)
        stack.drain()
        if number % 3 == 0:
            read.add(len(ring.drain()))
    read.add(len(ring.drain()))

in_namespaces(work, work)
assert hits.value == 1200, hits.value
assert read.value + ring.lost == 600, (read.value, ring.lost)
assert not lock.holders()
"""


@pytest.mark.parametrize("tunables", ["", "glibc.pthread.rseq=0"])
def test_two_that_have_the_same_ids_share_every_structure(tunables: str) -> None:
    run(USE_ALL, env={"GLIBC_TUNABLES": tunables})


def test_a_live_holder_is_waited_for_and_a_dead_one_is_found_out() -> None:
    run("""
        import mmap, warnings
        lock, page = rseq.SpinLock(segment=rseq.Segment()), mmap.mmap(-1, 4096)
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

        def hold():
            cpu = lock.acquire()
            page[0] = 1                              # the other may come
            while not page[1]:
                os.sched_yield()                     # it waits for the lock by now
            for _ in range(2000):
                os.sched_yield()
            page[2] = 1
            lock.release(cpu)

        def wait():
            while not page[0]:
                os.sched_yield()
            page[1] = 1
            cpu = lock.acquire()
            assert page[2], "the holder lives, though it has the id of this very thread"
            lock.release(cpu)

        in_namespaces(hold, wait)

        def die():
            lock.acquire()

        in_namespaces(die)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            lock.release(lock.acquire())
        assert len(said) == 1 and "has ended without releasing it" in str(said[0].message), said
        """)


def test_both_who_speak_of_mutexes_set_the_same_bytes_aside() -> None:
    assert holder.MUTEX_BYTES == mutex.MUTEX_BYTES


def test_the_spare_lane_waits_for_a_holder_with_the_same_id() -> None:
    """As another namespace's thread leaves the lock: this thread's id is in it, and it is not on this thread's list."""
    run_python(
        """
        import ctypes, threading
        import rseq
        assert not rseq.available()
        hits = rseq.Counter()
        hits.add()
        word = ctypes.c_uint32.from_address(hits.storage.place.lock)
        word.value = threading.get_native_id()
        began, ended = threading.Event(), threading.Event()

        def release():
            began.wait()
            for _ in range(1000):
                assert hits.value == 1
            word.value = 0
            ended.set()

        threading.Thread(target=release).start()
        began.set()
        hits.add()
        assert ended.wait(60) and hits.value == 2
        """,
        env={"GLIBC_TUNABLES": "glibc.pthread.rseq=0"},
    )
