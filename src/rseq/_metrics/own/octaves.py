"""Exponential bounds: the powers of 2 ** (1 / 2 ** schema), as Prometheus's native histograms have them.

Bound number `n` is 2 ** (n / 2 ** schema), and bucket number `n` ends there. The finer the schema, the smaller the
relative error of what is between two bounds.
"""

from __future__ import annotations

import math
import struct
import sys

from rseq import _quick_ctypes as ctypes
from rseq._quick import NamedTuple, cache
from rseq._structures.histogram.bounds import MAX_BOUNDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FINEST = 8
"""The finest schema that Prometheus has."""

CUTS = 1 << FINEST
"""Into how many parts that cuts an octave."""

MANTISSA_BITS = 52
_BIAS = 1023


class Octaves(NamedTuple):
    """Bounds `first` to `first + length - 1` of a schema."""

    schema: int
    first: int
    length: int

    @property
    def bounds(self) -> tuple[float, ...]:
        """All of them, as numbers."""
        return tuple(bound(self.schema, number) for number in range(self.first, self.first + self.length))

    def row(self) -> Any:
        """What machine code reads of them (code.py)."""
        parts = 1 << self.schema
        words = [
            FINEST - self.schema,
            self.schema,
            parts * _BIAS + self.first - 1,
            self.length,
            *(_bits(cut) & ((1 << MANTISSA_BITS) - 1) for cut in _cuts()),
        ]
        return (ctypes.c_int64 * len(words))(*words)


def octaves(lowest: float, highest: float, relative_error: float) -> Octaves:
    """Those from the last that is not above `lowest` to the first that is not below `highest`.

    Raises: ValueError - there are no such, or too many.
    """
    if not sys.float_info.min <= lowest < highest <= 2.0**1023:
        raise ValueError(
            f"expected {sys.float_info.min:.3g} <= lowest < highest <= 2**1023; got {lowest} and {highest} "
            "(what is not above lowest, zero and negative numbers too, shares the first bucket)"
        )
    schema = next((schema for schema in range(FINEST + 1) if error_of(schema) <= relative_error), None)
    if schema is None or not relative_error < 1:
        raise ValueError(f"relative_error: expected {error_of(FINEST):.4f} or more, below 1; got {relative_error}")
    parts = 1 << schema
    first = math.floor(math.log2(lowest) * parts)
    while bound(schema, first + 1) <= lowest:
        first += 1
    while bound(schema, first) > lowest:
        first -= 1
    last = max(first, math.floor(math.log2(highest) * parts) - 1)
    while bound(schema, last) < highest:
        last += 1
    if last - first + 1 > MAX_BOUNDS:
        raise ValueError(
            f"a relative_error of {relative_error} from {lowest} to {highest} takes more than {MAX_BOUNDS} bounds; "
            "ask for a larger one or a narrower range"
        )
    return Octaves(schema, first, last - first + 1)


def error_of(schema: int) -> float:
    """How far the middle of a bucket may be from what lies in it, as a share of that."""
    growth = math.exp2(1 / 2**schema)
    return (growth - 1) / (growth + 1)


def bound(schema: int, number: int) -> float:
    """A bound as a number."""
    octave, part = divmod(number, 1 << schema)
    return math.ldexp(_cuts()[part << FINEST - schema], octave)


@cache
def _cuts() -> tuple[float, ...]:
    return tuple(math.exp2(number / CUTS) for number in range(CUTS))


def _bits(number: float) -> int:
    (bits,) = struct.unpack("<q", struct.pack("<d", number))
    return int(bits)
