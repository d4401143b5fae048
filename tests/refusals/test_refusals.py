"""Each wrong program is told in a sentence what to do, and one that does so is right."""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import rseq
from refusals import commands, compiled, sequences, served, structures
from refusals.made import Command, Refusal, program
from rseq._cli import main
from shared.folders import folder
from support import on_one_cpu

PROGRAMS = [*structures.ROWS, *sequences.ROWS, *compiled.ROWS, *served.ROWS]


@pytest.fixture(autouse=True)
def segment_folder() -> Iterator[Path]:
    """An empty folder, where this test and the processes that it starts find segments."""
    with folder() as path:
        yield path


def run(path: Path, text: str) -> None:
    path.write_text(program(text))
    with on_one_cpu():  # who holds the lock of one CPU may have that of another
        runpy.run_path(str(path))


@pytest.mark.parametrize("row", PROGRAMS, ids=str)
def test_what_a_wrong_program_is_told_makes_it_right(row: Refusal, tmp_path: Path) -> None:
    if row in compiled.ROWS:
        pytest.importorskip("numba", reason="rseq.numba needs Numba (pip install rseq[numba])")
    with pytest.raises(row.error) as caught:
        run(tmp_path / "wrong.py", row.wrong)
    assert row.advice in str(caught.value)
    run(tmp_path / "right.py", row.right)


def said(arguments: str) -> Result:
    return CliRunner().invoke(main, arguments.split())


@pytest.mark.parametrize("row", commands.ROWS, ids=str)
def test_what_a_wrong_command_is_told_makes_it_right(
    row: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    hits = rseq.Counter(segment="shop", name="hits")
    assert rseq.RingBuffer(4096, segment="shop", name="log").write(b"started")
    for name, text in (("shop.py", commands.FILE), ("decorated.py", commands.DECORATED)):
        (tmp_path / name).write_text(program(text))
    refused = said(row.wrong)
    assert refused.exit_code in (1, 2)
    assert row.advice in " ".join(refused.output.split())
    assert "Traceback" not in refused.output
    right = said(row.right)
    assert right.exit_code == 0, right.output
    assert row.expected in right.output
    assert hits.value == 0


def test_there_are_thirty_and_more() -> None:
    assert len(PROGRAMS) + len(commands.ROWS) >= 30
