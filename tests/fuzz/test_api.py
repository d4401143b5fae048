"""Everything public, called with hostile arguments: what comes is a documented exception, and never a crash."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import support

TESTS = Path(support.__file__).parent


def run(seed: int, calls: int, log: Path) -> None:
    """One run in a process of its own; the folder of segments is not the user's, as any text may be a name.

    A crash, a hang or a wrong exception shows the seed, and the last calls.
    """
    done = subprocess.run(
        [sys.executable, "-m", "fuzz.api", str(seed), str(calls), str(log)],
        cwd=TESTS,
        capture_output=True,
        text=True,
        errors="backslashreplace",
        check=False,
        timeout=600,
    )
    last = "\n".join(log.read_text(errors="backslashreplace").splitlines()[-3:]) if log.exists() else ""
    assert done.returncode == 0, f"seed {seed} ended with {done.returncode}\n{done.stderr[-6000:]}\nlast calls:\n{last}"
    assert last.endswith("at the end")


@pytest.mark.one_in(2)
@pytest.mark.parametrize("seed", range(2))
def test_hostile_calls_are_refused(seed: int, segment_folder: Path, tmp_path: Path) -> None:
    run(seed, 1000, tmp_path / "log")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 104))
def test_many_hostile_calls_are_refused(seed: int, segment_folder: Path, tmp_path: Path) -> None:
    run(seed, 20_000, tmp_path / "log")
