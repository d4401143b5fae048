"""What numbers mean in the language, in plain Python: arithmetic, comparisons, conversions, counting bits."""

from __future__ import annotations

import math
import operator as op
import struct
from collections.abc import Callable, Mapping
from types import MappingProxyType

from rseq._language.op import ArithmeticName, ComparisonName
from rseq._language.types import Scalar

_COMPARISONS: Mapping[ComparisonName, Callable[[float, float], object]] = MappingProxyType(
    {"==": op.eq, "!=": op.ne, "<": op.lt, "<=": op.le, ">": op.gt, ">=": op.ge}
)
_OF_BOTH: Mapping[str, Callable[[float, float], float]] = MappingProxyType({"+": op.add, "-": op.sub, "*": op.mul})
_OF_INTEGERS: Mapping[str, Callable[[int, int], int]] = MappingProxyType(
    {"&": op.and_, "|": op.or_, "^": op.xor, "<<": op.lshift, ">>": op.rshift, "//": op.floordiv, "%": op.mod}
)


def counted_bits(operator: str, number: int, width: int) -> int:
    """What `CountBits` computes of `number` in a type of `width` bits."""
    pattern = number & ((1 << width) - 1)
    if operator == "bits":
        return pattern.bit_count()
    if operator == "clz":
        return width - pattern.bit_length()
    return (pattern & -pattern).bit_length() - 1 if pattern else width


def float_bits(number: int | float, type: Scalar) -> int:
    """What `FloatBits` gives of `number` in a float type."""
    return int.from_bytes(struct.pack("<" + type.code, number), "little")


def compare(left: int | float, sign: ComparisonName, right: int | float) -> bool:
    """`left sign right`, as Python has it."""
    return bool(_COMPARISONS[sign](left, right))


def converted(number: int | float, type: Scalar) -> int | float:
    """`number` converted to `type`: float to integer saturates, NaN gives 0; integers wrap; floats are rounded."""
    if isinstance(number, float) and type.is_integer:
        if math.isnan(number):
            return 0
        if math.isinf(number):
            return type.maximum if number > 0 else type.minimum
        return min(max(int(number), type.minimum), type.maximum)
    return type.wrap(number)


def computed(operator: ArithmeticName, left: int | float, right: int | float, type: Scalar) -> int | float:
    """What `Arithmetic` computes of two numbers of `type`."""
    if type.is_float:
        return type.wrap(_float(operator, float(left), float(right)))
    return type.wrap(_integer(operator, int(left), int(right), type.bits))


def _float(operator: ArithmeticName, left: float, right: float) -> float:
    return _quotient(left, right) if operator == "/" else float(_OF_BOTH[operator](left, right))


def _quotient(left: float, right: float) -> float:
    """IEEE division, where Python raises."""
    if right != 0.0:  # NaN too
        return left / right
    if left == 0.0 or math.isnan(left):
        return math.nan
    return math.copysign(math.inf, math.copysign(1.0, left) * math.copysign(1.0, right))


def _integer(operator: ArithmeticName, left: int, right: int, bits: int) -> int:
    """The mathematical result, which the caller wraps. Python's ints are as wide as they need to be."""
    if operator == "quo":
        return abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
    by = right & (bits - 1) if operator in ("<<", ">>") else right
    return int(_OF_INTEGERS[operator](left, by) if operator in _OF_INTEGERS else _OF_BOTH[operator](left, by))
