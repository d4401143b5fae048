"""Every rule has a bad example, the whole message that it gets, and a place in the documentation."""

from __future__ import annotations

import ast
import importlib.util
import pickle
import re
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

import rseq
from rseq import i64
from rseq._language.errors import CompileError, Diagnostic, Span
from support import ROOT

BAD = ROOT / "tests" / "bad"
MENDED = ROOT / "tests" / "mended"
GOLDEN = ROOT / "tests" / "golden" / "errors"
LANGUAGE = ROOT / "src" / "rseq" / "_language"
SLUG = re.compile(r"[a-z]+(-[a-z]+)*")


class Cell(rseq.Record):
    value: i64
    total: i64


def slugs() -> dict[str, str]:
    """Each slug that the compiler can report, and its page."""
    found = {}
    for path in LANGUAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = getattr(node.func, "attr", getattr(node.func, "id", "")) if isinstance(node, ast.Call) else ""
            if isinstance(node, ast.Call) and name in ("refuse", "_refuse", "_broken", "Diagnostic"):
                texts = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
                if texts and SLUG.fullmatch(texts[0]):
                    found[texts[0]] = "contract.md" if path.name == "contract.py" else "language.md"
    return found


SLUGS = slugs()


def imported(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem.replace("-", "_"), path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def refusal(path: Path) -> CompileError:
    with pytest.raises(CompileError) as caught:
        imported(path)
    return caught.value


def test_the_compiler_has_the_rules_that_we_think_it_has() -> None:
    assert len(SLUGS) > 25
    assert {"signature", "unassigned", "store-after-commit", "types-differ"} <= set(SLUGS)


@pytest.mark.parametrize("slug", sorted(SLUGS))
def test_a_bad_example_of_the_rule_gets_its_whole_message(slug: str, golden: Callable[..., None]) -> None:
    path = BAD / f"{slug}.py"
    assert path.exists(), f"each rule has an example that breaks it: write {path}"
    error = refusal(path)
    assert slug in {diagnostic.slug for diagnostic in error.diagnostics}
    assert isinstance(error, rseq.ContractError) == (SLUGS[slug] == "contract.md")
    golden(f"{error}\n", f"errors/{slug}.txt")


@pytest.mark.parametrize("slug", sorted(SLUGS))
def test_the_example_runs_when_it_is_mended_as_the_message_says(slug: str) -> None:
    path = MENDED / f"{slug}.py"
    assert path.exists(), f"each advice can be followed: write {path}, where each of its ways is tried by an example…()"
    examples = [thing for name, thing in vars(imported(path)).items() if name.startswith("example")]
    assert examples
    for example in examples:
        example()


@pytest.mark.parametrize("slug", sorted(SLUGS))
def test_the_rule_is_documented_where_its_message_points(slug: str) -> None:
    page = (ROOT / "docs" / SLUGS[slug]).read_text(encoding="utf-8")
    assert slug in re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    assert f"docs/{SLUGS[slug]}#{slug})" in (GOLDEN / f"{slug}.txt").read_text(encoding="utf-8")


def test_there_is_no_example_and_no_golden_without_a_rule() -> None:
    assert {path.stem for path in BAD.glob("*.py")} == set(SLUGS)
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(SLUGS)
    assert {path.stem for path in MENDED.glob("*.py")} == set(SLUGS)


def test_a_refusal_is_a_syntax_error_with_its_place() -> None:
    path = BAD / "unknown-name.py"
    error = refusal(path)
    assert isinstance(error, SyntaxError)
    assert (error.filename, error.lineno, error.offset) == (str(path), 18, 18)
    assert error.text == "    cpu.count += step"
    shown = "".join(traceback.format_exception_only(error))
    assert "unknown-name.py:18:18: error[unknown-name]: step is not defined" in shown


def test_all_mistakes_are_reported_at_once_and_none_of_their_consequences() -> None:
    with pytest.raises(CompileError) as caught:

        @rseq.sequence
        def several(cpu: Cell, n: i64) -> i64:
            a = n + nowhere  # noqa: F821
            b = a + 1
            for _ in range(8):
                cpu.nothing = b
            cpu.value = 1.5
            return a

    assert [diagnostic.slug for diagnostic in caught.value.diagnostics] == [
        "unknown-name",
        "no-such-field",
        "types-differ",
    ]


def test_a_bad_signature_does_not_hide_what_else_is_wrong() -> None:
    with pytest.raises(CompileError) as caught:

        @rseq.sequence
        def several(cpu: Cell, n, times: str, m: i64 = 1.5) -> list:  # type: ignore[no-untyped-def,type-arg,assignment]
            cpu.value = n + times
            cpu.nothing = m
            if m:
                return nowhere  # type: ignore[name-defined]  # noqa: F821
            return m

    assert [diagnostic.slug for diagnostic in caught.value.diagnostics] == [
        "signature",
        "signature",
        "signature",
        "no-such-field",
        "unknown-name",
    ]


def test_a_bad_default_does_not_hide_what_else_is_wrong() -> None:
    with pytest.raises(CompileError) as caught:

        @rseq.sequence
        def several(cpu: Cell, m: i64 = 1.5) -> None:  # type: ignore[assignment]
            cpu.nothing = m

    assert [diagnostic.slug for diagnostic in caught.value.diagnostics] == ["signature", "no-such-field"]


def test_a_refusal_can_be_pickled_to_another_process() -> None:
    error = refusal(BAD / "commits-differ.py")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is rseq.ContractError
    assert str(again) == str(error)


def test_places_are_shown_in_order_with_the_reported_one_marked(tmp_path: Path) -> None:
    file = tmp_path / "f.py"
    file.write_text("\n" * 8 + "first = 1\nsecond = (\n    2)\n")
    late = Span(str(file), 10, 0, 11, 6)
    early = Span(str(file), 9, 0, 9, 5)
    shown = Diagnostic("some-rule", "wrong", ((late, "here"), (early, "")), "because.", "do not.")
    assert str(shown) == (
        "f.py:10:1: error[some-rule]: wrong\n"
        "   9 | first = 1\n"
        "     | -----\n"
        "  10 | second = (\n"
        "     | ^^^^^^^^^^ here\n"
        "  why: because.\n"
        "  fix: do not. (docs/language.md#some-rule)"
    )


def test_a_span_without_source_text_is_still_marked() -> None:
    assert Span("<nowhere>", 3, 4, 3, 9).underlined("^", "it", 1) == ["  3 | ", "    |     ^ it"]
