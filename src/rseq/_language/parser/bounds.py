"""Indices: where one is checked, and which needs no check."""

from __future__ import annotations

import ast

from rseq._language import ir
from rseq._language.parser.expressions import integer
from rseq._language.parser.scope import Scope

AN_INTEGER = "an index is an integer"


def in_register(scope: Scope, node: ast.expr) -> ir.Value:
    """An index in a register, also where it is a constant."""
    index = integer(scope, node, AN_INTEGER)
    if isinstance(index, ir.Value):
        return index
    return scope.emit(ir.Set(scope.temporary(index.type), index, scope.span(node))).target


def constant_or_checked(scope: Scope, node: ast.expr, length: int, array: str) -> ir.Value | int:
    """An index of an array of `length` elements: a constant that is one of them, or a register that is checked."""
    index = integer(scope, node, AN_INTEGER)
    if isinstance(index, ir.Value):
        _check_element(scope, index, length, array, node)
        return index
    if not 0 <= index.number < length:
        message = f"index {index.number} is out of range for {array}, which has {length} elements"
        fix = f"use 0 … {length - 1}" if length > 1 else "use 0"
        raise scope.refuse(node, "index-out-of-range", message, fix)
    return int(index.number)


def _check_element(scope: Scope, index: ir.Value, length: int, array: str, node: ast.expr) -> None:
    """Check an index: before the section if it is a parameter and used on every path, inside it otherwise.

    One that is masked needs no check.
    """
    output = scope.output
    if (most := output.most(index)) is not None and most < length:
        return
    if any(one.index == index and isinstance(one.length, int) and one.length <= length for one in output.checks):
        return
    check = new_check(scope, index, length, array, node)
    straight = all(op.here is None and op.goes_to is None and not op.ends for op in output.ops)
    if straight and index in output.parameters and not output.is_routine:
        output.checks.append(check)
    else:
        scope.emit(check)


def new_check(
    scope: Scope,
    index: ir.Value,
    length: int | ir.Value,
    array: str,
    node: ast.expr,
    *,
    fault: str = "",
    inclusive: bool = False,
) -> ir.Check:
    """A check with the next number; an index that is `inclusive` may be `length` itself."""
    if inclusive and isinstance(length, int):
        length, inclusive = length + 1, False
    written, number = ast.unparse(node), scope.output.fault_number
    return ir.Check(index, length, array, written, number, scope.span(node), fault, inclusive)
