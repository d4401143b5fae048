"""Whoever follows the advice of a refusal is accepted: all advice that stands in the compiler's sources is tried."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from mendings import MENDINGS, Mending, compiled_module
from rseq._language.errors import CompileError, Diagnostic, Span
from rseq._language.parser import refused
from support import ROOT

LANGUAGE = ROOT / "src" / "rseq" / "_language"

# What refuses, with the positions of slug, message and advice among its arguments.
REFUSING = {
    "refuse": (1, 2, 3),
    "_refuse": (None, 2, 3),
    "_refusal": (None, 2, 3),
    "Diagnostic": (0, 1, 4),
    "_broken": (0, 1, 4),
}

_REFUSED = re.escape("not-in-the-language")

UNTRIED = {
    (
        "too-deep",
        "compute parts of it into locals",
    ): "needs an expression of thousands of terms: tests/mended/too-deep.py",
    ("not-in-the-language", "see what the page lists"): "for the syntax of a Python that is not yet known",
}


KNOWN = [row for row in MENDINGS if sys.version_info >= row.since]


@pytest.mark.parametrize("row", KNOWN, ids=str)
def test_who_follows_the_advice_of_a_refusal_is_accepted(row: Mending) -> None:
    assert {diagnostic.fix for diagnostic in _refusals(row.bad)} == {row.fix}
    for text in row.mended:
        compiled_module(text)


CONVERTED = re.compile(r"convert it: (\w+\([^…]+\))")


@pytest.mark.parametrize("row", [row for row in KNOWN if CONVERTED.fullmatch(row.fix)], ids=str)
def test_a_named_conversion_stands_for_what_is_marked(row: Mending) -> None:
    text = row.bad
    for _ in range(text.count("\n") + 4):  # one operand after another
        refused = _first_refusal(text)
        if refused is None:
            return
        advised = CONVERTED.fullmatch(refused.fix)
        assert advised is not None, refused
        text = _replaced(text, refused.places[0][0], advised[1])
    pytest.fail(f"followed again and again, it is refused again and again:\n{text}")


def _first_refusal(text: str) -> Diagnostic | None:
    try:
        compiled_module(text)
    except CompileError as error:
        return error.diagnostics[0]
    return None


def _replaced(text: str, at: Span, new: str) -> str:
    lines = text.splitlines(keepends=True)
    line = lines[at.line - 1]
    lines[at.line - 1] = line[: at.column] + new + line[at.end_column :]
    return "".join(lines)


@cache
def _refusals(text: str) -> tuple[Diagnostic, ...]:
    with pytest.raises(CompileError) as caught:
        compiled_module(text)
    return caught.value.diagnostics


# ---- the advice that there is


@dataclass(frozen=True)
class Advice:
    """What one refusal in the sources says: patterns, as parts of it are known only when it is raised."""

    place: str
    slug: str
    messages: tuple[str, ...]
    fix: str

    def is_of(self, diagnostic: Diagnostic) -> bool:
        """True if the diagnostic may be from here."""
        fits = re.fullmatch(self.slug, diagnostic.slug) and re.fullmatch(self.fix, diagnostic.fix)
        return bool(fits) and any(re.fullmatch(message, diagnostic.message) for message in self.messages)


def _advice() -> Iterator[Advice]:
    for path in sorted(LANGUAGE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef):
                yield from _advice_of(path, tree, function)
    yield from (Advice("refused.py", _REFUSED, (".*",), re.escape(fix)) for fix in refused.CALLS.values())
    for what, fix in refused.INSTEAD.values():
        yield Advice("refused.py", _REFUSED, (f"{re.escape(what)} is not in the language",), re.escape(fix))


def _advice_of(path: Path, tree: ast.Module, function: ast.FunctionDef) -> Iterator[Advice]:
    texts = _Texts(tree, function)
    for call in ast.walk(function):
        name = getattr(call.func, "attr", getattr(call.func, "id", "")) if isinstance(call, ast.Call) else ""
        if not isinstance(call, ast.Call) or name not in REFUSING or len(call.args) <= REFUSING[name][2]:
            continue
        slug, message, fix = (None if at is None else call.args[at] for at in REFUSING[name])
        assert message is not None
        assert fix is not None
        slugs = [".*"] if slug is None else texts.of(slug)
        for pattern in texts.of(fix):
            place = f"{path.name}:{call.lineno}"
            if pattern != ".*":  # what is passed on is looked at where it is said
                yield Advice(place, "|".join(slugs), tuple(texts.of(message)), pattern)


class _Texts:
    """What an expression of one function may come to, as patterns: `.*` where that is not written there."""

    def __init__(self, tree: ast.Module, function: ast.FunctionDef) -> None:
        self.tree, self.function = tree, function

    def of(self, node: ast.expr, before: int | None = None) -> list[str]:
        """All texts that `node` may be; names mean what they have been assigned last, `before` that line."""
        before = before or node.lineno
        match node:
            case ast.Constant(value=str(text)):
                return [re.escape(text)]
            case ast.JoinedStr(values=parts):
                return self._joined(parts, before)
            case ast.IfExp(body=body, orelse=orelse):
                return [*self.of(body, before), *self.of(orelse, before)]
            case ast.Name(id=name):
                given = [value for value in self._assigned(name) if value.lineno < before]
                last = max(given, key=lambda value: value.lineno, default=None)
                return [".*"] if last is None else self.of(last)
            case ast.Call(func=ast.Name(id=name)) if (made := _function(self.tree, name)) is not None:
                returned = (one.value for one in ast.walk(made) if isinstance(one, ast.Return) and one.value)
                return [text for value in returned for text in _Texts(self.tree, made).of(value)]
            case _:
                return [".*"]

    def _joined(self, parts: list[ast.expr], before: int) -> list[str]:
        texts = [""]
        for part in parts:
            value = part.value if isinstance(part, ast.FormattedValue) else part
            texts = [text + more for text in texts for more in self.of(value, before)]
        return texts

    def _assigned(self, name: str) -> Iterator[ast.expr]:
        for node in ast.walk(self.function):
            if not isinstance(node, ast.Assign):
                continue
            target, value = node.targets[0], node.value
            if isinstance(target, ast.Name) and target.id == name:
                yield value
            elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                pairs = zip(target.elts, value.elts, strict=True)
                yield from (given for one, given in pairs if isinstance(one, ast.Name) and one.id == name)


def _function(tree: ast.Module, name: str) -> ast.FunctionDef | None:
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef))
    return next((function for function in functions if function.name == name), None)


def test_the_advice_that_the_sources_give_is_found() -> None:
    found = list(_advice())
    assert len(found) > 150
    assert any(one.fix == re.escape("load into a local before the commit.") for one in found)
    assert any(one.fix.startswith("convert") for one in found)


def test_all_advice_that_the_compiler_gives_is_tried() -> None:
    tried = [diagnostic for row in KNOWN for diagnostic in _refusals(row.bad)]
    excused = {(re.escape(slug), re.escape(fix)) for slug, fix in UNTRIED}
    excused |= {(_REFUSED, re.escape(row.fix)) for row in MENDINGS if row not in KNOWN}
    untried = [one for one in _advice() if not any(one.is_of(diagnostic) for diagnostic in tried)]
    missing = [one for one in untried if (one.slug, one.fix) not in excused]
    assert not missing, "\n".join(f"{one.place}: {one.slug}: {one.fix}" for one in missing)
