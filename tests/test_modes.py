"""The interpreter's modes: `python -O`, which leaves assert statements out, and `python -X dev`, which checks more."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import ROOT

PURE = {"isinstance", "issubclass", "len", "sum", "all", "any", "min", "max", "set", "sorted", "abs", "type", "id"}
"""What an assert statement may call: leaving these out changes nothing."""

MODES = {"-O": {"PYTHONOPTIMIZE": "1"}, "-X dev": {"PYTHONDEVMODE": "1"}}
SHORT = ["structures/test_counter.py", "percpu/test_threads.py", "test_once.py"]
modes = pytest.mark.parametrize("mode", list(MODES))


def effects(text: str) -> Iterator[str]:
    """What the assert statements in `text` do beside looking."""
    for statement in ast.walk(ast.parse(text)):
        if isinstance(statement, ast.Assert):
            for node in ast.walk(statement):
                is_call = isinstance(node, ast.Call) and ast.unparse(node.func) not in PURE
                if is_call or isinstance(node, (ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom)):
                    yield f"{statement.lineno}: {ast.unparse(node)}"


def test_no_assert_statement_has_an_effect() -> None:
    found = [f"{path}:{effect}" for path in (ROOT / "src").rglob("*.py") for effect in effects(path.read_text())]
    assert found == []


@pytest.mark.parametrize(
    "statement",
    ["assert take()", "assert (n := 1)", "assert x, say()", "assert a.b(len(c))", "assert f(len(a))"],
)
def test_that_rule_bites(statement: str) -> None:
    assert list(effects(statement))
    assert not list(effects("assert isinstance(x, int) and len(x) == 1, 'text'"))


def run_tests(mode: str, *arguments: str | Path, timeout_s: float) -> str:
    """The end of what pytest says of these tests in that mode; in their child processes, too."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *map(str, arguments)],
        cwd=ROOT,
        env={
            **os.environ,
            **MODES[mode],
            "PYTEST_ADDOPTS": "-W ignore::pytest.PytestConfigWarning",
        },  # of asserts elsewhere
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout_s,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    return done.stdout


@pytest.mark.slow
@modes
def test_the_essential_tests_pass_in_this_mode(mode: str) -> None:
    assert " passed" in run_tests(mode, *(ROOT / "tests" / name for name in SHORT), timeout_s=110)


@modes
def test_the_mode_is_that_of_the_tests_and_of_their_children(mode: str, tmp_path: Path) -> None:
    test = tmp_path / "test_mode.py"
    test.write_text(
        "import subprocess, sys\n"
        "def test_mode():\n"
        "    code = 'import sys; print(sys.flags.optimize, int(sys.flags.dev_mode))'\n"
        "    inner = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True).stdout.split()\n"
        f"    assert inner == {['1', '0'] if mode == '-O' else ['0', '1']!r}\n"
        "    assert [str(sys.flags.optimize), str(int(sys.flags.dev_mode))] == inner\n"
    )
    run_tests(mode, f"--rootdir={tmp_path}", test, timeout_s=60)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mode", "folder"),
    [
        ("-O", "language"),
        *((mode, folder) for mode in MODES for folder in ("percpu", "structures")),
        ("-X dev", "native"),
    ],
)
def test_the_first_tier_passes_in_this_mode(mode: str, folder: str) -> None:
    """Where our own Python code does most, and in development mode the code that is given Python's objects.

    What emulators, Numba and C compilers run is the same in each mode.
    """
    assert " passed" in run_tests(mode, ROOT / "tests" / folder, timeout_s=1000)
