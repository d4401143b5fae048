"""None as an index in compiled code: refused where a call of ours returned it, or may have, and nobody has asked.

`k = hits.add()` and then `out[k] = x` would write the whole array: `add` returns None, which NumPy takes for a new
axis, and `out[None]` is all of `out`. An index that somebody wrote as None, or as `np.newaxis`, is left alone.

`row = pool.acquire_row()` is a number, or None if all rows are held. A function that uses `pool[row]` compares `row`
with None somewhere. Where it does so is not looked at: what is None nevertheless is an IndexError when it runs.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

from numba.core import errors, ir
from numba.core.rewrites import Rewrite, register_rewrite
from numba.core.types import containers, misc

_INDEXED = ("getitem", "static_getitem", "typed_getitem")
_WHY = "which is no index: NumPy takes None for a new axis, and the whole array would be meant"
_UNASKED = "acquire_row() returns None if all rows are held: ask `if row is not None:` before `pool[row]`"
_FIX = "index with a number, such as a result -> i64 of a sequence of your own"


def refuse_none_of(kinds: tuple[type, ...], called: Callable[[Any], str]) -> None:
    """From now on Numba refuses indices that are None because a call of, or with, a value of `kinds` returned that.

    `called` is what messages call such a call, by the value's type.
    """

    @register_rewrite("after-inference")
    class _NoneAsIndex(Rewrite):
        def match(self, func_ir: Any, block: Any, typemap: Any, calltypes: Any) -> bool:
            for index, loc in _indices(block):
                for found in _Origins(func_ir, typemap, kinds).of(index):
                    raise errors.TypingError(f"{called(found)} returns None, {_WHY}; {_FIX}", loc=loc)
            return False


def _indices(block: Any) -> Iterator[tuple[Any, Any]]:
    """The variables that a block indexes with, and where."""
    for statement in block.body:
        if isinstance(statement, (ir.SetItem, ir.DelItem)):
            yield statement.index, statement.loc
        elif isinstance(statement, ir.StaticSetItem) and statement.index_var is not None:
            yield statement.index_var, statement.loc
        elif isinstance(statement, ir.Assign) and getattr(statement.value, "op", "") in _INDEXED:
            read = statement.value
            yield from ((part, statement.loc) for part in read.list_vars() if part.name != read.value.name)


def refuse_unasked(pools: type) -> None:
    """From now on Numba refuses `pool[row]`, of a pool of type `pools`, if `row` may be None and nobody has asked."""

    @register_rewrite("after-inference")
    class _UnaskedRow(Rewrite):
        def match(self, func_ir: Any, block: Any, typemap: Any, calltypes: Any) -> bool:
            for index, loc in _rows(block, typemap, pools):
                if isinstance(typemap.get(index.name), misc.Optional) and not _is_compared(func_ir, index.name):
                    raise errors.TypingError(_UNASKED, loc=loc)
            return False


def _rows(block: Any, typemap: Any, pools: type) -> Iterator[tuple[Any, Any]]:
    """The variables that a block indexes pools with, and where."""
    for statement in block.body:
        if isinstance(statement, ir.SetItem) and isinstance(typemap.get(statement.target.name), pools):
            yield statement.index, statement.loc
        read: Any = getattr(statement, "value", None)
        if getattr(read, "op", "") == "getitem" and isinstance(typemap.get(read.value.name), pools):
            yield read.index, statement.loc


def _is_compared(func_ir: Any, name: str) -> bool:
    """Whether a function compares a variable with something by `is`, or one that it is a copy of or that is a copy."""
    values = [one for block in func_ir.blocks.values() for one in block.find_insts(ir.Assign)]
    same, size = {name}, 0
    while size < len(same):
        size = len(same)
        for one in values:
            copied = {part.name for part in _copied(one.value)}
            if one.target.name in same or copied & same:
                same |= copied and {one.target.name, *copied}
    asked = [one.value for one in values if getattr(one.value, "op", "") == "binop"]
    return any(
        one.fn in (operator.is_, operator.is_not) and {one.lhs.name, one.rhs.name} & same  # the other one is None
        for one in asked
    )


def _copied(value: Any) -> list[Any]:
    """The variables that a value is the same as."""
    if isinstance(value, ir.Var):
        return [value]
    return list(value.incoming_values) if getattr(value, "op", "") == "phi" else []


class _Origins:
    """Which calls a variable's None comes from, in one function."""

    def __init__(self, func_ir: Any, typemap: Any, kinds: tuple[type, ...]) -> None:
        self.func_ir, self.typemap, self.kinds = func_ir, typemap, kinds

    def of(self, index: Any) -> Iterator[Any]:
        """The types of what was called."""
        waiting, seen = [index], set[str]()
        while waiting:
            variable = waiting.pop()
            if variable.name in seen or not _may_hold_none(self.typemap.get(variable.name)):
                continue
            seen.add(variable.name)
            for made in self._made(variable):
                yield from self._called(variable, made)
                waiting += _parts(made, self.typemap[variable.name])

    def _made(self, variable: Any) -> Iterator[Any]:
        for block in self.func_ir.blocks.values():
            for statement in block.find_insts(ir.Assign):
                if statement.target.name == variable.name:
                    yield statement.value

    def _called(self, variable: Any, made: Any) -> Iterator[Any]:
        if getattr(made, "op", "") == "call" and isinstance(self.typemap.get(variable.name), misc.NoneType):
            given = [made.func, *made.args, *(value for _, value in made.kws)]
            found = [self.typemap.get(one.name) for one in given]
            yield from [type for type in found if isinstance(type, self.kinds)][:1]


def _may_hold_none(type: Any) -> bool:
    return isinstance(type, (misc.NoneType, containers.BaseTuple, misc.SliceType))


def _parts(made: Any, type: Any) -> list[Any]:
    """The variables that a value of `type` is made of."""
    if isinstance(made, ir.Var):
        return [made]
    is_other_call = getattr(made, "op", "") == "call" and not isinstance(type, misc.SliceType)
    return [] if is_other_call or not isinstance(made, ir.Expr) else list(made.list_vars())
