"""From a sequence and storage to a builtin that is called like any other.

One program (machine code and its PyMethodDef) is made for each sequence, kind of storage and
title; it is kept for good, out of reach. A builtin is a few words on top of it: a payload with the storage's
place, and the handles that keep the memory alive (payload.py).
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from rseq._arch.base import IndexMode
from rseq._builtins.payload import Method, is_payload, kept_by, make_payload, payload_type
from rseq._language.ir import Compiled
from rseq._loader import Code
from rseq._once import once
from rseq._percpu.memory import Memory
from rseq._percpu.rows import Rows
from rseq._sealed import forever
from rseq._thread.registration import lanes_offset
from rseq._thread.support import require_support

__all__ = [
    "METH_FASTCALL_KEYWORDS",
    "Bound",
    "bound_to",
    "builtin",
    "defer_reference_count",
    "entry",
    "restarts",
]

METH_FASTCALL_KEYWORDS = 0x0080 | 0x0002
"""The calling convention of all our functions (methodobject.h)."""


@dataclass(frozen=True)
class Bound:
    """What a builtin is bound to."""

    code: Compiled
    title: str
    memory: Memory
    index: IndexMode
    shape: tuple[int, ...]
    arrays: tuple[Any, ...]
    rows: tuple[int, ...] = ()
    """First row and length of each array that an index is followed into."""


@dataclass(frozen=True)
class _Program:
    code: Code
    method: Method
    payload: type
    counters: Mapping[str, Compiled]


_programs: list[_Program] = []


@once
def _program(code: Compiled, index: IndexMode, dimensions: int, title: str) -> _Program:
    program = _compile(code, index, dimensions, title)
    _programs.append(program)  # machine code is never unmapped, so neither is what describes it
    return program


def _compile(code: Compiled, index: IndexMode, dimensions: int, title: str) -> _Program:
    architecture = require_support()
    from rseq._builtins import common
    from rseq._builtins.arguments import metadata_text, parameter_names
    from rseq._builtins.builtin import Builtin
    from rseq._builtins.cpython import PythonEnvironment
    from rseq._builtins.unusual import Refusals, Unusual
    from rseq._codegen.blob import RSEQ_OFFSET
    from rseq._codegen.lower import Unit
    from rseq._percpu.rows import Row
    from rseq._percpu.threads import symbols

    offset = lanes_offset(index)
    environment = PythonEnvironment.new("rseq", architecture, has_rseq=offset is not None)
    unit = Unit(environment.module, environment, index, counter_linkage="hidden")
    Builtin(unit, code, dimensions).lower("builtin")
    names = parameter_names(code, dimensions)
    about = common.about(Unusual(code, title, dimensions), Refusals(code, title, [*unit.checks]), names)
    known = {RSEQ_OFFSET: offset or 0, "rseq_row_type": id(Row), "rseq_about": about, **common.entries(), **symbols()}
    loaded = environment.loaded(["builtin", *unit.counters], known)
    owner, _, name = title.rpartition(".")
    text = metadata_text(code, name, dimensions).encode(errors="backslashreplace")
    method = forever(Method(name.encode(), loaded.entries["builtin"], METH_FASTCALL_KEYWORDS, text))
    owner, home = (owner, "rseq") if owner else (code.body.record.__name__, code.__module__ or "rseq")
    return _Program(loaded, method, payload_type(home, owner, common.entries(), method), unit.counters)


def builtin(
    code: Compiled,
    *,
    memory: Memory,
    index: IndexMode,
    shape: tuple[int, ...],
    title: str,
    arrays: Sequence[tuple[int, int, Any]] = (),
    result_array: Any = None,
    rows: Sequence[tuple[Rows, Any]] = (),
) -> Callable[..., Any]:
    """A builtin that runs `code` on `memory`.

    `arrays` are (start, end, array) of each pointer parameter, in order; `result_array` makes rows of pointers; `rows`
    are the arrays that an index is followed into, and what they are.
    """
    if not isinstance(title, str):
        raise TypeError(f"title: expected a str such as 'Owner.method'; got {title!r}")
    title = str.__str__(title)  # its class may do what it likes
    if not all(part.isidentifier() for part in title.split(".")):
        raise ValueError(f"title: expected names with dots between them, as in 'Owner.method'; got {title!r}")
    program = _program(code, index, len(shape), title)
    bounds = [word for start, end, _ in arrays for word in (start, end)]
    owner = [] if result_array is None else [id(result_array)]
    followed = [word for array, _ in rows for word in (array.address, array.length)]
    kept = (*(array for _, _, array in arrays), result_array, *(array for _, array in rows))
    bound = Bound(code, title, memory, index, shape, kept, tuple(followed))
    payload = make_payload(program.payload, (*memory.place, *shape, *bounds, *owner, *followed), bound)
    made = _new_builtin()(ctypes.byref(program.method), payload, "rseq")
    defer_reference_count(made)
    function: Callable[..., Any] = made
    return function


def entry(code: Compiled, index: IndexMode, dimensions: int, title: str) -> int:
    """The address of the machine code of a hot method, which structure_payload() puts among an object's words."""
    assert not code.body.rows, "a structure's methods follow no index: bind them"
    return _program(code, index, dimensions, title).code.entries["builtin"]


def bound_to(made: Any) -> Bound | None:
    """What a builtin that `builtin` has made is bound to; None for any other."""
    owner = made.__self__
    return kept_by(owner) if is_payload(owner) else None


@cache
def _new_builtin() -> Any:
    new = ctypes.pythonapi["PyCFunction_NewEx"]
    new.restype = ctypes.py_object
    new.argtypes = [ctypes.c_void_p, ctypes.py_object, ctypes.py_object]
    return new


def defer_reference_count(thing: object) -> None:
    """On free-threaded Python 3.14 and later: let threads call `thing` without contending for its count."""
    defer = _deferrer()
    if defer is not None:
        defer(thing)


@cache
def _deferrer() -> Any:
    try:
        defer = ctypes.pythonapi["PyUnstable_Object_EnableDeferredRefcount"]
    except AttributeError:
        return None
    defer.argtypes, defer.restype = [ctypes.py_object], ctypes.c_int
    return defer


def restarts() -> dict[Compiled, int]:
    """How often the kernel has aborted each sequence that was called from Python, since the process began.

    Sequences are told apart by what they are, not by name: each type of number has a sequence `add` of its own.
    """
    found: dict[Compiled, int] = {}
    for program in list(_programs):
        for name, code in program.counters.items():
            count = ctypes.c_uint64.from_address(program.code.entries[name]).value
            found[code] = found.get(code, 0) + count
    return found
