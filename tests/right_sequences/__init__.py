"""Sequences as users write them, which must be accepted, by name; each file of this folder has some in its `TEXTS`."""

from __future__ import annotations

import importlib
import pkgutil

from right_sequences.records import NAMES

__all__ = ["NAMES", "TEXTS"]

TEXTS: dict[str, str] = {}
for _file in pkgutil.iter_modules(__path__):
    if _file.name != "records":
        TEXTS |= importlib.import_module(f"{__name__}.{_file.name}").TEXTS
