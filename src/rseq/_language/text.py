"""The source text of a function, which need not be what its file holds by now.

Python keeps a function's bytecode, and no text. A file is read when the function is compiled here, which may be long
after it was imported: it may have been edited, or replaced by an installer. So

- the text of a file is kept at its import, as a rule (kept.py);
- what is found is believed only if it compiles to the very bytecode that the function has. If the lines have moved, it
  is looked for elsewhere in the file.

What bytecode does not show, annotations of local names, is as it stands in the text that was found.
Where there are no files of source text, the package's own sequences are found in what its build has put into a module.
"""

from __future__ import annotations
import __future__

import ast
import importlib
import inspect
import types
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from rseq._language.kept import is_being_imported, keep, kept, lines_of

Found = tuple[list[str], int]
"""The lines of a function, decorators included, and the number of the first one."""

_FUTURE = 0
for _name in __future__.all_feature_names:
    _FUTURE |= getattr(__future__, _name).compiler_flag

_SAME = [f"co_{count}count" for count in ("arg", "posonlyarg", "kwonlyarg")]
_SAME += [f"co_{names}" for names in ("name", "names", "varnames", "freevars", "cellvars", "code")]


def find(function: types.FunctionType, parsed: Callable[[list[str], int], ast.stmt | None]) -> Found | None:
    """The text of `function`; None if there is none. `parsed` makes a statement of lines, of which one is numbered.

    Raises: TypeError - there is a text, and it is that of another function.
    """
    keep(function.__module__)
    is_any = False
    for lines in _texts(function):
        is_any = True
        for first in _places(lines, function):
            found = inspect.getblock(lines[first - 1 :]), first
            if _is_text_of(parsed(*found), function):
                return found
    if is_any:
        code = function.__code__
        raise TypeError(
            f"{code.co_filename} has another source text than {function.__qualname__}() was imported from, and a "
            "sequence is compiled from its text. If the file was changed meanwhile, start the program again"
        )
    return None


def _texts(function: types.FunctionType) -> Iterator[list[str]]:
    """What was kept of the function's file, then what the file holds now, or what the build has kept of it."""
    file = function.__code__.co_filename
    at_import = kept(file)
    if at_import is not None:
        yield at_import
    lines = lines_of(file, function.__globals__)
    if lines and lines != at_import:
        yield lines
    elif not lines and at_import is None:
        yield from _of_build(function.__module__)


def _of_build(module: str | None) -> Iterator[list[str]]:
    if module is not None and module.startswith("rseq."):
        try:
            texts = importlib.import_module("rseq._texts").TEXTS
        except ImportError:  # a folder of sources, not an installed package
            return
        if module in texts:
            yield texts[module].splitlines(keepends=True)


def _places(lines: list[str], function: types.FunctionType) -> Sequence[int]:
    """The lines at which the function may begin: one, as a rule."""
    code = function.__code__
    if lines is kept(code.co_filename) and is_being_imported(function.__module__):
        return [code.co_firstlineno]  # read a moment ago, and the file is being executed
    try:
        codes = _codes("".join(lines), code.co_flags & _FUTURE)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    there = [other for other in codes if other.co_firstlineno == code.co_firstlineno and other.co_name == code.co_name]
    same = [other for other in there if _same(code, other)] or [other for other in codes if _same(code, other)]
    alike = [other for other in same if _shape(other) == _shape(code)] or same
    if not alike and there and _asserts(lines, code.co_firstlineno):
        return [code.co_firstlineno]
    texts = {"".join(inspect.getblock(lines[other.co_firstlineno - 1 :])) for other in alike}
    return [other.co_firstlineno for other in alike[:1]] if len(texts) == 1 else []


@lru_cache(maxsize=16)
def _codes(text: str, flags: int) -> list[types.CodeType]:
    """All functions of a file, compiled anew."""
    flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT  # in a notebook
    return list(_inside(compile(text, "<text>", "exec", flags, dont_inherit=True)))


def _inside(code: types.CodeType) -> Iterator[types.CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant
            yield from _inside(constant)


def _same(one: types.CodeType, other: types.CodeType) -> bool:
    """Whether both do the same, wherever they stand."""
    is_alike = all(getattr(one, name) == getattr(other, name) for name in _SAME)
    return is_alike and _same_constants(one.co_consts, other.co_consts)


def _same_constants(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(_same_constants, one, other))
    if isinstance(one, types.CodeType):
        return _same(one, other)
    return bool(one == other if isinstance(one, frozenset) else repr(one) == repr(other))


def _shape(code: types.CodeType) -> list[tuple[int, ...]]:
    """Where its instructions stand, seen from its first line."""
    return [
        (line - code.co_firstlineno, (end_line or line) - code.co_firstlineno, column or 0, end_column or 0)
        for line, end_line, column, end_column in code.co_positions()
        if line is not None
    ]


def _asserts(lines: list[str], first: int) -> bool:
    """Whether an `assert` stands there: test runners rewrite them. The language refuses them, in its own words."""
    return any(line.lstrip().startswith("assert") for line in inspect.getblock(lines[first - 1 :]))


def _is_text_of(tree: ast.stmt | None, function: types.FunctionType) -> bool:
    """Whether the defaults are those that stand there, if that can be seen: the bytecode says nothing of them."""
    if not isinstance(tree, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return function.__code__.co_name == "<lambda>"
    given = function.__defaults__ or ()
    written = tree.args.defaults
    return len(given) == len(written) and all(map(_may_be, written, given))


def _may_be(written: ast.expr, given: object) -> bool:
    try:
        return repr(ast.literal_eval(written)) == repr(given)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return True  # a name, or what a name is part of
