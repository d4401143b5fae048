"""What each operation says of itself: what it computes with, what it assigns, reads and writes, where it goes on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import Field, replace
from functools import cached_property
from typing import Any, ClassVar, Self

from rseq._language.errors import Span
from rseq._language.operands import Address, Const, Operand, Value

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
        return tuple(value for name in self._makes if (value := getattr(self, name)) is not None)

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


def listed(ops: Iterable[Op]) -> list[str]:
    """Operations as lines of pseudo-code."""
    return [f"  {op}" if op.here else f"    {op}" for op in ops]
