"""What begins anew in a forked child: locks that others held, and what belongs to threads that stayed behind."""

from __future__ import annotations

import os
import weakref
from typing import Protocol

from .once import once

__all__ = ["start_anew_after_forks"]


class _StartsAnew(Protocol):
    def _start_anew(self) -> None:
        """Called in a forked child, in the only thread that there is."""


_known: weakref.WeakSet[_StartsAnew] = weakref.WeakSet()


def start_anew_after_forks(thing: _StartsAnew) -> None:
    """Have `thing._start_anew()` called in each child that is forked as long as `thing` lives."""
    _known.add(thing)
    _register()


@once
def _register() -> None:
    os.register_at_fork(after_in_child=_start_all_anew)


def _start_all_anew() -> None:
    for thing in list(_known):
        thing._start_anew()
