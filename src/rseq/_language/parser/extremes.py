"""`min`, `max` and `abs` of numbers: as Python has them, in one type, with a branch for each comparison."""

from __future__ import annotations

import ast
import builtins
import functools

from rseq._language import ir
from rseq._language.advice import as_integer
from rseq._language.numbers import compare
from rseq._language.parser.expressions import coerce, kind_of, meaning, widens
from rseq._language.parser.scope import Literal, Meaning, Scope
from rseq._language.types import Scalar

_SIGNS: dict[object, ir.ComparisonName] = {builtins.min: "<", builtins.max: ">"}

CALLED: tuple[object, ...] = (builtins.min, builtins.max, builtins.abs)
"""The functions of Python that this file is about."""


def extreme(scope: Scope, node: ast.Call, callee: object, into: str | None) -> Meaning:
    """Emit a call of one of `CALLED`; what it comes to."""
    return absolute(scope, node, into) if callee is builtins.abs else outermost(scope, node, _SIGNS[callee], into)


def outermost(scope: Scope, node: ast.Call, sign: ir.ComparisonName, into: str | None) -> Meaning:
    """Emit `min(a, b, …)` (`<`) or `max` (`>`): the first of those that no other is less, or greater, than."""
    name = ast.unparse(node.func)
    if len(node.args) < 2:
        message = f"{name}() takes two numbers or more; got {len(node.args)}"
        raise scope.refuse(node, "wrong-arguments", message, "name each one, as in min(n, 7)")
    found = [_number(scope, argument, name) for argument in node.args]
    literals = [one.number for one in found if isinstance(one, Literal)]
    if len(literals) == len(found):
        return Literal(min(literals) if sign == "<" else max(literals))
    operands = _in_one_type(scope, found, node)
    if all(isinstance(one, ir.Const) for one in operands):
        best = operands[0]
        for one in operands[1:]:
            best = one if _is_better(one, sign, best) else best
        return best
    return _chosen(scope, operands, sign, node)


def _chosen(scope: Scope, operands: list[ir.Operand], sign: ir.ComparisonName, node: ast.Call) -> ir.Value:
    span = scope.span(node)
    best = scope.temporary(operands[0].type)
    scope.emit(ir.Set(best, operands[0], span))
    for one in operands[1:]:
        better, kept = scope.label("better"), scope.label("kept")
        if one.type.is_float:  # NaN: not (a < b) is not a >= b
            scope.emit(ir.BranchIf(one, sign, best, better, span))
            scope.emit(ir.Jump(kept, span))
            scope.emit(ir.Label(better, span))
        else:
            scope.emit(ir.BranchIf(one, ir.COMPARISONS[sign], best, kept, span))
        scope.emit(ir.Set(best, one, span))
        scope.emit(ir.Label(kept, span))
    return best


def _is_better(one: ir.Operand, sign: ir.ComparisonName, best: ir.Operand) -> bool:
    assert isinstance(one, ir.Const)
    assert isinstance(best, ir.Const)
    return compare(one.number, sign, best.number)


def _in_one_type(scope: Scope, found: list[Meaning], node: ast.Call) -> list[ir.Operand]:
    """All in the widest type there is among them; constants take it."""
    types = [one.type for one in found if isinstance(one, (ir.Value, ir.Const)) and isinstance(one.type, Scalar)]
    widest = functools.reduce(lambda known, type: type if widens(known, type) else known, types)
    return [coerce(scope, one, widest, argument) for one, argument in zip(found, node.args, strict=True)]


def absolute(scope: Scope, node: ast.Call, into: str | None) -> Meaning:
    """Emit `abs(x)`. The smallest number of a signed type has no opposite there, and wraps around to itself."""
    if len(node.args) != 1:
        message = f"abs() takes one argument; got {len(node.args)}"
        raise scope.refuse(node, "wrong-arguments", message, "pass one number")
    x = _number(scope, node.args[0], "abs")
    if isinstance(x, Literal):
        return Literal(abs(x.number))
    kind, span = x.type, scope.span(node)
    assert isinstance(kind, Scalar)
    if isinstance(x, ir.Const):
        return ir.Const(kind.wrap(abs(x.number)), kind)
    if kind.kind == "unsigned":
        return x
    zero, done, result = ir.Const(0.0 if kind.is_float else 0, kind), scope.label("positive"), scope.temporary(kind)
    scope.emit(ir.Set(result, x, span))
    scope.emit(ir.BranchIf(x, ">", zero, done, span))  # 0.0 - -0.0 is 0.0
    scope.emit(ir.Arithmetic(result, "-", zero, x, span))
    scope.emit(ir.Label(done, span))
    return result


def _number(scope: Scope, node: ast.expr, name: str) -> Meaning:
    found = meaning(scope, node)
    if isinstance(found, Literal) or (isinstance(found.type, Scalar) and found.type.kind != "bool"):
        return found
    raise scope.refuse(node, "types-differ", f"{name}() takes numbers; got {kind_of(found)}", as_integer(found.type))
