"""From a sequence and storage to a builtin that is called like any other.

One program (machine code and its PyMethodDef) is made for each sequence, kind of storage and
title; it is kept for good, out of reach. A builtin is a few words on top of it: a payload with the storage's
place, and the handles that keep the memory alive (payload.py).
"""

from __future__ import annotations

import builtins
import sys

from rseq import _quick_ctypes as ctypes
from rseq._builtins.form import from_plain, plain
from rseq._builtins.payload import (
    METH_FASTCALL_KEYWORDS,
    is_payload,
    kept_by,
    make_payload,
    method_def,
    payload_type,
    placed,
    words,
)
from rseq._layout import this
from rseq._loader import CLOCK_RATE, RSEQ_OFFSET, load
from rseq._once import once
from rseq._quick import NamedTuple, cache
from rseq._ready import ITEMS, ready
from rseq._sealed import forever
from rseq._thread.registration import lanes_offset

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, NoReturn

    from rseq._arch.base import IndexMode
    from rseq._builtins.form import Made, Part
    from rseq._language.compiled import Compiled
    from rseq._loader import Code
    from rseq._percpu.memory import Memory
    from rseq._percpu.rows import Rows


class Bound:
    """What a builtin is bound to."""

    __slots__ = ("arrays", "index", "memory", "rows", "shape", "source", "title")

    def __init__(
        self,
        source: Compiled | Part,
        title: str,
        memory: Memory,
        index: IndexMode,
        shape: tuple[int, ...],
        arrays: tuple[Any, ...] = (),
        rows: tuple[int, ...] = (),
    ) -> None:
        """`rows`: first row and length of each array that an index is followed into."""
        self.source, self.title, self.memory, self.index = source, title, memory, index
        self.shape, self.arrays, self.rows = shape, arrays, rows

    @property
    def code(self) -> Compiled:
        """What it runs."""
        return code_of(self.source)


class Program(NamedTuple):
    """Machine code that is loaded."""

    source: Compiled | Part
    mode: IndexMode
    dimensions: int
    title: str
    code: Code
    made: Made
    asks: bool
    """For the calling thread's number."""


programs: list[Program] = []
"""All of them."""


def code_of(source: Compiled | Part) -> Compiled:
    """The sequence or routine itself, parsed."""
    code: Any = getattr(source, "code", source)
    return code  # type: ignore[no-any-return]


@once
def _program(source: Compiled | Part, index: IndexMode, dimensions: int, title: str) -> Program:
    """Machine code, loaded: from the package, or compiled."""
    offset = lanes_offset(index)
    made = machine_code(source, index, dimensions, has_rseq=offset is not None)
    given = {RSEQ_OFFSET: offset or 0, "rseq_about": _about(source, title, dimensions, made), **ITEMS, **common()}
    used = {relocation.symbol for relocation in made.blob.relocations}
    if "rseq_row_type" in used:
        from rseq._percpu.rows import Row

        given["rseq_row_type"] = id(Row)
    if CLOCK_RATE in used:
        from rseq._percpu.clock_rate import rate, word_address

        rate()
        given[CLOCK_RATE] = word_address()
    asks = any(symbol is not None and symbol.startswith(("rseq_thread_", "rseq_python_")) for symbol in used)
    if asks:
        from rseq._percpu.thread_calls import symbols

        given |= symbols()
    program = Program(source, index, dimensions, title, load(made.blob, given), made, asks)
    programs.append(program)  # machine code is never unmapped, so neither is what describes it
    return program


def machine_code(source: Compiled | Part, index: IndexMode, dimensions: int, *, has_rseq: bool) -> Made:
    """What comes with the package, or what an earlier process has compiled, or what is compiled now, and kept.

    Raises: UnsupportedError - this machine's architecture has no code generator.
    """
    find = getattr(source, "shipped", None)
    made: Made | None = None if find is None else find(index, dimensions, has_rseq=has_rseq)
    if made is not None:
        return made
    code = code_of(source)
    name = kept_name(index, dimensions, has_rseq=has_rseq)
    if code.kept is not None and (parts := code.kept.get(name)) is not None:
        try:
            return from_plain(parts)
        except (TypeError, ValueError):
            pass  # what is no such thing is compiled
    from rseq._builtins.make import make

    made = make(code, index, dimensions, has_rseq=has_rseq)
    if code.kept is not None:
        code.kept.put(name, plain(made))
    return made


def kept_name(index: str, dimensions: int, *, has_rseq: bool) -> str:
    """What a builtin is called in its function's entry in the cache."""
    return f"{index if has_rseq else 'spare'} {dimensions}"


