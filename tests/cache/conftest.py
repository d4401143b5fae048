"""Modules that are written, imported and written again, each time as by another process; and a cache of their own."""

from __future__ import annotations

import importlib.util
import itertools
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import rseq
from rseq import _cache as cache
from rseq._builtins import make as maker
from rseq._language.compiled import Compiled, Later

HEAD = """
import enum
import rseq
from rseq import i32, i64, prepared, ptr, u64

STEP = 3
TOO_MUCH = "too much"

class Limits:
    MOST = 5

class Kind(enum.IntEnum):
    ONE = 1

class Cell(rseq.Record):
    value: i64
    other: i64
    many: i64[4]

Cell = vars().get("Cells") or Cell

@rseq.inline
def once(x: i64) -> i64:
    return x + STEP

@rseq.inline
def twice(x: i64, times: i64 = 2) -> i64:
    return once(x) * times

@rseq.sequence
def put(cpu: Cell, n: i64 = 1) -> None:
    cpu.other = n
"""


ADD = """
@rseq.sequence
def add(cpu: Cell, n: i64 = 1) -> i64:
    cpu.value = twice(n) + Limits.MOST + Kind.ONE
    return 0
"""


class Modules:
    """Modules that are written, imported, written again, and imported by what might be another process."""

    def __init__(self, folder: Path) -> None:
        self.path, self._numbers = folder / "shop.py", itertools.count()

    def load(self, text: str) -> Any:
        self.path.write_text(text)
        number = next(self._numbers)
        os.utime(self.path, (number, number))
        spec = importlib.util.spec_from_file_location("shop", self.path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["shop"] = module
        spec._initializing = True  # type: ignore[attr-defined] # as it is while Python imports it
        try:
            spec.loader.exec_module(module)
        finally:
            del spec._initializing  # type: ignore[attr-defined]
        return module


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RSEQ_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "_told", set())
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return tmp_path / "cache"


@pytest.fixture
def modules(tmp_path: Path, folder: Path) -> Iterator[Modules]:
    yield Modules(tmp_path)
    sys.modules.pop("shop", None)


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[Compiled]:
    """What has been compiled since."""
    found: list[Compiled] = []
    make = maker.make

    def noted(code: Compiled, *given: Any, **named: Any) -> Any:
        found.append(code)
        return make(code, *given, **named)

    monkeypatch.setattr(maker, "make", noted)
    return found


def was_parsed(code: Any) -> bool:
    return not isinstance(code._meaning, Later)


def result(module: Any, name: str = "add", *given: Any) -> tuple[int, list[Any]]:
    """What a sequence returns, and the record that it leaves, added up over all lanes."""
    cells = rseq.percpu(module.Cell)
    returned = getattr(module, name).bind(cells)(*given)
    records = cells.per_cpu()
    return returned, [records[name].sum(axis=0).tolist() for name in records.dtype.names]
