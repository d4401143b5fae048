"""What to write instead of a value of the wrong type: advice that can be followed whatever the type is."""

from __future__ import annotations

import ast
import math

from rseq._language.types import SCALARS, Pointer, Scalar, Word

_NO_NUMBER = "use a number: pointers are only compared, stored and followed"


_LONGEST_NAMED = 40


def named(node: ast.expr) -> str:
    """An operand as a message writes it: its text, if that is short."""
    text = ast.unparse(node)
    return text if len(text) <= _LONGEST_NAMED and "\n" not in text else "…"


def as_integer(type: Word, it: str = "…") -> str:
    """The advice that makes an integer of a value of another type; `it` is what the value is called."""
    return f"convert it: i64({it})" if isinstance(type, Scalar) else _NO_NUMBER


def as_float(type: Word, it: str = "…") -> str:
    """The advice that makes a float of a value of another type; `it` is what the value is called."""
    return f"convert it: f64({it})" if isinstance(type, Scalar) else _NO_NUMBER


def to_type(given: Word, wanted: Word, it: str = "…") -> str:
    """The advice that makes a value of another type; `it` is what the value is called."""
    if isinstance(given, Scalar) and isinstance(wanted, Scalar):
        return f"convert it: {wanted}({it})"
    return f"use one of type {wanted}" if isinstance(wanted, Pointer) else "use a number"


def types_that_hold(number: int, wanted: Scalar) -> str:
    """The integer types that a number fits; for a negative one beside an unsigned `wanted`, how one gets its bits."""
    names = [type.name for type in SCALARS.values() if type.is_integer and type.minimum <= number <= type.maximum]
    if not names:
        return "no type has it: compute with numbers of at most 64 bits"
    *others, last = names
    bits = f", or write {wanted}({number}) for its bits" if number < 0 and 0 <= ~number <= wanted.maximum else ""
    return f"use a type that has it: {', '.join(others)}{' or ' if others else ''}{last}{bits}"


def shown(value: object) -> str:
    """A constant in a message: Python does not print numbers of thousands of digits."""
    if isinstance(value, int) and value.bit_length() > 512:
        return f"a number of {value.bit_length()} bits"
    return repr(value)


def written(number: float) -> str:
    """A float as it is written in a function."""
    return repr(number) if math.isfinite(number) else f"{'-' if number < 0 else ''}math.{abs(number)}"
