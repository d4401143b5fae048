"""A Python function's syntax tree, with positions that are true in its file.

The lines of an indented function are parsed inside of an `if`, and line numbers are shifted back
afterwards, so that a nested or decorated function is reported where it stands. (Dedenting them would
change what stands in strings, and fails where a string or a comment stands further left.)
"""

from __future__ import annotations

import ast
import inspect
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from rseq._language import text
from rseq._language.errors import CompileError, Diagnostic, Span
from rseq._language.kept import as_lines


class Said(Protocol):
    """What a function itself said when it was decorated (outside.py)."""

    text: str
    annotations: dict[str, object]


class Moment(Protocol):
    """What names meant at an earlier moment (outside.py)."""

    def names(self, function: object) -> Mapping[str, object]:
        """The names of a function."""

    def attribute(self, owner: object, name: str) -> object:
        """An attribute. Raises: AttributeError."""


@dataclass(frozen=True)
class Source:
    """A function, its syntax tree, and what the names in it mean."""

    function: Callable[..., Any]
    tree: ast.FunctionDef
    file: str
    names: dict[str, object] = field(repr=False)
    text: str = field(default="", repr=False)
    annotations: dict[str, object] | None = field(default=None, repr=False)
    """Those of the function, if they have been evaluated earlier."""
    moment: Moment | None = field(default=None, repr=False)
    """Of when the names are meant; None if it is now."""

    def attribute(self, owner: object, name: str) -> object:
        """An attribute of a module, a class or an enum. Raises: AttributeError."""
        return getattr(owner, name) if self.moment is None else self.moment.attribute(owner, name)

    def span(self, node: ast.AST) -> Span:
        """Where `node` stands in the file."""
        return _span(node, self.file, self.tree.lineno)


def _span(node: ast.AST, file: str, first: int = 1) -> Span:
    line, column = getattr(node, "lineno", first), getattr(node, "col_offset", 0)
    end_line = getattr(node, "end_lineno", None) or line
    end_column = getattr(node, "end_col_offset", None) or column + 1
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        word = "def " if isinstance(node, ast.FunctionDef) else "async def "
        end_line, end_column = line, column + len(word) + len(node.name)
    return Span(file, line, column, end_line, end_column)


def renewed(source: Source, moment: Moment | None) -> Source:
    """`source` with what its names mean now, or meant at that moment."""
    return replace(source, names=_names(source.function, moment), moment=moment)


def read(function: Callable[..., Any], said: Said | None = None, moment: Moment | None = None) -> Source:
    """The syntax tree of `function` and the objects that its global and closure names refer to.

    Or what they referred to at an earlier moment, and what the function said when it was decorated.

    Raises: TypeError - `function` is no plain Python function, or its source text cannot be found, or its file holds
    another text by now. OSError - its file cannot be read. CompileError - it is an async function, or what a decorator
    has made of one.
    """
    if not inspect.isfunction(function):
        raise TypeError(f"expected a Python function written with `def`; got {function!r}")
    lines, first = _lines(function) if said is None else _from_then(function, said)
    tree = _parsed(lines, first)
    if not isinstance(tree, (ast.FunctionDef, ast.AsyncFunctionDef)):
        raise TypeError(f"expected a function written with `def`; {function.__qualname__} is something else")
    file = inspect.getsourcefile(inspect.unwrap(function)) or function.__code__.co_filename
    _refuse_wrapped(function, tree, file)
    annotations = None if said is None else said.annotations
    names = _names(function, moment)
    return Source(function, _plain(tree, file), file, names, "".join(lines), annotations, moment)


def _from_then(function: Callable[..., Any], said: Said) -> text.Found:
    return inspect.getblock(as_lines(said.text)), function.__code__.co_firstlineno


def _lines(function: Callable[..., Any]) -> tuple[list[str], int]:
    innermost = inspect.unwrap(function)
    found = text.find(innermost, _parsed) if inspect.isfunction(innermost) else None
    if found is not None:
        return found
    _require_readable(function.__code__.co_filename)
    raise TypeError(
        f"the source text of {function.__qualname__}() cannot be found, and a sequence is compiled from it; "
        "write it in a file, a notebook or an interactive session that keeps its input"
    )


def _require_readable(file: str) -> None:
    """Raise what keeps a file from being read that is there: `linecache` takes any OSError for an empty file."""
    if os.path.exists(file):
        with open(file, "rb"):
            pass


def _refuse_wrapped(function: Callable[..., Any], tree: ast.FunctionDef | ast.AsyncFunctionDef, file: str) -> None:
    """Refuse what `functools.wraps` has made: it does more than the source that is found for it says."""
    if not hasattr(function, "__wrapped__"):
        return
    node = tree.decorator_list[-1] if tree.decorator_list else tree
    message = f"a decorator has wrapped {tree.name}(), and would be bypassed: what is compiled is the source"
    raise _refusal(node, file, message, "leave it out, or put it above, where it gets what this makes of the function")


def _plain(tree: ast.FunctionDef | ast.AsyncFunctionDef, file: str) -> ast.FunctionDef:
    if isinstance(tree, ast.FunctionDef):
        return tree
    message = f"{tree.name}() is an async function, and there is nothing to wait for in here"
    raise _refusal(tree, file, message, "write it with `def`, and await in Python, around the function that is bound")


def _refusal(node: ast.AST, file: str, message: str, fix: str) -> CompileError:
    return CompileError([Diagnostic("signature", message, ((_span(node, file), ""),), "", fix)])


def _parsed(lines: list[str], first: int) -> ast.stmt | None:
    """The statement that stands in `lines`, of which the first is number `first` of the file."""
    is_indented = lines[0][:1].isspace()
    rows = ["if True:\n", *lines] if is_indented else lines
    try:
        (statement,) = ast.parse("".join(rows)).body
    except (SyntaxError, ValueError):  # a piece of a statement: a lambda
        return None
    if is_indented:
        assert isinstance(statement, ast.If)
        statement = statement.body[0]
    _shift(statement, first - (2 if is_indented else 1), rows)
    return statement


def _shift(tree: ast.AST, lines: int, rows: list[str]) -> None:
    """Move positions to where they are in the file, and from UTF-8 bytes to characters."""

    def characters(line: int, column: int) -> int:
        return len(rows[line - 1].encode()[:column].decode(errors="replace"))

    for node in ast.walk(tree):
        if not hasattr(node, "lineno"):
            continue
        place: Any = node
        place.col_offset = characters(place.lineno, place.col_offset)
        place.end_col_offset = characters(place.end_lineno, place.end_col_offset)
        place.lineno += lines
        place.end_lineno += lines


def _names(function: Callable[..., Any], moment: Moment | None) -> dict[str, object]:
    import builtins

    scope: dict[str, object] = dict(vars(builtins))
    scope.update(getattr(function, "__globals__", {}))
    code = function.__code__
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        try:
            scope[name] = cell.cell_contents
        except ValueError:  # not assigned yet, such as a function that refers to itself
            continue
    if moment is not None:
        scope.update(moment.names(function))
    return scope
