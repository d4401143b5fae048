"""The spare lane's lock: exact between threads and processes, and it survives its owner."""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import signal
from collections.abc import Iterator

import pytest

from rseq._percpu.mutex import MUTEX_BYTES, make_mutex
from support import ThreadSet, locked

LIBC = ctypes.CDLL(None)


@pytest.fixture
def shared_page() -> Iterator[mmap.mmap]:
    """A page that a forked child shares."""
    with mmap.mmap(-1, mmap.PAGESIZE) as page:
        yield page


def address_of(page: mmap.mmap) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(page))


def try_lock(address: int) -> int:
    return int(LIBC.pthread_mutex_trylock(ctypes.c_void_p(address)))


def unlock(address: int) -> int:
    return int(LIBC.pthread_mutex_unlock(ctypes.c_void_p(address)))


def assert_free(address: int) -> None:
    assert try_lock(address) == 0
    unlock(address)  # a thread's list of robust mutexes must not name memory that is about to be unmapped


def test_the_mutex_keeps_to_the_bytes_set_aside(shared_page: mmap.mmap) -> None:
    shared_page[:] = b"\xa5" * mmap.PAGESIZE
    make_mutex(address_of(shared_page))
    with locked(address_of(shared_page)):
        assert shared_page[MUTEX_BYTES:] == b"\xa5" * (mmap.PAGESIZE - MUTEX_BYTES)


def test_locking_excludes_other_threads(shared_page: mmap.mmap, threads: ThreadSet) -> None:
    address = address_of(shared_page)
    make_mutex(address)
    total = 0

    def add() -> None:
        nonlocal total
        for _ in range(2000):
            with locked(address):
                before = total
                os.getppid()  # anything that may let another thread in
                total = before + 1

    threads.run(4, add)
    assert total == 4 * 2000


def test_locking_twice_is_an_error_and_not_a_deadlock(shared_page: mmap.mmap) -> None:
    address = address_of(shared_page)
    make_mutex(address)
    again = pytest.raises(OSError, match=os.strerror(errno.EDEADLK))
    with locked(address), again, locked(address):
        pass
    assert_free(address)


def test_unlocking_what_another_thread_holds_is_refused(shared_page: mmap.mmap, threads: ThreadSet) -> None:
    address = address_of(shared_page)
    make_mutex(address)
    codes: list[int] = []
    with locked(address):
        threads.start(lambda: codes.append(unlock(address)))
        threads.join()
    assert codes == [errno.EPERM]


def kill_child_that_holds(address: int) -> None:
    ready, tell = os.pipe()
    child = os.fork()
    if child == 0:
        try_lock(address)
        os.write(tell, b"!")
        signal.pause()
        os._exit(1)
    assert os.read(ready, 1) == b"!"
    assert try_lock(address) == errno.EBUSY  # it is the child's
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL
    os.close(ready)
    os.close(tell)


def test_a_killed_owner_leaves_the_lock_to_the_next_taker(shared_page: mmap.mmap) -> None:
    address = address_of(shared_page)
    make_mutex(address)
    for _ in range(3):
        kill_child_that_holds(address)
        with locked(address):
            pass
        assert_free(address)  # taken over once, it is consistent again


def test_the_next_taker_is_told_that_the_owner_died(shared_page: mmap.mmap) -> None:
    address = address_of(shared_page)
    make_mutex(address)
    kill_child_that_holds(address)
    assert try_lock(address) == errno.EOWNERDEAD
    unlock(address)


def test_a_waiter_gets_the_lock_of_an_owner_that_is_killed(shared_page: mmap.mmap, threads: ThreadSet) -> None:
    address = address_of(shared_page)
    make_mutex(address)
    ready, tell = os.pipe()
    child = os.fork()
    if child == 0:
        try_lock(address)
        os.write(tell, b"!")
        signal.pause()
        os._exit(1)
    assert os.read(ready, 1) == b"!"
    took: list[bool] = []

    def wait() -> None:
        with locked(address):
            took.append(True)

    threads.start(wait)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    threads.join()
    os.close(ready)
    os.close(tell)
    assert took == [True]


def test_a_thread_that_ends_leaves_its_lock_too(shared_page: mmap.mmap, threads: ThreadSet) -> None:
    address = address_of(shared_page)
    make_mutex(address)
    threads.start(try_lock, address)
    threads.join()
    with locked(address):
        pass
