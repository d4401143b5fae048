"""What is refused, the advice that it gets, and what it becomes if one follows that: one row for each advice.

Each file of this folder has the `ROWS` of one part of the language, and all files are found. Where an advice names
alternatives, all are tried. `tests/language/test_mended.py` looks for advice of the compiler that has no row.
"""

from __future__ import annotations

import importlib
import pkgutil

from mendings.made import Mending, compiled_module

__all__ = ["MENDINGS", "Mending", "compiled_module"]

MENDINGS: list[Mending] = []
for _file in pkgutil.iter_modules(__path__):
    if _file.name != "made":
        MENDINGS += importlib.import_module(f"{__name__}.{_file.name}").ROWS
