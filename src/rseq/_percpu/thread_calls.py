"""Thread numbers, as generated code that has the GIL asks for them: Python functions that take the address of a lock.

What runs without the GIL does the same by itself (thread_code.py).
"""

from __future__ import annotations

from rseq import _quick_ctypes as ctypes
from rseq._once import once
from rseq._percpu.threads import LEFT_BEHIND, Table, table, table_of
from rseq._sealed import forever

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import NoReturn


def _id_or_none(lock: int, _: int) -> int:
    try:
        return table_of(lock).thread_id()
    except (RuntimeError, OSError, MemoryError):
        return 0  # generated code says that it could not be had


def _has_ended(lock: int, thread: int) -> bool:
    return table_of(lock).has_ended(thread)


def _took_over(lock: int, thread: int) -> int:
    return took_over(table_of(lock), thread)


def took_over(table: Table, thread: int) -> int:
    """Warn whoever has called the caller that the calling thread has a lock of that thread, which has ended.

    A filter that turns the warning into an error has it reported (sys.unraisablehook), not raised.

    The caller has the lock, and must learn which.
    """
    how = "was not forked with the process" if thread & LEFT_BEHIND else "has ended"
    text = (
        f"{table.describe(thread)} held a lock and {how} without releasing it; the calling thread has the lock now. "
        "What the lock protects may be half changed: bring it into order, or make it anew"
    )
    import warnings

    try:
        warnings.warn(text, RuntimeWarning, stacklevel=3)
    except Warning as error:
        _report(error)
    return 0


def _report(error: Exception) -> None:
    """Have sys.unraisablehook told, which takes nothing from Python code: by ctypes, about what a callback raises."""

    def throw() -> None:
        raise error

    ctypes.CFUNCTYPE(None)(throw)()


def _refuse(lock: int, thread: int) -> NoReturn:
    """Raises: RuntimeError - the reason."""
    raise RuntimeError(table_of(lock).refusal(thread))


_called: dict[str, Callable[[int, int], int]] = {
    "rseq_python_register": _id_or_none,
    "rseq_python_ended": _has_ended,
    "rseq_python_took_over": _took_over,
    "rseq_python_refuse": _refuse,
}
"""Generated code that has the GIL calls them as Python objects: ctypes would drop what a signal handler raises."""


def symbols() -> Mapping[str, int]:
    """What generated code that has the GIL refers to, by name: addresses that stay for good.

    Extents say which table they have from then on. Raises: OSError, MemoryError - there is no memory for the table.
    """
    table()
    return _functions()


@once
def _functions() -> dict[str, int]:
    for function in _called.values():
        forever(function)
    return {name: id(function) for name, function in _called.items()}
