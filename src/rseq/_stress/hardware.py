"""The processor's own breakpoints: a SIGTRAP before one instruction, whose code is not changed.

Linux sends it from 5.13 on, for an event of perf_event_open(2) that has `sigtrap`. An event is allowed one trap, and is
off then: an instruction that is run again after it, as after an abort, is not stopped at.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from rseq._libc import libc
from rseq._thread.support import require_support

_PERF_TYPE_BREAKPOINT, _HW_BREAKPOINT_X = 5, 4  # linux/perf_event.h, linux/hw_breakpoint.h
_DISABLED, _EXCLUDE_KERNEL, _REMOVE_ON_EXEC, _SIGTRAP = (1 << bit for bit in (0, 5, 36, 37))
_CLOEXEC = 1 << 3
_REFRESH = 0x2402  # linux/perf_event.h, asm-generic/ioctl.h
_WORD = ctypes.sizeof(ctypes.c_long)

_REASONS = {
    errno.EACCES: "the kernel's setting perf_event_paranoid forbids it",
    errno.EPERM: "the kernel's setting perf_event_paranoid, or a container's filter of system calls, forbids it",
    errno.ENOSYS: "this kernel, or a container's filter of system calls, has no such call",
    errno.ENOSPC: "a debugger has taken the processor's breakpoints",
    **dict.fromkeys(
        (errno.EINVAL, errno.E2BIG, errno.ENOENT, errno.ENODEV, errno.EOPNOTSUPP),
        "breakpoints that send signals need Linux 5.13, and a processor that has some",
    ),
}


class _Attributes(ctypes.Structure):
    """Struct perf_event_attr as of Linux 5.13."""

    _fields_ = (
        ("type", ctypes.c_uint32),
        ("size", ctypes.c_uint32),
        ("config", ctypes.c_uint64),
        ("sample_period", ctypes.c_uint64),
        ("sample_type", ctypes.c_uint64),
        ("read_format", ctypes.c_uint64),
        ("flags", ctypes.c_uint64),
        ("wakeup_events", ctypes.c_uint32),
        ("bp_type", ctypes.c_uint32),
        ("bp_addr", ctypes.c_uint64),
        ("bp_len", ctypes.c_uint64),
        ("rest", ctypes.c_uint64 * 7),
    )


class Refused(Exception):
    """The system gives this thread no breakpoint of the processor; the text says why."""


@contextmanager
def trap_at(address: int) -> Iterator[None]:
    """The calling thread gets a SIGTRAP before the instruction that begins at `address`, the first time it comes there.

    Where none begins, it gets none. Raises: Refused.
    """
    event = _event(address)
    try:
        fcntl.ioctl(event, _REFRESH, 1)
        yield
    finally:
        os.close(event)


def _event(address: int) -> int:
    attributes = _Attributes(
        type=_PERF_TYPE_BREAKPOINT,
        size=ctypes.sizeof(_Attributes),
        sample_period=1,
        flags=_DISABLED | _EXCLUDE_KERNEL | _REMOVE_ON_EXEC | _SIGTRAP,
        bp_type=_HW_BREAKPOINT_X,
        bp_addr=address,
        bp_len=_WORD,
    )
    ctypes.set_errno(0)
    this_thread, any_cpu, no_group = 0, -1, -1
    number, given = require_support().perf_event_open, ctypes.addressof(attributes)
    event = int(libc().syscall(number, given, this_thread, any_cpu, no_group, _CLOEXEC, 0))
    if event < 0:
        error = ctypes.get_errno()
        because = f"; {_REASONS[error]}" if error in _REASONS else ""
        raise Refused(f"perf_event_open(): {os.strerror(error)}{because}")
    return event
