"""Small Python ints, and floats, read without a call. How they lie is said in _layout.py."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rseq._codegen import python
from rseq._codegen.writer import DOUBLE, I32, I64, Writer
from rseq._layout import COMPACT_TAGS

_IS_NEGATIVE = 2


def read_int(
    emit: Writer, given: Any, kept: Sequence[Any], slowly: Callable[[], Sequence[Any]], *, signed: bool = True
) -> tuple[Any, ...]:
    """Emit: the i64 that the object `given` is, or the u64; behind it, what is `kept`.

    `slowly` emits the same for what is no small one. It may have put elsewhere what is kept, and got it again.
    """
    layout = emit.process.layout
    if not layout.reads_numbers:
        return (*slowly(),)
    maybe, small, other = emit.label("int"), emit.label("small"), emit.label("other")
    ready = emit.label("number", I64, *(value.type for value in kept))
    is_int = emit.compare(python.type_of(emit, given), "==", emit.symbol("PyLong_Type"))
    emit.branch(is_int, maybe, other, likely=True)
    emit.here(maybe)
    word = emit.load(given, layout.header)
    emit.branch(_is_small(emit, word, signed), small, other, likely=True)
    emit.here(small)
    sign = emit.sub(I64(1), emit.and_(word, 3)) if layout.has_tag else word
    emit.jump(ready, emit.mul(sign, emit.fit(emit.load(given, layout.digit, I32), I64)), *kept)
    emit.here(other)
    emit.jump(ready, *slowly())
    return emit.here(ready)


def _is_small(emit: Writer, word: Any, signed: bool) -> Any:
    if not emit.process.layout.has_tag:
        return emit.compare(emit.add(word, 1), "<", 3) if signed else emit.compare(word, "<", 2)
    if signed:
        return emit.compare(word, "<", COMPACT_TAGS)
    return emit.compare(emit.and_(word, ~(COMPACT_TAGS - 1) | _IS_NEGATIVE), "==", 0)


def read_float(emit: Writer, given: Any, kept: Sequence[Any], slowly: Callable[[], Sequence[Any]]) -> tuple[Any, ...]:
    """Emit: the same for the double that an object of type float is."""
    layout = emit.process.layout
    if not layout.reads_numbers:
        return (*slowly(),)
    exact, other = emit.label("float"), emit.label("other")
    ready = emit.label("number", DOUBLE, *(value.type for value in kept))
    is_float = emit.compare(python.type_of(emit, given), "==", emit.symbol("PyFloat_Type"))
    emit.branch(is_float, exact, other, likely=True)
    emit.here(exact)
    emit.jump(ready, emit.load(given, layout.header, DOUBLE), *kept)
    emit.here(other)
    emit.jump(ready, *slowly())
    return emit.here(ready)
