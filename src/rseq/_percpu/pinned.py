"""Running on a CPU of one's choice for a moment: how one thread operates on another CPU's lane.

A lane is changed by threads on its own CPU only, which is what makes plain instructions enough. So whoever wants
something from another CPU's lane goes there: the scheduler moves the thread, the ordinary sequence runs, and the thread
moves back. That is exact whatever else runs, in other processes too, and costs some system calls and two moves.
"""

from __future__ import annotations

from _thread import get_native_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def prepare_pins() -> None:
    """Compile what `pinned` calls, so that no exception comes in the middle of that: see _percpu/guard.py."""
    from rseq._percpu.guard import prepare

    prepare()


class pinned:  # noqa: N801 - it reads as a function
    """Run the body of a `with` on `cpu`. The value is False, and the thread has stayed, if the kernel forbids it.

    It forbids a CPU that is offline or outside of the process's cpuset. The thread's affinity mask is set aside
    meanwhile and restored afterwards, whatever exception comes; if by then the cpuset allows none of it, all CPUs are
    asked for (_percpu/guard.py).
    Threads: any thread; it moves only itself.
    """

    __slots__ = ("_cpu", "_guard")

    def __init__(self, cpu: int) -> None:
        self._cpu = cpu

    def __enter__(self) -> bool:
        from rseq._percpu.guard import pin

        self._guard: Any = pin(self._cpu, get_native_id())
        return self._guard is not None

    def __exit__(self, *exception: object) -> None:
        del self._guard
