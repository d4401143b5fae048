"""Which bounds a histogram may have, how its lanes know them, and what a bucket between two of them stands for."""

from __future__ import annotations

import math
import struct
import sys
from itertools import islice, pairwise

from rseq._builtins.form import Form
from rseq._percpu.checks import integer, number
from rseq._quick import cache, partial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import SupportsFloat

    from rseq._language.compiled import Compiled
    from rseq._percpu.lanes import Lanes

MAX_BOUNDS = (1 << 16) - 1
"""The most bounds. Each lane then takes a megabyte at most."""

_MANTISSA_BITS = 52
_LARGEST = 2.0**1023
"""The largest `highest`: the bound that is not below it must be finite."""


@cache
def searching(steps: int) -> Form:
    """The form of histograms of up to `2**steps - 1` bounds that are searched."""
    return Form(f"buckets {steps}", partial(_parse, "sorted_code", steps))


@cache
def log_linear(length: int) -> Form:
    """The form of histograms of up to `length - 1` bounds that are parts of octaves."""
    return Form(f"octaves {length}", partial(_parse, "log_linear_code", length))


def _parse(name: str, size: int) -> Mapping[str, Compiled]:
    from rseq._structures.histogram import buckets

    code = getattr(buckets, name)(size)
    return {part: getattr(code, part) for part in ("observe", "count", "count_many", "count_nan", "add_sum")}


class Sorted:
    """Bounds as they were given."""

    __slots__ = ("bounds",)

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds

    @property
    def form(self) -> Form:
        return searching(len(self.bounds).bit_length())

    def write(self, lanes: Lanes) -> None:
        length = 1 << len(self.bounds).bit_length()
        lanes.write_array("bounds", [*self.bounds, *(math.inf,) * (length - len(self.bounds))])

    def estimate(self, bucket: int, share: float) -> float:
        """As Prometheus does it: on a straight line from bound to bound; from 0 to the first one if that is above."""
        high = self.bounds[bucket]
        low = self.bounds[bucket - 1] if bucket else min(high, 0.0)
        return min(max(low * (1 - share) + high * share, low), high)


class LogLinear:
    """`n` bounds, each octave cut into `2**k` parts; `first` is the number of the part that begins at the first one."""

    __slots__ = ("bounds", "first", "k", "n")

    def __init__(self, first: int, n: int, k: int) -> None:
        self.first, self.n, self.k = first, n, k
        self.bounds = tuple(_from_bits(part << self.shift) for part in range(first, first + n))

    @property
    def shift(self) -> int:
        """How many bits of a float do not matter."""
        return _MANTISSA_BITS - self.k

    @property
    def form(self) -> Form:
        return log_linear(1 << self.n.bit_length())

    def write(self, lanes: Lanes) -> None:
        lanes.write("lowest", self.first << self.shift)
        lanes.write("shift", self.shift)
        lanes.write("before", self.first - 1)
        lanes.write("last", self.n)

    def estimate(self, bucket: int, share: float) -> float:
        """The number whose relative distance from either bound is the same."""
        high = self.bounds[bucket]
        low = self.bounds[bucket - 1] if bucket else high
        return low * (2 / (1 + low / high))


Layout = Sorted | LogLinear


def sorted_layout(bounds: Iterable[SupportsFloat]) -> Sorted:
    numbers = tuple(number("bounds", bound) for bound in _first_of(bounds, MAX_BOUNDS + 2))
    if not 1 <= len(numbers) <= MAX_BOUNDS:
        count = f"more than {MAX_BOUNDS + 1}" if len(numbers) > MAX_BOUNDS + 1 else f"{len(numbers)}"
        raise ValueError(f"bounds: expected 1 to {MAX_BOUNDS} of them, got {count}")
    for one in numbers:
        if not math.isfinite(one):
            raise ValueError(f"bounds: expected finite numbers, got {one}; there is always a bucket above the last one")
    for low, high in pairwise(numbers):
        if not low < high:
            raise ValueError(f"bounds: expected each to be above the one before it; got {low} and then {high}")
    return Sorted(numbers)


def evenly(lowest: float, highest: float, parts: object) -> list[float]:
    """Bounds from `lowest` to `highest`, that many parts apart. Raises: TypeError, ValueError - there are none."""
    number_of = integer("buckets", parts)
    if not 1 <= number_of < MAX_BOUNDS:
        raise ValueError(f"buckets: expected 1 … {MAX_BOUNDS - 1} between lowest and highest, got {number_of}")
    if not (lowest < highest and math.isfinite(lowest) and math.isfinite(highest)):
        raise ValueError(f"expected finite numbers, lowest < highest; got {lowest} and {highest}")
    shares = (part / number_of for part in range(number_of + 1))
    return [lowest * (1 - share) + highest * share for share in shares]


def _first_of(bounds: Iterable[SupportsFloat], most: int) -> Iterator[SupportsFloat]:
    """The first bounds: there may be no end of them."""
    try:
        if not isinstance(bounds, (str, bytes, bytearray)):
            return islice(bounds, most)
    except (TypeError, SystemError):  # the second is what CPython says of a memoryview that was released
        pass
    raise TypeError(f"bounds: expected numbers, such as [0.1, 0.5, 1.0]; got {bounds!r}")


def log_linear_layout(lowest: float, highest: float, relative_error: float) -> LogLinear:
    if not sys.float_info.min <= lowest < highest <= _LARGEST:
        raise ValueError(
            f"expected {sys.float_info.min:.3g} <= lowest < highest <= 2**1023; got {lowest} and {highest} "
            "(what is not above lowest, zero and negative numbers too, shares the first bucket)"
        )
    if not 0 < relative_error < 1:
        raise ValueError(f"relative_error: expected a number between 0 and 1, such as 0.01; got {relative_error}")
    k = _octave_bits(relative_error)
    shift = max(_MANTISSA_BITS - k, 0)
    first, last = _bits(lowest) >> shift, -(-_bits(highest) >> shift)
    if k > _MANTISSA_BITS or last - first >= MAX_BOUNDS:
        raise ValueError(
            f"a relative_error of {relative_error} from {lowest} to {highest} takes more than {MAX_BOUNDS} bounds; "
            "ask for a larger one or a narrower range"
        )
    return LogLinear(first, last - first + 1, k)


def _octave_bits(relative_error: float) -> int:
    """The smallest k for which the estimate in each of `2**k` parts of an octave is right to `relative_error`.

    The first part has the widest ratio of bounds, 1 + 2**-k, whose estimate is off by 1 / (2**(k + 1) + 1).
    """
    return max(math.ceil(math.log2(1 / max(relative_error, 1e-30) - 1)) - 1, 0) if relative_error < 0.5 else 0


def _bits(x: float) -> int:
    return int.from_bytes(struct.pack("<d", x), "little")


def _from_bits(bits: int) -> float:
    (x,) = struct.unpack("<d", bits.to_bytes(8, "little"))
    return float(x)
