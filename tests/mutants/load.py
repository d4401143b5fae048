"""Loads a mutant under its module's real name, before anything else imports it: the class then uses its functions.

A child process that a test starts does the same: `site/sitecustomize.py` is on its path.
"""

from __future__ import annotations

import importlib.abc
import importlib.util
import os
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

__all__ = ["ENVIRONMENT", "install", "put"]

ENVIRONMENT = "RSEQ_MUTANT"
"""The variable that says which module is another: `module=path`."""

SITE = Path(__file__).parent / "site"


class _Finder(importlib.abc.MetaPathFinder):
    """Finds one module in another file."""

    def __init__(self, module: str, path: str) -> None:
        self.module, self.path = module, path

    def find_spec(self, name: str, path: object, target: ModuleType | None = None) -> ModuleSpec | None:
        return importlib.util.spec_from_file_location(name, self.path) if name == self.module else None


def put(module: str, path: Path) -> None:
    """From now on `module` is what stands in the file at `path`, in this process and those that it starts."""
    assert module not in sys.modules, f"{module} has been imported already"
    os.environ[ENVIRONMENT] = f"{module}={path}"
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(SITE), os.environ.get("PYTHONPATH"))))
    install()


def install() -> None:
    """Find the mutant that the environment names, if it names one."""
    module, is_named, path = os.environ.get(ENVIRONMENT, "").partition("=")
    if is_named:
        from rseq import _shipped

        _shipped.FOLDER = ""  # what has changed is compiled
        sys.meta_path.insert(0, _Finder(module, path))
