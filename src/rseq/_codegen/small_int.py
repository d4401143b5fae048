"""Small Python ints, and floats, read without a call: the one place that knows how CPython lays them out.

    int, up to 3.11    ob_size: -1, 0 or 1 for an int of one digit or none, then the digit (u32)
    int, from 3.12     lv_tag: below 16 for a "compact" int, whose sign is 1 - (tag & 3), then the digit (u32)
    float              the double

All follow the object's header, whose last word is the type (Include/cpython/longintrepr.h; a subclass
is not read here). Where a look at a few numbers shows another layout, all go through the C API.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from rseq._codegen import python
from rseq._codegen.writer import DOUBLE, I32, I64, Writer

__all__ = ["HEADER", "read_float", "read_int"]

HEADER = object.__basicsize__
DIGIT = HEADER + 8
_HAS_TAG = sys.version_info >= (3, 12)
_COMPACT_TAGS, _IS_NEGATIVE = 16, 2
_SAMPLES = (0, 1, -1, 255, 256, -300, 2**30 - 1, 1 - 2**30, 2**30, -(2**30), 2**62, -(2**63), 10**30)


def read_int(
    emit: Writer, given: Any, kept: Sequence[Any], slowly: Callable[[], Sequence[Any]], *, signed: bool = True
) -> tuple[Any, ...]:
    """Emit: the i64 that the object `given` is, or the u64; behind it, what is `kept`.

    `slowly` emits the same for what is no small one. It may have put elsewhere what is kept, and got it again.
    """
    if not is_layout_known():
        return (*slowly(),)
    maybe, small, other = emit.label("int"), emit.label("small"), emit.label("other")
    ready = emit.label("number", I64, *(value.type for value in kept))
    is_int = emit.compare(python.type_of(emit, given), "==", emit.symbol("PyLong_Type"))
    emit.branch(is_int, maybe, other, likely=True)
    emit.here(maybe)
    word = emit.load(given, HEADER)
    emit.branch(_is_small(emit, word, signed), small, other, likely=True)
    emit.here(small)
    sign = emit.sub(I64(1), emit.and_(word, 3)) if _HAS_TAG else word
    emit.jump(ready, emit.mul(sign, emit.fit(emit.load(given, DIGIT, I32), I64)), *kept)
    emit.here(other)
    emit.jump(ready, *slowly())
    return emit.here(ready)


def _is_small(emit: Writer, word: Any, signed: bool) -> Any:
    if not _HAS_TAG:
        return emit.compare(emit.add(word, 1), "<", 3) if signed else emit.compare(word, "<", 2)
    if signed:
        return emit.compare(word, "<", _COMPACT_TAGS)
    return emit.compare(emit.and_(word, ~(_COMPACT_TAGS - 1) | _IS_NEGATIVE), "==", 0)


def read_float(emit: Writer, given: Any, kept: Sequence[Any], slowly: Callable[[], Sequence[Any]]) -> tuple[Any, ...]:
    """Emit: the same for the double that an object of type float is."""
    if not is_layout_known():
        return (*slowly(),)
    exact, other = emit.label("float"), emit.label("other")
    ready = emit.label("number", DOUBLE, *(value.type for value in kept))
    is_float = emit.compare(python.type_of(emit, given), "==", emit.symbol("PyFloat_Type"))
    emit.branch(is_float, exact, other, likely=True)
    emit.here(exact)
    emit.jump(ready, emit.load(given, HEADER, DOUBLE), *kept)
    emit.here(other)
    emit.jump(ready, *slowly())
    return emit.here(ready)


@cache
def is_layout_known() -> bool:
    """True if ints and floats are laid out as this file says."""
    if sys.implementation.name != "cpython" or ctypes.sizeof(ctypes.c_void_p) != 8:
        return False
    if ctypes.c_double.from_address(id(-7.25) + HEADER).value != -7.25:
        return False
    return all(_read(number) in (number, None) for number in _SAMPLES) and _read(7) == 7 and _read(-7) == -7


def _read(number: int) -> int | None:
    """What the machine code would read of `number`; None where it would ask the C API."""
    address = id(number)
    if ctypes.c_size_t.from_address(address + HEADER - 8).value != id(int):
        return None
    word = ctypes.c_int64.from_address(address + HEADER).value
    digit = ctypes.c_uint32.from_address(address + DIGIT).value
    if _HAS_TAG:
        return (1 - (word & 3)) * digit if 0 <= word < _COMPACT_TAGS else None
    return word * digit if -1 <= word <= 1 else None
