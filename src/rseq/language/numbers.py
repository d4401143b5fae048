"""What numbers mean in the language, in plain Python: comparisons, conversions, counting bits."""

from __future__ import annotations

import math

from . import ir
from .types import Scalar

__all__ = ["bit_count_name", "compare", "converted", "counted_bits"]


def bit_count_name(name: str) -> ir.BitCountName:
    """`name` as one of the operators of `CountBits`."""
    names: dict[str, ir.BitCountName] = {"ctz": "ctz", "clz": "clz", "bits": "bits"}
    return names[name]


def counted_bits(operator: str, number: int, width: int) -> int:
    """What `CountBits` computes of `number` in a type of `width` bits."""
    pattern = number & ((1 << width) - 1)
    if operator == "bits":
        return pattern.bit_count()
    if operator == "clz":
        return width - pattern.bit_length()
    return (pattern & -pattern).bit_length() - 1 if pattern else width


def compare(left: int | float, sign: ir.ComparisonName, right: int | float) -> bool:
    """`left sign right`, as Python has it."""
    outcomes = {
        "==": left == right,
        "!=": left != right,
        "<": left < right,
        "<=": left <= right,
        ">": left > right,
        ">=": left >= right,
    }
    return outcomes[sign]


def converted(number: int | float, type: Scalar) -> int | float:
    """`number` converted to `type`: float to integer saturates, NaN gives 0; integers wrap; floats are rounded."""
    if isinstance(number, float) and type.is_integer:
        if math.isnan(number):
            return 0
        if math.isinf(number):
            return type.maximum if number > 0 else type.minimum
        return min(max(int(number), type.minimum), type.maximum)
    return type.wrap(number)
