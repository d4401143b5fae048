"""The loop around an emitted header: made where there is a C compiler, left out with a reason where there is none."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

import rseq
from rseq._bench import emitted
from rseq._bench.run import Unavailable
from rseq._cli import main


@pytest.fixture(autouse=True)
def compiled_anew() -> Iterator[None]:
    emitted.counter_loop.cache_clear()
    yield
    emitted.counter_loop.cache_clear()


@pytest.mark.needs_rseq
def test_the_loop_adds_to_a_counter_of_ours() -> None:
    counter = rseq.Counter()
    place = (ctypes.c_uint64 * 4)(*counter.storage.place)
    assert emitted.counter_loop()(ctypes.addressof(place), 1000) == 1000
    assert counter.value == 1000
    place[2] = 0  # no lanes: it ends at once, and says how far it came
    assert emitted.counter_loop()(ctypes.addressof(place), 1000) == 0
    assert counter.value == 1000


def test_without_a_compiler_it_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(Unavailable, match=r"^there is no gcc and no cc here\.$"):
        emitted.counter_loop()


def test_a_compiler_that_refuses_is_quoted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    gcc = tmp_path / "gcc"
    gcc.write_text("#!/bin/sh\necho out of order >&2\nexit 1\n")
    gcc.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(Unavailable, match=r"gcc refuses it: out of order$"):
        emitted.counter_loop()


@pytest.mark.needs_rseq
def test_the_table_has_a_row_for_it_or_says_why_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rseq._bench.command._QUICK", (1, 0.001))
    arguments = ["bench", "--quick", "--only", "counter,rseq,emitted-c", "--threads", "1"]
    measured = CliRunner().invoke(main, arguments)
    assert measured.exit_code == 0, measured.output
    assert "rseq emit: C header, -O2" in measured.output
    emitted.counter_loop.cache_clear()
    monkeypatch.setenv("PATH", "")
    left_out = CliRunner().invoke(main, arguments)
    assert left_out.exit_code == 0, left_out.output
    assert "emitted-c is left out: there is no gcc and no cc here." in " ".join(left_out.output.split())
