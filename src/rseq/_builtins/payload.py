"""A builtin's `self`: words that machine code reads, and what these words refer to, which lives as long as they do.

    header of the object | the object that is kept | word 0 | word 1 | …

A payload has no attributes, its type can be neither changed nor derived from, and nobody can make another one: what
machine code reads is what was put there. The cycle collector does not see that it keeps something. So it never takes
apart what a builtin works on, while that builtin still may be called: by a finaliser of the same cycle, or when
the interpreter ends. What is kept refers to no builtin, so no cycle is hidden from it.

There is one type for each program. It has the builtin as a method, which is where profilers look for its name.
"""

from __future__ import annotations

import sys

from rseq import _quick_ctypes as ctypes
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

_POINTER_BYTES = ctypes.sizeof(ctypes.c_void_p)

_types: set[type] = set()


def method_def(name: bytes, function: int, flags: int, text: bytes | None) -> bytes:
    """CPython's PyMethodDef: machine code, and what it is called. It is used until the process ends: see `placed`."""
    return _pointer(placed(name)) + _pointer(function) + _padded(flags) + _pointer(0 if text is None else placed(text))


def placed(data: bytes) -> int:
    """The address of these bytes, with a zero behind them. They are never freed."""
    return id(forever(data)) + this().bytes_at


def words(numbers: Sequence[int]) -> bytes:
    """Numbers as machine code reads them: words of 64 bits."""
    return b"".join([number.to_bytes(8, sys.byteorder) for number in numbers])


def _pointer(address: int) -> bytes:
    return address.to_bytes(_POINTER_BYTES, sys.byteorder)


def _padded(*numbers: int) -> bytes:
    """C ints, up to where a pointer may be."""
    data = b"".join([number.to_bytes(4, sys.byteorder) for number in numbers])
    return data + bytes(-len(data) % _POINTER_BYTES)


def payload_type(home: str, owner: str, functions: Mapping[str, int], method: bytes | None = None) -> type:
    """A type for the payloads of `method`, a `method_def` that is found in it.

    `functions` are the addresses of machine code (common.py).

    Threads: any.
    """
    methods = method_def(b"__reduce_ex__", functions[NOT_COPIED], _METH_O, None) + (method or b"")
    table = placed(methods + bytes(4 * _POINTER_BYTES))  # ends with an empty one
    slots = ((_DEALLOC, functions[FREED]), (_METHODS, table), (0, 0))
    name = f"{home}.{owner.rpartition('.')[2]}".encode(errors="replace")
    sizes = _padded(WORDS_AT, 8, _DEFAULT | _IMMUTABLE | _NOT_CALLABLE)
    spec = _pointer(placed(name)) + sizes + _pointer(placed(b"".join([_padded(n) + _pointer(at) for n, at in slots])))
    made: type = _python("PyType_FromSpec", ctypes.py_object, ctypes.c_void_p)(placed(spec))
    _types.add(made)
    return made


def make_payload(kind: type, numbers: Sequence[int], kept: object) -> object:
    """A payload of a type that `payload_type` made, which holds `numbers` (u64) and keeps `kept` alive."""
    if kind not in _types:
        raise TypeError(f"expected a type of payloads, got {kind!r}")
    data = words(numbers)
    made = _python("PyType_GenericAlloc", ctypes.py_object, ctypes.py_object, ctypes.c_ssize_t)(kind, len(numbers))
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
