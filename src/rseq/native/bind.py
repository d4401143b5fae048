"""From a sequence and storage to a builtin that is called like any other.

One program (machine code and its PyMethodDef) is made for each sequence, kind of storage and
title; it is kept for good. A builtin is a few words on top of it: a payload with the storage's
place, and the handles that keep the memory alive.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NoReturn

from ..arch.base import IndexMode
from ..language.compiled import Compiled
from ..once import once
from ..percpu.memory import Memory
from ..thread import UnsupportedError, lanes_offset, require_support
from .load import Code, load

__all__ = [
    "METH_FASTCALL_KEYWORDS",
    "Binding",
    "Bound",
    "MethodDef",
    "Payload",
    "UnsupportedError",
    "builtin",
    "defer_reference_count",
    "restarts",
    "structure_payload",
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


class Binding(str):  # noqa: SLOT000 - it has a dict, for `bound`
    """A builtin's `__module__`, which holds what it is bound to, so that this lives as long as the builtin.

    To whoever asks a builtin for its module (inspect, profilers, Numba) it is the string "rseq".
    """

    bound: Bound

    def __new__(cls, bound: Bound) -> Binding:
        """The string "rseq", with `bound`."""
        binding = super().__new__(cls, "rseq")
        binding.bound = bound
        return binding


class Payload(bytes):
    """A builtin's `self`: the words that its machine code reads. It is not for use."""

    __slots__ = ()

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(
            f"{type(self).__name__} is bound to memory of this process and cannot be pickled; "
            "make the structure, and bind to it, in the process that uses it"
        )


class _Named:
    """What a profiler finds when it looks a builtin up in its payload's type: a name that means something."""

    def __init__(self, title: str) -> None:
        self._title = title

    def __repr__(self) -> str:
        return f"<rseq {self._title}>"


class MethodDef(ctypes.Structure):
    """CPython's PyMethodDef. It and its strings must outlive what is made of it."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("function", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("text", ctypes.c_char_p),
    )


@dataclass(frozen=True)
class _Program:
    code: Code
    method: MethodDef
    payload: type[Payload]
    counters: Mapping[str, Compiled]


_programs: list[_Program] = []


@once
def _program(code: Compiled, index: IndexMode, dimensions: int, title: str) -> _Program:
    program = _compile(code, index, dimensions, title)
    _programs.append(program)  # machine code is never unmapped, so neither is what describes it
    return program


def _compile(code: Compiled, index: IndexMode, dimensions: int, title: str) -> _Program:
    architecture = require_support()
    from ..percpu.rows import Row
    from ..percpu.threads import symbols
    from .arguments import metadata_text
    from .blob import RSEQ_OFFSET, compile_module, new_module
    from .builtin import Builtin
    from .cpython import PythonEnvironment
    from .lower import Unit

    offset = lanes_offset(index)
    module = new_module(architecture, "rseq")
    environment = PythonEnvironment(architecture, module, has_rseq=offset is not None)
    unit = Unit(module, environment, index, counter_linkage="hidden")
    Builtin(unit, code, title, dimensions).lower("builtin")
    blob = compile_module(module, architecture, ["builtin", *unit.counters])
    loaded = load(blob, {RSEQ_OFFSET: offset or 0, "rseq_row_type": id(Row), **symbols()})
    owner, _, name = title.rpartition(".")
    text = metadata_text(code, name, dimensions).encode()
    method = MethodDef(name.encode(), loaded.entries["builtin"], METH_FASTCALL_KEYWORDS, text)
    owner, home = (owner, "rseq") if owner else (code.body.record.__name__, code.__module__)
    payload = type(owner, (Payload,), {name: _Named(title), "__slots__": (), "__module__": home})
    return _Program(loaded, method, payload, unit.counters)


def builtin(
    code: Compiled,
    *,
    memory: Memory,
    index: IndexMode,
    shape: tuple[int, ...],
    title: str,
    arrays: Sequence[tuple[int, int, Any]] = (),
    result_array: Any = None,
    rows: Sequence[Any] = (),
) -> Callable[..., Any]:
    """A builtin that runs `code` on `memory`.

    `arrays` are (start, end, array) of each pointer parameter, in order; `result_array` makes rows of pointers; `rows`
    are the arrays that an index is followed into.
    """
    if not all(part.isidentifier() for part in title.split(".")):
        raise ValueError(f"title: expected names with dots between them, as in 'Owner.method'; got {title!r}")
    program = _program(code, index, len(shape), title)
    bounds = [word for start, end, _ in arrays for word in (start, end)]
    owner = [] if result_array is None else [id(result_array)]
    followed = [word for array in rows for word in (array.address, array.length)]
    payload = program.payload(_bytes(*memory.place, *shape, *bounds, *owner, *followed))
    kept = (*(array for _, _, array in arrays), result_array, *rows)
    binding = Binding(Bound(code, title, memory, index, shape, kept, tuple(followed)))
    made = _new_builtin()(ctypes.byref(program.method), payload, binding)
    defer_reference_count(made)
    function: Callable[..., Any] = made
    return function


def structure_payload(
    codes: Sequence[Compiled],
    titles: Sequence[str],
    *,
    memory: Memory,
    index: IndexMode,
    shape: tuple[int, ...],
    more: Sequence[int] = (),
) -> Payload:
    """What an object's native methods read (native/method.py): the entry of each, the storage, and `more` words."""
    assert not any(code.body.rows for code in codes), "a structure's methods follow no index: bind them"
    programs = [_program(code, index, len(shape), title) for code, title in zip(codes, titles, strict=True)]
    return Payload(_bytes(*(program.code.entries["builtin"] for program in programs), *memory.place, *shape, *more))


def _bytes(*words: int) -> bytes:
    return b"".join(word.to_bytes(8, sys.byteorder) for word in words)


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
