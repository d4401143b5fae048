"""All structures of the package, found by folder."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

from rseq._structures.structure import Structure

_FOLDER = __name__.rpartition(".")[0]


def shipped() -> Iterator[type[Structure]]:
    """The package's structures: the public classes that are defined in the files of this folder."""
    for module in pkgutil.iter_modules(importlib.import_module(_FOLDER).__path__):
        for name, thing in list(vars(importlib.import_module(f"{_FOLDER}.{module.name}")).items()):
            if isinstance(thing, type) and issubclass(thing, Structure) and not name.startswith("_"):
                if thing is not Structure and home_of(thing) == module.name:
                    yield thing


def home_of(structure: type[Structure]) -> str:
    """The file or the folder, of those in this one, that a shipped structure is defined in."""
    return structure.__module__.removeprefix(f"{_FOLDER}.").partition(".")[0]
