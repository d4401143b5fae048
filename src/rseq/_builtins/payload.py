"""A builtin's `self`: words that machine code reads, and what these words refer to, which lives as long as they do.

    header of the object | the object that is kept | word 0 | word 1 | …

A payload has no attributes, its type can be neither changed nor derived from, and nobody can make another one: what
machine code reads is what was put there. The cycle collector does not see that it keeps something. So it never takes
apart what a builtin works on, while that builtin still may be called: by a finaliser of the same cycle, or when
the interpreter ends. What is kept refers to no builtin, so no cycle is hidden from it.

There is one type for each program. It has the builtin as a method, which is where profilers look for its name.
"""

from __future__ import annotations

import ctypes
import sys

from rseq._layout import this
from rseq._quick import cache
from rseq._sealed import forever

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

_KEPT_AT, WORDS_AT = this().kept_at, this().words_at

FREED, NOT_COPIED = "rseq_dealloc", "rseq_reduce"
"""The machine code of payloads, by name (common.py)."""

_DEFAULT, _IMMUTABLE, _NOT_CALLABLE = 1 << 18, 1 << 8, 1 << 7  # object.h: Py_TPFLAGS_…
_DEALLOC, _METHODS = 52, 64  # typeslots.h
_METH_O = 0x0008

METH_FASTCALL_KEYWORDS = 0x0080 | 0x0002
"""The calling convention of all our functions (methodobject.h)."""

_types: set[type] = set()


class Method(ctypes.Structure):
    """CPython's PyMethodDef. Whatever is made of it uses it until the process ends: make it `forever`."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("function", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("text", ctypes.c_char_p),
    )


class _Slot(ctypes.Structure):
    _fields_ = (("number", ctypes.c_int), ("value", ctypes.c_void_p))


class _Spec(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("size", ctypes.c_int),
        ("word_size", ctypes.c_int),
        ("flags", ctypes.c_uint),
        ("slots", ctypes.POINTER(_Slot)),
    )


def payload_type(home: str, owner: str, functions: Mapping[str, int], method: Method | None = None) -> type:
    """A type for the payloads of `method`, which is found in it, unless Python looks up such names by itself.

    `functions` are the addresses of machine code (common.py).

    Threads: any.
    """
    methods = [Method(b"__reduce_ex__", functions[NOT_COPIED], _METH_O, None)]
    if method is not None and not method.name.startswith(b"__"):
        methods.append(method)
    table = forever((Method * (len(methods) + 1))(*methods))  # ends with an empty one
    slots = (_Slot * 3)(_Slot(_DEALLOC, functions[FREED]), _Slot(_METHODS, ctypes.addressof(table)))
    name = f"{home}.{owner.rpartition('.')[2]}".encode(errors="replace")
    spec = forever(_Spec(name, WORDS_AT, 8, _DEFAULT | _IMMUTABLE | _NOT_CALLABLE, forever(slots)))
    made: type = _python("PyType_FromSpec", ctypes.py_object, ctypes.c_void_p)(ctypes.addressof(spec))
    _types.add(made)
    return made


def make_payload(kind: type, words: Sequence[int], kept: object) -> object:
    """A payload of a type that `payload_type` made, which holds `words` (u64) and keeps `kept` alive."""
    if kind not in _types:
        raise TypeError(f"expected a type of payloads, got {kind!r}")
    data = b"".join(word.to_bytes(8, sys.byteorder) for word in words)
    made = _python("PyType_GenericAlloc", ctypes.py_object, ctypes.py_object, ctypes.c_ssize_t)(kind, len(words))
    ctypes.memmove(id(made) + WORDS_AT, data, len(data))
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(kept))
    ctypes.c_void_p.from_address(id(made) + _KEPT_AT).value = id(kept)
    payload: object = made
    return payload


def is_payload(thing: object) -> bool:
    """Whether it is one."""
    return type(thing) in _types


def kept_by(payload: object) -> Any:
    """What it keeps alive. Raises: TypeError - it is no payload."""
    if not is_payload(payload):
        raise TypeError(f"expected what a builtin of rseq is bound to, got {payload!r}")
    return ctypes.py_object.from_address(id(payload) + _KEPT_AT).value


@cache
def _python(name: str, returns: Any, *arguments: Any) -> Any:
    function = ctypes.pythonapi[name]
    function.restype, function.argtypes = returns, arguments
    return function