@once
def _method(source: Compiled | Part, index: IndexMode, dimensions: int, title: str) -> tuple[int, type]:
    """What a builtin object is made of: the address of its PyMethodDef, and the type of its payload."""
    program = _program(source, index, dimensions, title)
    owner, _, name = title.rpartition(".")
    text = (name + program.made.text).encode(errors="backslashreplace")
    method = method_def(name.encode(), program.code.entries["builtin"], METH_FASTCALL_KEYWORDS, text)
    code = None if owner else code_of(source)
    owner, home = (owner, "rseq") if code is None else (code.head.record.__name__, code.__module__ or "rseq")
    # Python looks up names such as __call__ in the type by itself: there the method would be what they mean.
    return placed(method), payload_type(home, owner, common(), None if name.startswith("__") else method)


def common() -> Mapping[str, int]:
    """The addresses of what all builtins share, by name. Raises: UnsupportedError, OSError."""
    return ready("common", "rseq._builtins.common").entries


# ---- what is about a builtin (common.py)


def _about(source: Compiled | Part, title: str, dimensions: int, made: Made) -> int:
    """The address of the words about a builtin, which are never freed."""
    kept = (_Converter(source, title, dimensions), _Refusals(title, made.refusals), *map(sys.intern, made.names))
    first, second, *rest = map(id, forever(kept))
    return placed(words((first, second, len(made.names), *rest)))


class _Converter:
    """Converts unusual arguments, or says what is wrong with them (unusual.py): `converter(words)` does."""

    def __init__(self, source: Compiled | Part, title: str, dimensions: int) -> None:
        self._source, self._title, self._dimensions = source, title, dimensions

    def __call__(self, words: int) -> Callable[..., tuple[object, ...]]:
        convert: Callable[..., tuple[object, ...]] = _unusual(self._source, self._title, self._dimensions)(words)
        return convert


@once
def _unusual(source: Compiled | Part, title: str, dimensions: int) -> Any:
    from rseq._builtins.unusual import Unusual

    usual = Unusual(code_of(source), title, dimensions)
    extended = getattr(source, "extended", None)
    return usual if extended is None else extended(title, usual)


class _Refusals:
    """Raises what the code means that a builtin has come to: `refusals(code)`."""

    def __init__(self, title: str, sentences: Mapping[int, tuple[str, str]]) -> None:
        self._title, self._sentences = title, sentences

    def __call__(self, code: int) -> NoReturn:
        kind, text = self._sentences[code]
        raise getattr(builtins, kind)(f"{self._title}(): {text}")


def builtin(
    source: Compiled | Part,
    *,
    memory: Memory,
    index: IndexMode,
    shape: tuple[int, ...],
    title: str,
    arrays: Sequence[tuple[int, int, Any]] = (),
    result_array: Any = None,
    rows: Sequence[tuple[Rows, Any]] = (),
) -> Callable[..., Any]:
    """A builtin that runs `source` on `memory`.

    `arrays` are (start, end, array) of each pointer parameter, in order; `result_array` makes rows of pointers; `rows`
    are the arrays that an index is followed into, and what they are.
    """
    if not isinstance(title, str):
        raise TypeError(f"title: expected a str such as 'Owner.method'; got {title!r}")
    title = str.__str__(title)  # its class may do what it likes
    if not all(part.isidentifier() for part in title.split(".")):
        raise ValueError(f"title: expected names with dots between them, as in 'Owner.method'; got {title!r}")
    method, payload_of = _method(source, index, len(shape), title)
    if _program(source, index, len(shape), title).asks:
        from rseq._percpu.threads import table_of

        table_of(memory.place.lock)
    bounds = [word for start, end, _ in arrays for word in (start, end)]
    owner = [] if result_array is None else [id(result_array)]
    followed = [word for array, _ in rows for word in (array.address, array.length)]
    kept = (*(array for _, _, array in arrays), result_array, *(array for _, array in rows))
    bound = Bound(source, title, memory, index, shape, kept, tuple(followed))
    payload = make_payload(payload_of, (*memory.place, *shape, *bounds, *owner, *followed), bound)
    made = _new_builtin()(method, payload, "rseq")
    defer_reference_count(made)
    function: Callable[..., Any] = made
    return function


def entry(part: Part, index: IndexMode, dimensions: int, title: str) -> int:
    """The address of the machine code of a hot method, which structure_payload() puts among an object's words."""
    return _program(part, index, dimensions, title).code.entries["builtin"]


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


def keep_for_ever(thing: object) -> None:
    """On free-threaded Python: let threads look at `thing` without contending for its count. It is never freed there.

    It is an object that nobody else has yet.
    """
    make = _maker_of_immortals()
    if make is not None:
        make(thing)


@cache
def _maker_of_immortals() -> Any:
    if not this().name.endswith("t"):
        return None
    for name in ("PyUnstable_SetImmortal", "_Py_SetImmortal"):  # from 3.15 on, before
        try:
            make = ctypes.pythonapi[name]
        except AttributeError:
            continue
        make.argtypes, make.restype = [ctypes.py_object], None
        return make
    return None
