"""The spare lane's lock: a robust, error-checking, process-shared pthread mutex at an address of our choice.

Generated code takes it with libc's own functions; Python needs it only to make one, and where it works on a spare
lane itself. One kind serves private and shared memory: libc makes robust mutexes wait as shared ones in any case.

Guarantees: an owner that dies, by SIGKILL too, leaves the lock to the next taker, who finds nothing half done, because
a sequence has one commit. Taking it twice is an error and not a deadlock.
Assumptions: a `pthread_mutex_t` has at most 64 bytes (40 in glibc and musl on 64-bit x86, 48 in glibc on 64-bit arm);
the constants are those of Linux libcs.
"""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

MUTEX_BYTES = 64
"""What to set aside for a mutex; align it to as much, so that it has a cache line of its own."""

_ERRORCHECK = 2
_ROBUST = 1
_PROCESS_SHARED = 1


def make_mutex(address: int) -> None:
    """Make an unlocked mutex of the MUTEX_BYTES at `address`, whatever they held.

    Where robust ones do not exist (an emulator without robust lists), it is an ordinary one.
    Raises: OSError - libc cannot make one.
    Threads: nobody may use the mutex at the same time.
    """
    code = _initialize(address, robust=True)
    if code in (errno.ENOTSUP, errno.ENOSYS):
        code = _initialize(address, robust=False)
    _check(code, "make")


@contextmanager
def locked(address: int) -> Iterator[None]:
    """Hold the mutex at `address` in the body of a `with`. Waiting releases the GIL.

    Raises: RuntimeError - the calling thread holds it already. OSError - libc refuses for another reason.
    Threads: any thread of any process that maps it; not a signal handler.
    """
    _acquire(address)
    try:
        yield
    finally:
        release(address)


def try_acquire(address: int, held: str) -> bool:
    """Take the mutex at `address` if nobody has it; whether it is taken. `release` gives it back. It never waits.

    Raises: RuntimeError - the calling thread holds it already; `held` is what it says. OSError - libc refuses.
    """
    code = _libc().pthread_mutex_trylock(ctypes.c_void_p(address))
    if code == errno.EBUSY:
        return False
    _take(address, code, held)
    return True


def release(address: int) -> None:
    """Give back the mutex at `address`. Raises: OSError - the calling thread does not hold it."""
    _check(_libc().pthread_mutex_unlock(ctypes.c_void_p(address)), "unlock")


def _acquire(address: int) -> None:
    code = _libc().pthread_mutex_lock(ctypes.c_void_p(address))
    _take(address, code, "this thread holds the spare lane's lock already; leave its `with` block first")


def _take(address: int, code: int, held: str) -> None:
    """What follows from the answer of libc: it is ours, or an exception."""
    if code == errno.EOWNERDEAD:
        code = _libc().pthread_mutex_consistent(ctypes.c_void_p(address))
    if code == errno.EDEADLK:
        raise RuntimeError(held)
    _check(code, "lock")


def _initialize(address: int, *, robust: bool) -> int:
    libc = _libc()
    ctypes.memset(address, 0, MUTEX_BYTES)
    attributes = ctypes.create_string_buffer(MUTEX_BYTES)
    _check(libc.pthread_mutexattr_init(attributes), "make")
    try:
        return int(
            libc.pthread_mutexattr_settype(attributes, _ERRORCHECK)
            or libc.pthread_mutexattr_setpshared(attributes, _PROCESS_SHARED)
            or (robust and libc.pthread_mutexattr_setrobust(attributes, _ROBUST))
            or libc.pthread_mutex_init(ctypes.c_void_p(address), attributes)
        )
    finally:
        libc.pthread_mutexattr_destroy(attributes)


def _check(code: int, verb: str) -> None:
    if code:
        raise OSError(code, f"cannot {verb} the spare lane's lock: {os.strerror(code)}")


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None)
