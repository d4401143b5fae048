"""What a process must have once: `functools.cache` has two threads that ask at once make two.

    @once               where two would not be one and the same: classes, sequences, machine code, what others are told
                        of (a fork, libc, Numba); and where a module is imported, as a fork must wait for that
    @cache              where two are equal: numbers, text, functions of a library
    @cached_property    on what one thread has

Two of a compiled sequence have two record types, and what is bound with one does not fit the other. So the first that
is made is what all get. While another thread makes it, others wait for that, but not for ever: that thread may be
waiting for one of them (a finaliser that runs while it compiles, and wants a lock that they hold). Then they make one
as well, and all get the first.
"""

from __future__ import annotations

import os
import sys

from rseq import _forks as forks
from rseq._quick import RLock, like

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, ParamSpec, TypeVar

    P = ParamSpec("P")
    T = TypeVar("T")

_NUMPY_MIB, _NUMPY_MIB_PER_CPU = 128, 16
"""What OpenBLAS, which comes with NumPy, wants at least: a buffer, and a stack for each CPU."""

_turns: dict[object, Any] = {}  # what is being made: a lock that its maker may take again, in a signal handler
forks.in_each_child(_turns.clear, forks.TOOLS)  # its other makers are not there


def once(make: Callable[P, T]) -> Callable[P, T]:
    """Decorator: remember what `make` returns for each set of arguments, which are hashable; one is made for all.

    An exception is not remembered. Arguments that are given by position and by name are different ones.
    `make` may run twice, if its first run does not end, and what it makes must then do no harm when it is dropped.
    Threads: any. Signal handlers too: if one interrupts `make`, what it gets is what all get from then on.
    A fork of another thread waits while `make` imports (rseq._forks).
    """
    made: dict[object, T] = {}

    def remembered(*arguments: P.args, **keywords: P.kwargs) -> T:
        key = (arguments, frozenset(keywords.items())) if keywords else arguments
        if key not in made:  # a dict never forgets: no lock is needed to find what is there
            with Turn((id(made), key)), forks.Working():
                if key not in made:
                    made.setdefault(key, make(*arguments, **keywords))
        return made[key]

    return like(make, remembered)


class Turn:
    """`with Turn(what):` do it, a key, while no other thread does; but do not wait longer than PATIENCE_S for that."""

    __slots__ = ("_is_ours", "_lock", "_what")

    def __init__(self, what: object) -> None:
        self._what = what

    def __enter__(self) -> None:
        self._lock = _turns.setdefault(self._what, RLock())
        self._is_ours = self._lock.acquire(timeout=forks.PATIENCE_S)

    def __exit__(self, *exception: object) -> None:
        if self._is_ours:
            self._lock.release()
        _turns.pop(self._what, None)


@once
def load(module: str) -> None:
    """Import a module where it is first needed, so that a fork of another thread waits for that.

    Raises: MissingPackage - what it needs is not installed, and an extra brings it. ImportError. MemoryError - the
    module would end the process, as it gets no memory.
    """
    if module == "numpy" and module not in sys.modules:
        from rseq._room import require_room

        require_room(_NUMPY_MIB + _NUMPY_MIB_PER_CPU * (os.cpu_count() or 1), "NumPy to be imported")
    try:
        __import__(module)
    except ModuleNotFoundError as error:
        from rseq._extras import PACKAGES, missing

        if type(error) is not ModuleNotFoundError or error.name not in PACKAGES:
            raise
        raise missing(error.name) from None
    if not module.startswith("rseq."):
        from rseq._extras import require_version

        require_version(module)
