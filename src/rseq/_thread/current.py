"""The CPU that the calling thread runs on."""

from __future__ import annotations

from rseq._libc import libc, on_linux
from rseq._marks import operation
from rseq._thread.registration import calling_thread


@operation("cpu_number")
def cpu_number() -> int:
    """The CPU that the calling thread runs on, which may be another one as soon as it is known.

    Works in threads that are not registered too. 0 on a system that does not say.
    """
    number = calling_thread().cpu_id.value
    if number >= 0:
        return number
    return max(0, int(libc().sched_getcpu())) if on_linux() else 0
