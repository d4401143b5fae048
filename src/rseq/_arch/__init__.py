"""From IR to assembly: a file in `machines/` for each architecture, found by its name; beside it what they share."""

from __future__ import annotations

import importlib
import os
import pkgutil
import platform
from functools import cache

from rseq._arch import machines
from rseq._arch.base import Architecture
from rseq._once import once

__all__ = ["Architecture", "get", "host", "names"]


@cache
def names() -> tuple[str, ...]:
    """The architectures that code can be made for, in alphabetical order. Raises: OSError - they cannot be read."""
    found = sorted(module.name for module in pkgutil.iter_modules(machines.__path__))
    if not found:
        os.listdir(next(iter(machines.__path__)))  # it says why, which pkgutil does not: too many files are open
    return tuple(found)


@once
def get(name: object) -> Architecture:
    """The architecture called `name`.

    Raises: ValueError - there is none of that name.
    """
    known = [one for one in names() if isinstance(name, str) and one == str.__str__(name)]
    if not known:
        raise ValueError(f"no architecture is called {name!r}; there are: {', '.join(names())}")
    architecture = importlib.import_module(f"{machines.__name__}.{known[0]}").ARCHITECTURE
    assert isinstance(architecture, Architecture)
    return architecture


def host() -> Architecture | None:
    """The architecture of this machine, or None if there is no file for it, or none of our code calls Python on it."""
    machine = platform.machine()
    return get(machine) if machine in names() and get(machine).makes_builtins else None
