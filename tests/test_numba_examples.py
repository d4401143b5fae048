"""The programs of examples/numba, small: with rseq they find what they find with private copies, to the bit."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from types import ModuleType

import numpy as np
import pytest

from rseq.check import check
from support import ROOT

pytest.importorskip("numba", reason="the programs need Numba (pip install rseq[numba])")

FOLDER = ROOT / "examples" / "numba"
NAMES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "compare")


@pytest.fixture
def compare() -> Iterator[ModuleType]:
    """The folder's compare.py; the programs are imported as it imports them."""
    before, waiting = sys.path[:], os.environ.get("OMP_WAIT_POLICY")
    spec = importlib.util.spec_from_file_location("numba_examples_compare", FOLDER / "compare.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    sys.path[:] = before
    if waiting is None:
        os.environ.pop("OMP_WAIT_POLICY", None)


def test_all_eight_are_compared(compare: ModuleType) -> None:
    assert sorted(compare.NAMES) == NAMES
    assert len(NAMES) == 8


@pytest.mark.parametrize(
    "name", [name if name == "events" else pytest.param(name, marks=pytest.mark.slow) for name in NAMES]
)
def test_it_finds_what_private_copies_find(compare: ModuleType, name: str) -> None:
    compare.compare(name, part=20, rounds=2)


@pytest.mark.slow
def test_results_that_differ_are_found(compare: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    program = compare.program("events")
    monkeypatch.setattr(
        program, "with_copies", lambda *given: program.with_rseq(*given) + np.eye(1, 4096, dtype=int)[0]
    )
    with pytest.raises(AssertionError, match="events: with rseq and with copies"):
        compare.compare("events", part=100, rounds=1)


@pytest.mark.slow
def test_keys_of_the_best_survive_every_interruption(compare: ModuleType) -> None:
    program = compare.program("topk")
    report = check(program.floor, program.offer)
    assert report.ok, str(report)
