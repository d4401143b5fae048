"""A file's text and its syntax tree: which functions in it are of the language, and edits that keep all other lines."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path

__all__ = ["Edit", "Function", "Text"]

DECORATORS = ("sequence", "routine", "inline")


@dataclass(frozen=True)
class Edit:
    """What stands from one place to another, in bytes, and what to write there instead."""

    start: int
    end: int
    new: str


@dataclass(frozen=True)
class Function:
    """A function of the language. `name` says where it stands, as in `stack_code.push`."""

    name: str
    tree: ast.FunctionDef


class Text:
    """The text of a file."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._bytes = text.encode()
        self._starts = [0, *accumulate(map(len, self._bytes.splitlines(keepends=True)))]

    @classmethod
    def of(cls, path: Path) -> Text:
        """The text of the file at `path`."""
        return cls(path.read_text(encoding="utf-8"))

    @cached_property
    def functions(self) -> list[Function]:
        """The functions that a decorator makes sequences, routines or inline functions."""
        return list(_functions(ast.parse(self.text).body, ()))

    def at(self, line: int, column: int) -> int:
        """The position of a place in the file."""
        return self._starts[line - 1] + column

    def part(self, node: ast.AST) -> str:
        """What the file says there."""
        start, end = self.ends(node)
        return self._bytes[start:end].decode()

    def ends(self, node: ast.AST) -> tuple[int, int]:
        """Where a part of the tree begins and ends."""
        assert isinstance(node, (ast.expr, ast.stmt, ast.keyword))
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self.at(node.lineno, node.col_offset), self.at(node.end_lineno, node.end_col_offset)

    def replaced(self, node: ast.AST, new: str) -> Edit:
        """An edit that writes `new` in the place of a part of the tree."""
        return Edit(*self.ends(node), new)

    def edited(self, edits: tuple[Edit, ...]) -> str:
        """The text with these edits, none of which overlap."""
        text = self._bytes
        for edit in sorted(edits, key=lambda edit: -edit.start):
            text = text[: edit.start] + edit.new.encode() + text[edit.end :]
        return text.decode()


def _functions(body: list[ast.stmt], within: tuple[str, ...]) -> Iterator[Function]:
    for node in body:
        if isinstance(node, ast.FunctionDef) and _is_language(node):
            yield Function(".".join((*within, node.name)), node)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield from _functions(node.body, (*within, node.name))


def _is_language(node: ast.FunctionDef) -> bool:
    for decorator in node.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        if name in DECORATORS:
            return True
    return False
