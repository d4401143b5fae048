"""What a function does with the rows that it is given: which must not be None, and which must not be the same row.

A sequence uses a pointer's fields without a look. So None is refused for a pointer parameter whose fields are used
where nothing has compared it with None; and since pointer parameters do not overlap (the contract's aliasing rule),
two of them may not be one row if one is stored through and the other's fields are used.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

from . import ir
from .types import Pointer

__all__ = ["PointerUse", "pointer_use"]

_Origins = frozenset[ir.Value]
_State = dict[ir.Value, tuple[_Origins, bool]]
"""Of each pointer register: the parameters that it may be a copy of, and whether it may be None."""

_NEW: tuple[_Origins, bool] = (frozenset(), False)


@dataclass(frozen=True)
class PointerUse:
    """Pointer parameters in the order of the function's."""

    rows: tuple[ir.Value, ...]
    """Those that must be a row: a field is used where the parameter may be None."""
    distinct: tuple[tuple[ir.Value, ir.Value], ...]
    """Pairs that must not be the same row."""


def pointer_use(body: ir.Body) -> PointerUse:
    """What `body` does with its pointer parameters."""
    pointers = [value for value in body.parameters if isinstance(value.type, Pointer)]
    if not pointers:
        return PointerUse((), ())
    uses = _Uses(body, pointers)
    rows = tuple(value for value in pointers if value in uses.unguarded)
    pairs = (pair for pair in combinations(pointers, 2) if pair[0].type == pair[1].type and uses.clash(*pair))
    return PointerUse(rows, tuple(pairs))


class _Uses:
    """Follows the pointer parameters through a body, until nothing new is found (a routine may branch back)."""

    def __init__(self, body: ir.Body, pointers: list[ir.Value]) -> None:
        self.unguarded: set[ir.Value] = set()
        self.used: set[ir.Value] = set()
        self.written: set[ir.Value] = set()
        self._at_label: dict[str, _State] = {}
        self._start: _State = {value: (frozenset([value]), True) for value in pointers}
        before: dict[str, _State] | None = None
        while before != self._at_label:
            before = {label: dict(state) for label, state in self._at_label.items()}
            self._follow(body.ops)

    def clash(self, one: ir.Value, other: ir.Value) -> bool:
        """Whether a store through one of them may change what the other shows."""
        return (one in self.written and other in self.used) or (other in self.written and one in self.used)

    def _follow(self, ops: tuple[ir.Op, ...]) -> None:
        state: _State | None = dict(self._start)
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
        origins, may_be_none = state.get(op.address.base, _NEW)
        self.used |= origins
        self.written |= frozenset() if isinstance(op, ir.Load) else origins
        self.unguarded |= origins if may_be_none else frozenset()

    def _after(self, op: ir.Op, state: _State) -> _State | None:
        if isinstance(op, ir.Return):
            return None
        if isinstance(op, ir.Jump):
            self._arrive(op.label, state)
            return None
        if isinstance(op, ir.BranchIf):
            self._arrive(op.label, _known(state, op, taken=True))
            return _known(state, op, taken=False)
        target = ir.defined(op)
        if target is not None and isinstance(target.type, Pointer):
            is_copy = isinstance(op, ir.Set) and isinstance(op.source, ir.Value)
            state[target] = state.get(op.source, _NEW) if is_copy else _NEW  # type: ignore[union-attr, arg-type]
        return state

    def _arrive(self, label: str, state: _State) -> None:
        merged = _merged(state, self._at_label.get(label))
        assert merged is not None
        self._at_label[label] = merged


def _merged(one: _State | None, other: _State | None) -> _State | None:
    if one is None or other is None:
        return dict(other or {}) if one is None and other is not None else one
    merged: _State = {}
    for value in {*one, *other}:
        (a, a_none), (b, b_none) = one.get(value, _NEW), other.get(value, _NEW)
        merged[value] = (a | b, a_none or b_none)
    return merged


def _known(state: _State, op: ir.BranchIf, *, taken: bool) -> _State:
    """`state` where the branch was taken, or was not: a pointer that is not None is known to be a row."""
    left, right = (op.right, op.left) if isinstance(op.left, ir.Const) else (op.left, op.right)
    says_row = op.comparison == ("!=" if taken else "==")
    if not (isinstance(left, ir.Value) and isinstance(right, ir.Const) and isinstance(left.type, Pointer) and says_row):
        return dict(state)
    return {**state, left: (state.get(left, _NEW)[0], False)}
