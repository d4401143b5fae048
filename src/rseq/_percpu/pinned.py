"""Running on a CPU of one's choice for a moment: how one thread operates on another CPU's lane.

A lane is changed by threads on its own CPU only, which is what makes plain instructions enough. So whoever wants
something from another CPU's lane goes there: the scheduler moves the thread, the ordinary sequence runs, and the thread
moves back. That is exact whatever else runs, in other processes too, and costs some system calls and two moves.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import get_native_id

__all__ = ["pinned", "prepare_pins"]


def prepare_pins() -> None:
    """Compile what `pinned` calls, so that no exception comes in the middle of that: see _percpu/guard.py."""
    from rseq._percpu.guard import prepare

    prepare()


@contextmanager
def pinned(cpu: int) -> Iterator[bool]:
    """Run the body of a `with` on `cpu`. The value is False, and the thread has stayed, if the kernel forbids it.

    It forbids a CPU that is offline or outside of the process's cpuset. The thread's affinity mask is set aside
    meanwhile and restored afterwards, whatever exception comes; if by then the cpuset allows none of it, all CPUs are
    asked for (_percpu/guard.py).
    Threads: any thread; it moves only itself.
    """
    from rseq._percpu.guard import pin

    guard = pin(cpu, get_native_id())
    try:
        yield guard is not None
    finally:
        del guard
