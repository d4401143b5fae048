"""What a function does with pointers: which of them may be None where their fields are used.

A sequence uses a pointer's fields without a look, and following None ends the process. So None is refused for a
pointer parameter whose fields are used where nothing has compared it with None; and a pointer that was found in memory
must have been compared, since memory begins as zeros.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from . import ir
from .types import Pointer

__all__ = ["followed_blindly", "required_rows"]

_Origins = frozenset[ir.Value | None]
_Place = tuple[object, ...]

_UNSET: tuple[_Origins, bool] = (frozenset(), False)
_FOUND: tuple[_Origins, bool] = (frozenset([None]), True)


@dataclass(frozen=True)
class _State:
    """What is known at one point.

    `registers`: the parameters that a pointer may be a copy of (None: it is from elsewhere), and if it may be None.
    `sources`: the place in memory that a register was loaded from, as long as both are what they were.
    `rows`: places that hold a row, since what was loaded from them has been compared with None. On its own CPU nobody
    else stores there in between, or the sequence restarts.
    """

    registers: Mapping[ir.Value, tuple[_Origins, bool]]
    sources: Mapping[ir.Value, _Place]
    rows: frozenset[_Place]


_Use = ir.Load | ir.Store | ir.AddStore | ir.Locate


def required_rows(body: ir.Body) -> tuple[ir.Value, ...]:
    """The pointer parameters that must be a row: a field is used where the parameter may be None."""
    pointers = [value for value in body.parameters if isinstance(value.type, Pointer)]
    if not pointers:
        return ()
    unguarded = _Uses(body, pointers).unguarded
    return tuple(value for value in pointers if value in unguarded)


def followed_blindly(body: ir.Body) -> list[tuple[_Use, ir.Value]]:
    """The operations that use a field of a pointer which is no parameter and may be None, with the pointer."""
    pointers = [value for value in body.parameters if isinstance(value.type, Pointer)]
    return list(_Uses(body, pointers).blind.items())


class _Uses:
    """Follows the pointer parameters through a body, until nothing new is found (a routine may branch back)."""

    def __init__(self, body: ir.Body, pointers: list[ir.Value]) -> None:
        self.unguarded: set[ir.Value | None] = set()
        self.blind: dict[_Use, ir.Value] = {}
        self._at_label: dict[str, _State] = {}
        self._start = _State({value: (frozenset([value]), True) for value in pointers}, {}, frozenset())
        before: dict[str, _State] | None = None
        while before != self._at_label:
            before = dict(self._at_label)
            self._follow(body.ops)

    def _follow(self, ops: tuple[ir.Op, ...]) -> None:
        state: _State | None = self._start
        for op in ops:
            if isinstance(op, ir.Label):
                state = _merged(state, self._at_label.get(op.name))
            if state is None:
                continue
            self._use(op, state)
            state = self._after(op, state)

    def _use(self, op: ir.Op, state: _State) -> None:
        if not isinstance(op, (ir.Load, ir.Store, ir.AddStore, ir.Locate)) or op.address.base is None:
            return
        origins, may_be_none = state.registers.get(op.address.base, _UNSET)
        if may_be_none:
            self.unguarded |= origins
            if None in origins:
                self.blind[op] = op.address.base

    def _after(self, op: ir.Op, state: _State) -> _State | None:
        if isinstance(op, ir.Return):
            return None
        if isinstance(op, ir.Jump):
            self._arrive(op.label, state)
            return None
        if isinstance(op, ir.BranchIf):
            self._arrive(op.label, _known(state, op, taken=True))
            return _known(state, op, taken=False)
        if isinstance(op, (ir.Store, ir.AddStore)):
            return replace(state, sources={}, rows=frozenset())
        target = ir.defined(op)
        return state if target is None else _assigned(state, op, target)

    def _arrive(self, label: str, state: _State) -> None:
        merged = _merged(state, self._at_label.get(label))
        assert merged is not None
        self._at_label[label] = merged


def _assigned(state: _State, op: ir.Op, target: ir.Value) -> _State:
    """`state` after `op` has given `target` a value: what depended on its old one is forgotten."""
    registers = dict(state.registers)
    sources = {value: place for value, place in state.sources.items() if target not in (value, *place)}
    rows = frozenset(place for place in state.rows if target not in place)
    if isinstance(target.type, Pointer):
        registers[target] = _UNSET if target.type.lane else _FOUND
        if isinstance(op, ir.Set) and isinstance(op.source, ir.Value):
            registers[target] = state.registers.get(op.source, _UNSET)
        if isinstance(op, ir.Locate):  # an index has been checked
            registers[target] = (_FOUND[0], False)
        if isinstance(op, ir.Load) and target not in op.address.registers():
            place = _place(op.address)
            sources[target] = place
            registers[target] = (_FOUND[0], place not in rows)
    return _State(registers, sources, rows)


def _place(address: ir.Address) -> _Place:
    return (address.base, address.offset, address.index, address.scale)


def _merged(one: _State | None, other: _State | None) -> _State | None:
    if one is None or other is None:
        return other if one is None else one
    registers = {}
    for value in {*one.registers, *other.registers}:
        (a, a_none), (b, b_none) = one.registers.get(value, _UNSET), other.registers.get(value, _UNSET)
        registers[value] = (a | b, a_none or b_none)
    sources = {value: place for value, place in one.sources.items() if other.sources.get(value) == place}
    return _State(registers, sources, one.rows & other.rows)


def _known(state: _State, op: ir.BranchIf, *, taken: bool) -> _State:
    """`state` where the branch was taken, or was not: a pointer that is not None is known to be a row."""
    left, right = (op.right, op.left) if isinstance(op.left, ir.Const) else (op.left, op.right)
    says_row = op.comparison == ("!=" if taken else "==")
    if not (isinstance(left, ir.Value) and isinstance(right, ir.Const) and isinstance(left.type, Pointer) and says_row):
        return state
    registers = {**state.registers, left: (state.registers.get(left, _UNSET)[0], False)}
    place = state.sources.get(left)
    return replace(state, registers=registers, rows=state.rows if place is None else state.rows | {place})
