"""The spare lane's lock: a robust, error-checking, process-shared pthread mutex at an address of our choice.

Generated code takes it with libc's own functions; Python only makes one. One kind serves private and shared memory:
libc makes robust mutexes wait as shared ones in any case.

Guarantees: an owner that dies, by SIGKILL too, leaves the lock to the next taker, who finds nothing half done, because
a sequence has one commit. Taking it twice is an error and not a deadlock (_codegen/holder.py says who has it).
Assumptions: a `pthread_mutex_t` has at most 64 bytes (40 in glibc and musl on 64-bit x86, 48 in glibc on 64-bit arm);
the constants are those of Linux libcs.
"""

from __future__ import annotations

import errno

from rseq import _quick_ctypes as ctypes
from rseq._integers import round_up
from rseq._libc import libc, os_error
from rseq._quick import cache

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


@cache
def blank_mutex_bytes() -> bytes:
    """What libc makes of a mutex: processes whose libc makes another one cannot share it."""
    buffer = (ctypes.c_uint8 * (2 * MUTEX_BYTES))()
    address = round_up(ctypes.addressof(buffer), MUTEX_BYTES)
    make_mutex(address)
    return ctypes.string_at(address, MUTEX_BYTES)


def is_mutex(address: int) -> bool:
    """Whether the MUTEX_BYTES there can be a mutex that `make_mutex` made, free or held: it is of the same kind.

    libc aborts the process, or waits in another way, where the kind is another one. Who holds it cannot be checked.
    """
    blank, found = (
        memoryview(blank_mutex_bytes()).cast("I"),
        (ctypes.c_uint32 * (MUTEX_BYTES // 4)).from_address(address),
    )
    return all(there == word for there, word in zip(found, blank, strict=True) if word)


def _initialize(address: int, *, robust: bool) -> int:
    ctypes.memset(address, 0, MUTEX_BYTES)
    attributes = (ctypes.c_char * MUTEX_BYTES)()
    _check(libc().pthread_mutexattr_init(attributes), "make")
    try:
        return int(
            libc().pthread_mutexattr_settype(attributes, _ERRORCHECK)
            or libc().pthread_mutexattr_setpshared(attributes, _PROCESS_SHARED)
            or (robust and libc().pthread_mutexattr_setrobust(attributes, _ROBUST))
            or libc().pthread_mutex_init(address, attributes)
        )
    finally:
        libc().pthread_mutexattr_destroy(attributes)


def _check(code: int, verb: str) -> None:
    if code:
        raise os_error(f"cannot {verb} the spare lane's lock", code)
