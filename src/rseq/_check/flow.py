"""What an operation decides by: which parameters and which fields have a say in its comparisons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from rseq._language import ir
from rseq._language.types import Field, Scalar

Source = ir.Value | Field
"""A parameter, or a field of some lane."""


@dataclass(frozen=True)
class Flow:
    """What the registers of `body` are made of."""

    body: ir.Body

    @cached_property
    def sources(self) -> dict[ir.Value, frozenset[Source]]:
        """What each register may be computed from, on any path."""
        found: dict[ir.Value, frozenset[Source]] = {value: frozenset([value]) for value in self.body.parameters}
        before = None
        while before != found:  # loops lead back
            before = dict(found)
            for op in self.body.ops:
                for target in op.results:
                    read = (found.get(value, frozenset()) for value in op.used)
                    found[target] = found.get(target, frozenset()).union(*read, self._loaded(op))
        return found

    def _loaded(self, op: ir.Op) -> Iterator[Source]:
        if op.reads is not None and isinstance(op.reads.type, Scalar):
            field = self._field(op.reads)
            if field is not None:
                yield field

    def _field(self, address: ir.Address) -> Field | None:
        """The number in a lane that an address means."""
        if address.base is not None and address.base not in self._lanes:
            return None
        fields = self.body.record.fields.values()
        return next((field for field in fields if field.offset == address.offset and field.type == address.type), None)

    @cached_property
    def _lanes(self) -> frozenset[ir.Value]:
        """The registers that hold the address of some lane."""
        found = {op.target for op in self.body.ops if isinstance(op, ir.OtherLane)}
        for _ in range(2):
            found |= {op.target for op in self.body.ops if isinstance(op, ir.Set) and op.source in found}
        return frozenset(found)

    def is_lane(self, base: ir.Value | None) -> bool:
        """True of a register that holds the address of a lane that was asked for."""
        return base in self._lanes

    def of(self, *operands: ir.Operand) -> frozenset[Source]:
        """What some operands are made of."""
        return frozenset().union(*(self.sources.get(one, frozenset()) for one in operands if isinstance(one, ir.Value)))

    @cached_property
    def compared(self) -> dict[int, frozenset[Source]]:
        """What has a say in each comparison or check, by the operation's number."""
        found = {}
        for number, op in enumerate(self.body.ops):
            if isinstance(op, ir.BranchIf | ir.Check):
                found[number] = self.of(*op.used)
        return found

    @cached_property
    def pairs(self) -> frozenset[frozenset[str]]:
        """Pairs of fields that are compared with each other, or whose difference or sum is compared with something."""
        names = [sorted({one.name for one in sources if isinstance(one, Field)}) for sources in self.compared.values()]
        return frozenset(frozenset((one, other)) for found in names for one in found for other in found if one < other)

    @cached_property
    def chosen(self) -> frozenset[ir.Value]:
        """The parameters that have a say in a comparison."""
        return frozenset(one for sources in self.compared.values() for one in sources if isinstance(one, ir.Value))

    @cached_property
    def kept(self) -> frozenset[ir.Value]:
        """The parameters that become a field of a lane: positions, numbers of owners."""
        stored: list[ir.Operand] = []
        for op in self.body.ops:
            if isinstance(op, ir.Store) and self._field(op.address) is not None:
                stored.append(op.source)
            elif isinstance(op, ir.CompareExchange):
                stored += [op.expected, op.desired]
        return frozenset(one for one in self.of(*stored) if isinstance(one, ir.Value))
