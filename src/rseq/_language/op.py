"""What operations work with (registers, constants, places in memory, operators), and what each says of itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import Field, dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Literal, Self

from rseq._language.errors import Span
from rseq._language.types import SCALARS, Pointer, RecordType, Word

ArithmeticName = Literal["+", "-", "*", "/", "//", "%", "&", "|", "^", "<<", ">>", "quo"]
"""The operators of the language, and `quo`: division that rounds towards zero, which the others are made of."""

ComparisonName = Literal["==", "!=", "<", "<=", ">", ">="]

BitCountName = Literal["ctz", "clz", "bits"]

ExceptionName = Literal["IndexError", "ValueError", "ZeroDivisionError"]
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
    """A virtual register. `web` tells those of one name apart that never have to hold the same (see webs.py)."""

    name: str
    type: Word
    web: int = 0

    def __hash__(self) -> int:
        return hash(self.name) + self.web

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


# ---- operations

_MARKS = ("commit", "acquire", "release")
"""Flags of operations that are printed behind them."""


class Op:
    """One operation. Each kind of them is a frozen dataclass that is declared in the line in which it begins:

        class AddStore(Op, takes="address source", reads="address", writes="address", text="{address} += {source}"):

    `makes` names the registers that it assigns, `takes` what it computes with, in order: operands, and places in
    memory. Of these places it `reads` one, and `writes` one; what it does neither to, it takes the address of. `to` is
    the label where it may go on, `here` the one that it is. If it `varies`, it may come to something else, of the same
    operands, when a sequence starts again. If it `calls`, other code runs meanwhile, and may write anywhere. If it
    `ends`, it does not go on at the next operation. `text` is its line of pseudo-code.
    """

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]
    verb: ClassVar[str]
    """Its kind, as methods that are about one kind are called: emit_addstore."""
    varies: ClassVar[bool]
    calls: ClassVar[bool]
    ends: ClassVar[bool]
    span: Span
    """Where it stands."""
    _makes: ClassVar[tuple[str, ...]]
    _takes: ClassVar[tuple[str, ...]]
    _reads: ClassVar[str]
    _writes: ClassVar[str]
    _to: ClassVar[str]
    _here: ClassVar[str]
    _text: ClassVar[str]

    def __init_subclass__(
        cls,
        *,
        text: str = "",
        makes: str = "",
        takes: str = "",
        reads: str = "",
        writes: str = "",
        to: str = "",
        here: str = "",
        varies: bool = False,
        calls: bool = False,
        ends: bool = False,
    ) -> None:
        cls.verb, cls._text = cls.__name__.lower(), text
        cls.varies, cls.calls, cls.ends = varies, calls, ends
        cls._makes, cls._takes = tuple(makes.split()), tuple(takes.split())
        cls._reads, cls._writes, cls._to, cls._here = reads, writes, to, here

    @cached_property
    def results(self) -> tuple[Value, ...]:
        """The registers that it assigns."""
        made = (getattr(self, name) for name in self._makes)
        return tuple(one for part in made for one in (part if isinstance(part, tuple) else (part,)) if one is not None)

    @cached_property
    def result(self) -> Value | None:
        """The register that it assigns, if any; the first one of a call that may have no result."""
        return next(iter(self.results), None)

    @property
    def places(self) -> tuple[Address, ...]:
        """The places in memory that it reads or writes, or whose address it takes."""
        return tuple(place for name in self._takes if isinstance(place := getattr(self, name), Address))

    @cached_property
    def operands(self) -> tuple[Operand, ...]:
        """What it computes with, places taken apart."""
        found: list[Operand] = []
        for name in self._takes:
            taken = getattr(self, name)
            if isinstance(taken, (Value, Const)):
                found.append(taken)
            elif isinstance(taken, Address):
                found += taken.registers()
            elif isinstance(taken, tuple):
                found += taken
        return tuple(found)

    @cached_property
    def used(self) -> tuple[Value, ...]:
        """The registers that it reads."""
        return tuple(one for one in self.operands if isinstance(one, Value))

    @property
    def reads(self) -> Address | None:
        """The place in memory that it reads."""
        place: Address | None = getattr(self, self._reads) if self._reads else None
        return place

    @property
    def writes(self) -> Address | None:
        """The place in memory that it writes."""
        place: Address | None = getattr(self, self._writes) if self._writes else None
        return place

    @property
    def goes_to(self) -> str | None:
        """The label where it may go on."""
        label: str | None = getattr(self, self._to) if self._to else None
        return label

    @property
    def here(self) -> str | None:
        """The label that it is."""
        name: str | None = getattr(self, self._here) if self._here else None
        return name

    @property
    def is_commit(self) -> bool:
        """True of the store that makes a sequence happen."""
        return bool(getattr(self, "commit", False))

    def with_operands(self, renamed: Mapping[str, Operand]) -> Self:
        """The same with other operands, by the names of their fields."""
        return replace(self, **renamed)

    def renamed(self, taken: Mapping[Value, Value], made: Mapping[Value, Value]) -> Self:
        """The same with other registers: those that it reads by `taken`, those that it assigns by `made`."""
        if not taken and not made:
            return self
        fields = {name: _renamed(getattr(self, name), taken) for name in self._takes}
        return replace(self, **fields, **{name: _renamed(getattr(self, name), made) for name in self._makes})

    def relabelled(self, suffix: str) -> Self:
        """The same with another name for the label that it goes to, or is; itself if there is none."""
        names = {name: f"{getattr(self, name)}{suffix}" for name in (self._to, self._here) if name}
        return replace(self, **names) if names else self

    def into(self, result: Value) -> Self:
        """The same with another result."""
        return replace(self, **{self._makes[0]: result})

    def __str__(self) -> str:
        parts = {name: "" if part is None else part for name, part in vars(self).items()}
        mark = next((f"    # {mark}" for mark in _MARKS if parts.get(mark)), "")
        return self._text.format_map(parts).rstrip() + mark


def _renamed(part: Any, names: Mapping[Value, Value]) -> Any:
    if isinstance(part, Value):
        return names.get(part, part)
    if isinstance(part, tuple):
        return tuple(_renamed(one, names) for one in part)
    if isinstance(part, Address):
        return replace(part, base=_renamed(part.base, names), index=_renamed(part.index, names))
    return part


def listed(ops: Iterable[Op]) -> list[str]:
    """Operations as lines of pseudo-code."""
    return [f"  {op}" if op.here else f"    {op}" for op in ops]
