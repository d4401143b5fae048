"""What a function does with pointers: which of them may be None where their fields are used, and where they are from.

A sequence uses a pointer's fields without a look, and following None ends the process. So None is refused for a
pointer parameter whose fields are used where nothing has compared it with None; and a pointer that was found in memory
must have been compared, since memory begins as zeros.
"""

from __future__ import annotations

from collections.abc import Mapping

from rseq._language import ir
from rseq._language.types import Buffer, Pointer

_Origins = frozenset[ir.Value | None]

Origins = Mapping[tuple[int, ir.Value | None], _Origins]
"""For each operation that uses a pointer's fields, by its index and the pointer: the parameters that it may be."""

FOUND: _Origins = frozenset([None])
"""Those of a pointer that was found in memory."""

_UNSET: tuple[_Origins, bool] = (frozenset(), False)
_FOUND: tuple[_Origins, bool] = (FOUND, True)


_State = Mapping[ir.Value, tuple[_Origins, bool]]
"""The parameters that a pointer may be a copy of (None: it is from elsewhere), and if it may be None.

What is followed is the very value that was compared. To compare what memory holds, and load it again, proves nothing:
another CPU may store there in between, and to a routine's words any sequence may.
"""


def _bases(op: ir.Op) -> list[ir.Value]:
    """The pointers whose memory an operation uses."""
    return [place.base for place in op.places if place.base is not None]


def required_rows(body: ir.Body) -> tuple[ir.Value, ...]:
    """The pointer parameters that must be a row: a field is used where the parameter may be None."""
    pointers = [value for value in body.parameters if isinstance(value.type, Pointer)]
    if not pointers:
        return ()
    unguarded = _Uses(body, pointers).unguarded
    return tuple(value for value in pointers if value in unguarded)


def followed_blindly(body: ir.Body) -> list[tuple[ir.Op, ir.Value]]:
    """The operations that use a field of a pointer which is no parameter and may be None, with the pointer."""
    pointers = [value for value in body.parameters if isinstance(value.type, Pointer)]
    return list(_Uses(body, pointers).blind.items())


def origins(body: ir.Body) -> Origins:
    """The parameters that pointers may be, where their fields are used.

    None among them: it may be one that was found in memory. A buffer is itself. Pointers that are stored are there.
    """
    if not any(_bases(op) for op in body.ops):
        return {}
    return _Uses(body, [value for value in body.parameters if isinstance(value.type, Pointer)]).origins


class _Uses:
    """Follows the pointer parameters through a body, until nothing new is found (a routine may branch back)."""

    def __init__(self, body: ir.Body, pointers: list[ir.Value]) -> None:
        self.unguarded: set[ir.Value | None] = set()
        self.blind: dict[ir.Op, ir.Value] = {}
        self.origins: dict[tuple[int, ir.Value | None], _Origins] = {}
        self._body = body
        self._states: dict[int, _State] = {0: {value: (frozenset([value]), True) for value in pointers}}
        before: dict[int, _State] = {}
        while before != self._states:
            before = dict(self._states) if body.graph.has_loops else self._states
            self._follow()

    def _follow(self) -> None:
        for index, op in enumerate(self._body.ops):
            state = self._states.get(index)
            if state is not None:
                self._use(index, op, state)
                self._pass_on(index, op, state)

    def _use(self, index: int, op: ir.Op, state: _State) -> None:
        if isinstance(op, ir.Store) and isinstance(op.source, ir.Value) and isinstance(op.source.type, Pointer):
            stored = state.get(op.source, _UNSET)[0]
            self.origins[index, op.source] = self.origins.get((index, op.source), frozenset()) | stored
        for base in _bases(op):
            given = (frozenset([base]), False) if isinstance(base.type, Buffer) else _UNSET
            origins, may_be_none = state.get(base, given)
            self.origins[index, base] = self.origins.get((index, base), frozenset()) | origins
            if may_be_none:
                self.unguarded |= origins
                if None in origins:
                    self.blind.setdefault(op, base)

    def _pass_on(self, index: int, op: ir.Op, state: _State) -> None:
        graph, target = self._body.graph, op.result
        after = state if target is None else _assigned(state, op, target)
        for way, following in enumerate(graph.next[index]):
            known = _known(after, op, taken=way == 0) if isinstance(op, ir.BranchIf) else after
            arrived = self._states.get(following) if len(graph.into(following)) > 1 else None
            self._states[following] = _merged(known, arrived)


def _assigned(state: _State, op: ir.Op, target: ir.Value) -> _State:
    """`state` after `op` has given `target` a value."""
    registers = {**state}
    if isinstance(op, (ir.Arithmetic, ir.Convert)):  # an index on its way to a row
        known = [state[value][0] for value in op.used if value in state]
        registers.pop(target, None)
        if known:
            registers[target] = (frozenset().union(*known), False)
    elif isinstance(target.type, Pointer):
        registers[target] = _UNSET if target.type.lane else _FOUND
        if isinstance(op, ir.Set) and isinstance(op.source, ir.Value):
            registers[target] = state.get(op.source, _UNSET)
        if isinstance(op, ir.Locate):  # an index has been checked
            index = op.address.index
            registers[target] = (FOUND if index is None else state.get(index, _FOUND)[0], False)
    return registers


def _merged(one: _State, other: _State | None) -> _State:
    if other is None:
        return one
    registers = {}
    for value in {*one, *other}:
        (a, a_none), (b, b_none) = one.get(value, _UNSET), other.get(value, _UNSET)
        registers[value] = (a | b, a_none or b_none)
    return registers


def _known(state: _State, op: ir.BranchIf, *, taken: bool) -> _State:
    """`state` where the branch was taken, or was not: a pointer that is not None is known to be a row."""
    left, right = (op.right, op.left) if isinstance(op.left, ir.Const) else (op.left, op.right)
    says_row = op.comparison == ("!=" if taken else "==")
    if not (isinstance(left, ir.Value) and isinstance(right, ir.Const) and isinstance(left.type, Pointer) and says_row):
        return state
    return {**state, left: (state.get(left, _UNSET)[0], False)}
