"""Numbers, arrays of them, and what stands beside `|`: the types that records are made of, but for pointers."""

from __future__ import annotations

import struct
from _operator import index as as_int

from rseq._quick import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal

MAX_RECORD_BYTES = 1 << 30
"""The largest record: offsets then fit every architecture's signed 32-bit displacement."""


class InUnions:
    """What can stand beside `|`."""

    @property
    def or_none(self) -> object:
        """`… | None`."""
        return Either(self, None)

    def __or__(self, other: object) -> object:
        return self.or_none if other is None else Either(self, other)

    def __ror__(self, other: object) -> object:
        return self.or_none if other is None else Either(other, self)


class InArrays:
    """What one register holds, and records hold many of."""

    size: int

    @property
    def bits(self) -> int:
        """Width in bits."""
        return 8 * self.size

    @property
    def alignment(self) -> int:
        """Natural alignment, in bytes."""
        return self.size


@dataclass(frozen=True)
class Scalar(InUnions, InArrays):
    """A number that one register holds: `i8` … `i64`, `u8` … `u64`, `f32`, `f64`, `bool`."""

    name: str
    kind: Literal["signed", "unsigned", "float", "bool"]
    size: int
    code: str

    @property
    def is_float(self) -> bool:
        """True for f32 and f64."""
        return self.kind == "float"

    @property
    def is_integer(self) -> bool:
        """True for the signed and unsigned integers; False for bool."""
        return self.kind in ("signed", "unsigned")

    @property
    def minimum(self) -> int:
        """The smallest integer of this type."""
        return -(1 << (self.bits - 1)) if self.kind == "signed" else 0

    @property
    def maximum(self) -> int:
        """The largest integer of this type."""
        if self.kind == "bool":
            return 1
        return (1 << (self.bits - (self.kind == "signed"))) - 1

    @property
    def values(self) -> str:
        """What a number of this type is, as messages say it."""
        if self.is_float:
            return "a float" if self.size == 8 else "a float of up to 3.4028235e+38"
        return "True or False" if self.kind == "bool" else f"an int of {self.minimum} to {self.maximum}"

    @property
    def numpy_name(self) -> str:
        """What NumPy calls it."""
        kinds = {"signed": "int", "unsigned": "uint", "float": "float"}
        return f"{kinds[self.kind]}{self.bits}" if self.kind in kinds else "bool"

    def wrap(self, value: int | float) -> int | float:
        """`value` brought into this type: integers wrap around, floats are rounded, once."""
        if self.is_float:
            return _as_f32(value) if self.bits == 32 else float(value)
        if self.kind == "bool":
            return int(bool(value))
        low = int(value) & ((1 << self.bits) - 1)
        return low - (1 << self.bits) if low > self.maximum else low

    def __getitem__(self, length: int | tuple[int, ...]) -> Array:
        return array_of(self, length)

    @property
    def or_none(self) -> Maybe:
        """`… | None`."""
        return Maybe(self)

    def __repr__(self) -> str:
        return self.name


def _as_f32(value: int | float) -> float:
    try:
        (rounded,) = struct.unpack("f", struct.pack("f", _odd(value) if isinstance(value, int) else float(value)))
    except OverflowError:
        rounded = float("inf") if value > 0 else float("-inf")
    return float(rounded)


def _odd(number: int) -> float:
    """An integer as a float that rounds to the same f32: what a float has no room for is kept in its last bit."""
    import math

    lost = max(abs(number).bit_length() - 53, 0)
    kept = abs(number) >> lost
    kept |= abs(number) != kept << lost
    return math.ldexp(kept if number > 0 else -kept, lost)


SCALARS: dict[str, Scalar] = {
    scalar.name: scalar
    for scalar in (
        Scalar("i8", "signed", 1, "b"),
        Scalar("i16", "signed", 2, "h"),
        Scalar("i32", "signed", 4, "i"),
        Scalar("i64", "signed", 8, "q"),
        Scalar("u8", "unsigned", 1, "B"),
        Scalar("u16", "unsigned", 2, "H"),
        Scalar("u32", "unsigned", 4, "I"),
        Scalar("u64", "unsigned", 8, "Q"),
        Scalar("f32", "float", 4, "f"),
        Scalar("f64", "float", 8, "d"),
        Scalar("bool", "bool", 1, "B"),
    )
}

boolean = SCALARS["bool"]


@dataclass(frozen=True)
class Array:
    """`i64[64]`: `length` elements side by side in a record; of `i64[3, 5]` 15, in 3 rows of 5, its `shape`."""

    element: Any
    """A number, or a pointer."""
    length: int
    dimensions: tuple[int, ...] = ()
    """Of more than one."""

    @property
    def shape(self) -> tuple[int, ...]:
        """As NumPy has it: the last index changes fastest."""
        return self.dimensions or (self.length,)

    def __getitem__(self, length: object) -> Array:
        shape = ", ".join(map(str, (*self.shape, length)))
        raise TypeError(f"an array of arrays is written with commas, its last index changes fastest: i64[{shape}]")

    @property
    def size(self) -> int:
        """Size in bytes."""
        return int(self.element.size) * self.length

    @property
    def alignment(self) -> int:
        """Alignment of an element, in bytes."""
        return int(self.element.alignment)

    def __repr__(self) -> str:
        return f"{self.element!r}[{', '.join(map(str, self.shape))}]"


@dataclass(frozen=True)
class Maybe(InUnions):
    """A result `i64 | None`: a number, or nothing."""

    type: Scalar

    def __repr__(self) -> str:
        return f"{self.type!r} | None"


class Either(InUnions):
    """`i64 | f64`: nothing that the language has, but what is refused has to be written somehow."""

    def __init__(self, *parts: object) -> None:
        self._parts = parts

    def __repr__(self) -> str:
        return " | ".join(part.__name__ if isinstance(part, type) else repr(part) for part in self._parts)


def array_of(element: Any, length: int | tuple[int, ...]) -> Array:
    shape = tuple(map(_array_length, length if isinstance(length, tuple) else (length,)))
    if not shape:
        raise TypeError("an array has a length, as in i64[64], or several, as in i64[3, 5]; got i64[()]")
    number = 1
    for one in shape:
        number *= one
    return Array(element, _array_length(number), shape if len(shape) > 1 else ())


def _array_length(length: object) -> int:
    if isinstance(length, bool) or not hasattr(length, "__index__"):
        raise TypeError(f"an array's length is an int, as in i64[64]; got {length!r}")
    number = as_int(length)
    if not 1 <= number <= MAX_RECORD_BYTES:
        raise ValueError(f"an array's length is 1 … {MAX_RECORD_BYTES}; got {number}")
    return number
