"""Positions are true in the file, wherever a function stands and however it came to be there."""

from __future__ import annotations

import linecache
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import rseq
from rseq import i64
from rseq._language.errors import CompileError, Span
from rseq._language.source import read
from support import run_python


class Cell(rseq.Record):
    value: i64


def also(function: Any) -> Any:
    return function


def place(source: str, tmp_path: Path, **names: Any) -> tuple[Span, str]:
    """Where a module with this text is refused, and what stands there."""
    file = tmp_path / "module.py"
    text = textwrap.dedent(source)
    file.write_text(text, encoding="utf-8")
    with pytest.raises(CompileError) as caught:
        exec(compile(text, str(file), "exec"), {"rseq": rseq, "Cell": Cell, "i64": i64, "also": also, **names})
    (diagnostic,) = caught.value.diagnostics
    span = diagnostic.places[0][0]
    assert span.file == str(file)
    return span, text.splitlines()[span.line - 1][span.column : span.end_column]


@pytest.mark.parametrize(
    ("source", "line", "column"),
    [
        ("@rseq.sequence\ndef f(cpu: Cell) -> None:\n    cpu.value = here\n", 3, 16),
        ("\n\n@also\n@rseq.sequence\n\ndef f(\n    cpu: Cell,\n) -> None:\n    cpu.value = here\n", 9, 16),
        ("if True:\n  if True:\n    @rseq.sequence\n    def f(cpu: Cell):\n      cpu.value = here\n", 5, 18),
        ("class A:\n    @staticmethod\n    @rseq.sequence\n    def f(cpu: Cell):\n        cpu.value = here\n", 5, 20),
        ("def g():\n    @rseq.sequence\n    def f(cpu: Cell):\n        cpu.value = here\ng()\n", 4, 20),
        ("if True:\n\t@rseq.sequence\n\tdef f(cpu: Cell):\n\t\tcpu.value = here\n", 4, 14),
        ("@rseq.sequence\ndef f(cpu: Cell, größe: i64):\n    'é'; cpu.value = größe + here\n", 3, 29),
        ("if True:\n    @rseq.sequence\n    def f(cpu: Cell, ß: i64):\n        cpu.value = ß + here\n", 4, 24),
        (
            'class A:\n    @rseq.sequence\n    def f(cpu: Cell):\n        """Text\nat the margin\n"""\n        here\n',
            7,
            8,
        ),
        ("class A:\n    @rseq.sequence\n    def f(cpu: Cell):\n# at the margin\n        cpu.value = here\n", 5, 20),
        ("@rseq.sequence\ndef f(cpu: Cell): cpu.value = here\n", 2, 30),
        ("@rseq.sequence\ndef f(cpu: Cell):\n    cpu.value = (1 +\n        here)\n", 4, 8),
        ("@rseq.sequence\ndef f(cpu: Cell):\n    cpu.value = 1 + \\\n        here\n", 4, 8),
    ],
)
def test_a_mistake_is_reported_where_it_stands(source: str, line: int, column: int, tmp_path: Path) -> None:
    span, text = place(source, tmp_path)
    assert (span.line, span.column, text) == (line, column, "here")


def test_an_interactive_session_keeps_its_input_in_linecache() -> None:
    name, text = "<python-input-7>", "@rseq.sequence\ndef f(cpu: Cell) -> None:\n    cpu.value = here\n"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    with pytest.raises(CompileError) as caught:
        exec(compile(text, name, "exec"), {"rseq": rseq, "Cell": Cell})
    assert "<python-input-7>:3:17: error[unknown-name]" in str(caught.value)
    assert "  3 |     cpu.value = here" in str(caught.value)


def test_a_file_that_cannot_be_read_is_an_os_error(tmp_path: Path) -> None:
    """Linecache takes a file for empty that cannot be opened, since too many are open or it is no longer allowed."""
    code = """
        import os, resource, sys
        sys.path.insert(0, sys.argv[1])
        import rseq, rseq._language.contract, rseq._language.parser.parse, some_sequences
        sequence = rseq.sequence
        held = [os.open(os.devnull, os.O_RDONLY)]
        resource.setrlimit(resource.RLIMIT_NOFILE, (held[0] + 1, held[0] + 1))
        try:
            sequence(some_sequences.f)
        except OSError as error:
            print(error)
    """
    (tmp_path / "some_sequences.py").write_text("def f(cpu):\n    pass\n")
    file = tmp_path / "some_sequences.py"
    assert run_python(code, str(tmp_path)).stdout == f"[Errno 24] Too many open files: '{file}'\n"


def test_without_source_text_there_is_one_sentence() -> None:
    scope: dict[str, Any] = {"rseq": rseq, "Cell": Cell}
    exec("def f(cpu: Cell) -> None:\n    cpu.value = 1\n", scope)
    with pytest.raises(TypeError, match=r"the source text of f\(\) cannot be found"):
        rseq.sequence(scope["f"])


def test_a_lambda_is_refused() -> None:
    refused: list[Callable[..., Any]] = [
        lambda cpu: 0,
    ]
    with pytest.raises(TypeError, match="expected a function written with `def`"):
        rseq.sequence(refused[0])
    with pytest.raises(TypeError, match="expected a function written with `def`"):
        rseq.sequence(lambda cpu: (0, 1))


def test_a_coroutine_is_refused() -> None:
    async def f(cpu: Cell) -> None:
        pass

    with pytest.raises(CompileError, match=r"error\[signature\]: f\(\) is an async function"):
        rseq.sequence(f)  # type: ignore[arg-type]


def test_names_mean_what_they_mean_where_the_function_stands() -> None:
    step = 3

    @rseq.sequence
    def f(cpu: Cell) -> None:
        cpu.value += step

    assert "cpu.value += 3" in f.ir


def test_a_name_that_has_no_value_yet_is_unknown() -> None:
    def make() -> Any:
        @rseq.sequence
        def f(cpu: Cell) -> None:
            cpu.value += later

        later = 1
        return f, later

    with pytest.raises(CompileError, match="later is not defined"):
        make()


def test_a_function_is_one_line_to_point_at() -> None:
    def f(
        cpu: Cell,
    ) -> None:
        pass

    source = read(f)
    span = source.span(source.tree)
    assert (span.line, span.column, span.end_column) == (f.__code__.co_firstlineno, 4, 9)
