"""CPython's objects and exceptions in machine code: what a function does with them that holds the GIL."""

from __future__ import annotations

import re
from typing import Any

from rseq._codegen.writer import I32, NULL, PTR, VOID, Writer

_LETTERS = re.compile(r"[^\x00-\x7f]+")
_DIRECTIVE_OR_LETTERS = re.compile(r"%%|%z?\w|[^\x00-\x7f]+")


def none(emit: Writer) -> Any:
    """Emit: None, as a reference of its own."""
    return constant_object(emit, emit.symbol("_Py_NoneStruct"))


def constant_object(emit: Writer, thing: Any) -> Any:
    """Emit: None, True or False as a reference of its own."""
    if not emit.process.layout.is_immortal:
        keep(emit, thing)
    return thing


def keep(emit: Writer, thing: Any) -> None:
    """Emit: count one reference more."""
    emit.call("Py_IncRef", VOID, thing)


def let_go(emit: Writer, *things: Any) -> None:
    """Emit: count one reference less of each. NULL is no harm."""
    for thing in things:
        emit.call("Py_DecRef", VOID, thing)


def type_of(emit: Writer, thing: Any) -> Any:
    """Emit: the type of an object, whatever it says that it is."""
    return emit.load(thing, emit.process.layout.type_at, PTR)


def exception(emit: Writer, name: str) -> Any:
    """Emit: CPython's exception of this name, such as PyExc_TypeError."""
    return emit.load(emit.symbol(name), type=PTR)


def is_raised(emit: Writer, name: str) -> Any:
    """Emit: is the exception that is set of this kind? There must be one."""
    return emit.truth(emit.call("PyErr_ExceptionMatches", I32, exception(emit, name)))


def say(emit: Writer, name: str, text: str, *values: Any) -> None:
    """Emit: set an exception. `text` and `values` are as in PyErr_Format, but any letters may be in it."""
    rest, given = iter(values), []
    for part in _DIRECTIVE_OR_LETTERS.findall(text):
        if not part.isascii():  # PyErr_Format takes ASCII only: other letters are passed as strings
            given.append(emit.text(part))
        elif part != "%%":
            given.append(next(rest))
    arguments = exception(emit, name), emit.text(_LETTERS.sub("%s", text)), *given
    emit.call("PyErr_Format", PTR, *arguments, fixed=2)


def fail(emit: Writer, name: str, text: str, *values: Any) -> None:
    """Emit: set an exception, and return NULL."""
    say(emit, name, text, *values)
    emit.ret(NULL)
