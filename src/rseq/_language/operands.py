"""What operations work with: registers, constants, places in memory; and the names of operators."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from rseq._language.types import SCALARS, Pointer, RecordType, Word

ArithmeticName = Literal["+", "-", "*", "/", "//", "%", "&", "|", "^", "<<", ">>", "quo"]
"""The operators of the language, and `quo`: division that rounds towards zero, which the others are made of."""

ComparisonName = Literal["==", "!=", "<", "<=", ">", ">="]

BitCountName = Literal["ctz", "clz", "bits"]

ExceptionName = Literal["IndexError", "ValueError"]
"""What a function may leave with."""

BarrierName = Literal["full_fence", "relax", "sched_yield"]

ThreadName = Literal["thread_id", "thread_ended", "took_over"]

COMPARISONS: Mapping[ComparisonName, ComparisonName] = {
    "==": "!=",
    "!=": "==",
    "<": ">=",
    ">=": "<",
    ">": "<=",
    "<=": ">",
}
"""Each comparison and its opposite. For floats the opposite is not the negation: NaN compares false."""

MIRRORED: Mapping[ComparisonName, ComparisonName] = {
    "==": "==",
    "!=": "!=",
    "<": ">",
    "<=": ">=",
    ">": "<",
    ">=": "<=",
}
"""What each comparison is when its operands change places."""


@dataclass(frozen=True)
class Value:
    """A virtual register."""

    name: str
    type: Word

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, eq=False)
class Const:
    """A number known when the sequence is compiled. A pointer constant is 0, which is None. 0.0 is not -0.0."""

    number: int | float
    type: Word

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Const) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[str, Word]:
        return repr(self.number), self.type

    def __str__(self) -> str:
        if isinstance(self.type, Pointer):
            return "None"
        if self.type.kind == "bool":
            return str(bool(self.number))
        return repr(self.number)


Operand = Value | Const


@dataclass(frozen=True)
class Address:
    """A place in memory: base + offset + index * scale. `base` None is the record in this CPU's lane.

    `type` is what stands there, `text` how the user wrote it, `size` the bytes that the access may touch
    from `offset` on (the whole array, when the index is not known).
    """

    base: Value | None
    offset: int
    index: Value | None
    scale: int
    type: Word
    text: str
    prepared: bool
    size: int

    @property
    def in_lane(self) -> bool:
        """True if this is memory of the lane's record."""
        return self.base is None

    def registers(self) -> tuple[Value, ...]:
        """The registers that the address is made of."""
        return tuple(value for value in (self.base, self.index) if value is not None)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Rows:
    """An array of `target`: the registers that hold the address of its first row, and how many there are (u64)."""

    target: RecordType
    first: Value
    length: Value


def length_of(buffer: Value) -> Value:
    """The register that holds a buffer's length in bytes; it follows the buffer among the parameters."""
    return Value(f"len({buffer.name})", SCALARS["u64"])


def is_length(value: Value) -> bool:
    """True for what `length_of` makes: no local has such a name."""
    return value.name.startswith("len(")
