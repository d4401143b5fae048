"""What a function does with the rows that it is given: which of them must not be None.

A sequence uses a pointer's fields without a look. So None is refused for a pointer parameter whose fields are used
where nothing has compared it with None.
"""

from __future__ import annotations

from . import ir
from .types import Pointer

__all__ = ["required_rows"]

_Origins = frozenset[ir.Value]
_State = dict[ir.Value, tuple[_Origins, bool]]
"""Of each pointer register: the parameters that it may be a copy of, and whether it may be None."""

_NEW: tuple[_Origins, bool] = (frozenset(), False)


def required_rows(body: ir.Body) -> tuple[ir.Value, ...]:
    """The pointer parameters that must be a row: a field is used where the parameter may be None."""
    pointers = [value for value in body.parameters if isinstance(value.type, Pointer)]
    if not pointers:
        return ()
    unguarded = _Uses(body, pointers).unguarded
    return tuple(value for value in pointers if value in unguarded)


class _Uses:
    """Follows the pointer parameters through a body, until nothing new is found (a routine may branch back)."""

    def __init__(self, body: ir.Body, pointers: list[ir.Value]) -> None:
        self.unguarded: set[ir.Value] = set()
        self._at_label: dict[str, _State] = {}
        self._start: _State = {value: (frozenset([value]), True) for value in pointers}
        before: dict[str, _State] | None = None
        while before != self._at_label:
            before = {label: dict(state) for label, state in self._at_label.items()}
            self._follow(body.ops)

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
