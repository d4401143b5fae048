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
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

MUTEX_BYTES = 64
"""What to set aside for a mutex; align it to as much, so that it has a cache line of its own."""

_ERRORCHECK = 2
_ROBUST = 1
_PROCESS_SHARED = 1

_PAUSE_S = 1e-5


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
    """Hold the mutex at `address` in the body of a `with`, whatever exception comes.

    Raises: RuntimeError - the calling thread holds it already. OSError - libc refuses for another reason.
    Threads: any thread of any process that maps it; not a signal handler.
    """
    held = "this thread holds the spare lane's lock already; leave its `with` block first"
    while (guard := taken(address, held)) is None:
        time.sleep(_PAUSE_S)
    try:
        yield
    finally:
        del guard


def prepare_guards() -> None:
    """Compile what `taken` and `pinned` call, so that no exception comes in the middle of that: see native/guard.py."""
    from rseq.native.guard import prepare

    prepare()


def taken(address: int, held: str) -> object | None:
    """Take the mutex at `address` if nobody has it: a guard (native/guard.py), or None. It never waits.

    It is given back when the guard goes. Let no call stand between taking and `try`.
    Raises: RuntimeError - the calling thread holds it already; `held` is what it says. OSError - libc refuses.
    """
    from rseq.native.guard import take_mutex

    return take_mutex(address, held)  # type: ignore[no-any-return]


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
