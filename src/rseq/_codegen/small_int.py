"""Small Python ints read without a call: the one place that knows how CPython lays an int out.

    up to 3.11    ob_size: -1, 0 or 1 for an int of one digit or none, then the digit (u32)
    from 3.12     lv_tag: below 16 for a "compact" int, whose sign is 1 - (tag & 3), then the digit (u32)

Both follow the object's header, whose last word is the type (Include/cpython/longintrepr.h; a subclass
is not read here). Where a look at a few ints shows another layout, all ints go through the C API.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

import llvmlite.ir as ll

from rseq._codegen.codes import I8, I32, I64, PTR

__all__ = ["read_int"]

HEADER = object.__basicsize__
TYPE = HEADER - 8
DIGIT = HEADER + 8
_HAS_TAG = sys.version_info >= (3, 12)
_COMPACT_TAGS = 16
_SAMPLES = (0, 1, -1, 255, 256, -300, 2**30 - 1, 1 - 2**30, 2**30, -(2**30), 2**62, -(2**63), 10**30)


def read_int(builder: Any, given: Any, int_type: Any, slowly: Callable[[], Any]) -> Any:
    """Emit: the i64 that the object `given` is; `slowly` emits it for what is no small int, by the C API.

    `int_type` is the address of PyLong_Type.
    """
    if not is_layout_known():
        return slowly()
    is_int, small, other, ready = (builder.append_basic_block(name) for name in ("int", "small", "other", "ready"))
    type = _load(builder, given, TYPE, PTR)
    builder.cbranch(builder.icmp_unsigned("==", type, int_type), is_int, other).set_weights([1 << 20, 1])
    builder.position_at_end(is_int)
    word = _load(builder, given, HEADER, I64)
    is_small = builder.icmp_unsigned("<", _distance(builder, word), ll.Constant(I64, _COMPACT_TAGS if _HAS_TAG else 3))
    builder.cbranch(is_small, small, other).set_weights([1 << 20, 1])
    builder.position_at_end(small)
    digit = builder.zext(_load(builder, given, DIGIT, I32), I64)
    value = builder.mul(_sign(builder, word), digit)
    builder.branch(ready)
    builder.position_at_end(other)
    converted = slowly()
    end_of_other = builder.block
    builder.branch(ready)
    builder.position_at_end(ready)
    number = builder.phi(I64)
    number.add_incoming(value, small)
    number.add_incoming(converted, end_of_other)
    return number


def _load(builder: Any, given: Any, offset: int, type: Any) -> Any:
    return builder.load(builder.gep(given, [ll.Constant(I64, offset)], source_etype=I8), typ=type)


def _distance(builder: Any, word: Any) -> Any:
    """The tag; or of an ob_size of -1, 0 or 1: 0, 1 or 2."""
    return word if _HAS_TAG else builder.add(word, ll.Constant(I64, 1))


def _sign(builder: Any, word: Any) -> Any:
    if not _HAS_TAG:
        return word
    return builder.sub(ll.Constant(I64, 1), builder.and_(word, ll.Constant(I64, 3)))


@cache
def is_layout_known() -> bool:
    """True if ints are laid out as this file says."""
    if sys.implementation.name != "cpython" or ctypes.sizeof(ctypes.c_void_p) != 8:
        return False
    return all(_read(number) in (number, None) for number in _SAMPLES) and _read(7) == 7 and _read(-7) == -7


def _read(number: int) -> int | None:
    """What the machine code would read of `number`; None where it would ask the C API."""
    address = id(number)
    if ctypes.c_size_t.from_address(address + TYPE).value != id(int):
        return None
    word = ctypes.c_int64.from_address(address + HEADER).value
    digit = ctypes.c_uint32.from_address(address + DIGIT).value
    if _HAS_TAG:
        return (1 - (word & 3)) * digit if 0 <= word < _COMPACT_TAGS else None
    return word * digit if -1 <= word <= 1 else None
