"""What a process must have once: `functools.cache` has two threads that ask at once make two.

Two of a compiled sequence have two record types, and what is bound with one does not fit the other; two handlers for
forks both run. All that is made once is made under one lock, so there is no order of locks to get wrong.
"""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar

__all__ = ["LOCK", "once"]

P = ParamSpec("P")
T = TypeVar("T")

LOCK = threading.RLock()  # a signal handler may need the same in the middle of it
"""Held while something is made that a process has once, and while the process forks."""

if hasattr(os, "register_at_fork"):
    # A child must not begin in the middle of another thread's compilation: LLVM's locks, and those of the modules that
    # are being imported for it, would stay held in the child for ever.
    os.register_at_fork(before=LOCK.acquire, after_in_parent=LOCK.release, after_in_child=LOCK.release)


def once(make: Callable[P, T]) -> Callable[P, T]:
    """Decorator: remember what `make` returns for each set of arguments, which are hashable; it is made once.

    An exception is not remembered. Arguments that are given by position and by name are different ones.
    Threads: any. Signal handlers too: if one interrupts `make`, what it gets is what all get from then on.
    """
    made: dict[object, T] = {}

    @functools.wraps(make)
    def remembered(*arguments: P.args, **keywords: P.kwargs) -> T:
        key = (arguments, frozenset(keywords.items())) if keywords else arguments
        if key not in made:  # a dict never forgets: no lock is needed to find what is there
            with LOCK:
                if key not in made:
                    made.setdefault(key, make(*arguments, **keywords))
        return made[key]

    return remembered
