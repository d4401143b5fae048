"""Guards: what one has taken is given back when nothing refers to the guard any more, whatever exception comes.

A signal handler may raise between any two instructions of Python: after a lock was taken and before `try`, or in
`finally` before it is given back. Machine code is not interrupted so: what it takes it returns as an object, and that
goes when the frame goes that holds it.

    turn = take_turn(word, 0, me, …)     # None if somebody has it
    try:
        …
    finally:
        del turn                         # given back

No call may stand between taking and `try`, and the guard is in no other place: a traceback keeps the frames that it
names, and what is in them.
"""

from __future__ import annotations

from rseq import _quick_ctypes as ctypes
from rseq._quick import cache
from rseq._ready import ready

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def take_turn(word: int, before: int, thread: int, known: int, task: int) -> Any:
    """Store `thread` (u64) in the word at that address if `before` is there, and `task` behind it: a guard, or None.

    The guard stores 0 if `thread` is there. In a forked child neither this nor the guard does anything: there, the u64
    at the address `known` is not `thread` any more (_percpu/threads.py).
    Raises: MemoryError. Threads: any.
    """
    return _functions()["take_turn"](word, before, thread, known, task)


def pin(cpu: int, thread: int) -> Any:
    """Move the thread with that native id to `cpu`: a guard that restores its affinity mask; None if that is forbidden.

    If no CPU of the mask is allowed any more by then, all are asked for.
    Raises: OSError - the kernel does not tell the mask. MemoryError.
    """
    return _functions()["pin"](cpu, thread)


def prepare() -> None:
    """Load what the others call, in good time: who imports or compiles must not be interrupted by an exception.

    Raises: UnsupportedError - this machine's architecture has no code generator.
    """
    _functions()


@cache
def _functions() -> dict[str, Any]:
    entries = ready("guard", "rseq._percpu.guard_code").entries
    return {name: ctypes.PYFUNCTYPE(ctypes.py_object, *kinds)(entries[name]) for name, kinds in _KINDS.items()}


_KINDS: dict[str, tuple[Any, ...]] = {
    "take_turn": (ctypes.c_uint64,) * 5,
    "pin": (ctypes.c_int64, ctypes.c_int64),
}
