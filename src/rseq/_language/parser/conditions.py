"""Conditions: comparisons, `and`, `or`, `not` and conditional expressions, as branches. As a value, one is 0 or 1."""

from __future__ import annotations

import ast

from rseq._language import ir
from rseq._language.numbers import compare
from rseq._language.parser import arithmetic
from rseq._language.parser.expressions import Sides, meaning, not_in_the_language, operand, unify, value
from rseq._language.parser.scope import Literal, Meaning, Perhaps, Scope
from rseq._language.types import Pointer, boolean

COMPARISONS: dict[type[ast.cmpop], ir.ComparisonName] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Is: "==",
    ast.IsNot: "!=",
}


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def unary(scope: Scope, node: ast.UnaryOp, into: str | None) -> Meaning:
    """`not x` is a condition, others are arithmetic."""
    return (truth if isinstance(node.op, ast.Not) else arithmetic.unary)(scope, node, into)


def truth(scope: Scope, node: ast.expr, into: str | None = None) -> Meaning:
    """A condition as a value: 1, unless a branch is taken to where it stays 0."""
    span = scope.span(node)
    result, done = scope.temporary(boolean), scope.label("known")
    scope.emit(ir.Set(result, ir.Const(0, boolean), span))
    jump_unless(scope, node, done)
    scope.emit(ir.Set(result, ir.Const(1, boolean), span))
    scope.emit(ir.Label(done, span))
    return result


def chosen(scope: Scope, node: ast.IfExp, into: str | None) -> Meaning:
    """Emit a conditional expression."""
    span = scope.span(node)
    if _is_none(node.body):  # the other one has a type
        test = ast.copy_location(ast.UnaryOp(ast.Not(), node.test), node.test)
        node = ast.copy_location(ast.IfExp(test, node.orelse, node.body), node)
    other, done = scope.label("else"), scope.label("chosen")
    jump_unless(scope, node.test, other)
    names = dict(scope.names)
    body = operand(scope, node.body)
    result = scope.temporary(body.type)
    scope.emit(ir.Set(result, body, span))
    scope.emit(ir.Jump(done, span))
    scope.emit(ir.Label(other, span))
    scope.names = dict(names)
    scope.emit(ir.Set(result, value(scope, node.orelse, body.type), span))
    scope.names = names
    scope.emit(ir.Label(done, span))
    return result


def jump_unless(scope: Scope, node: ast.expr, label: str) -> None:
    """Emit: go to `label` if the condition is false."""
    _branch(scope, node, label, False)


def _branch(scope: Scope, node: ast.expr, label: str, when: bool) -> None:
    """Emit: go to `label` if the condition is `when`."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        _branch(scope, node.operand, label, not when)
    elif isinstance(node, ast.BoolOp):
        _branch_bool(scope, node, label, when)
    elif isinstance(node, ast.Compare):
        _branch_compare(scope, node, label, when)
    else:
        condition = operand(scope, node)
        zero = ir.Const(0.0 if condition.type.is_float else 0, condition.type)
        _branch_if(scope, condition, "!=" if when else "==", zero, label, node)


def _branch_bool(scope: Scope, node: ast.BoolOp, label: str, when: bool) -> None:
    """All operands but the first may not be reached, so what they find is forgotten."""
    decisive = isinstance(node.op, ast.Or)  # the value of one operand that decides the whole
    skip = label if when == decisive else scope.label("decided")
    names = None
    for part in node.values[:-1]:
        _branch(scope, part, skip, decisive)
        names = dict(scope.names) if names is None else names
    _branch(scope, node.values[-1], label, when)
    scope.names = scope.names if names is None else names
    if skip != label:
        scope.emit(ir.Label(skip, scope.span(node)))


def _branch_compare(scope: Scope, node: ast.Compare, label: str, when: bool) -> None:
    held = scope.names.get(node.left.id) if isinstance(node.left, ast.Name) else None
    if isinstance(held, Perhaps) and len(node.ops) == 1 and _is_none(node.comparators[0]):
        is_missing = isinstance(node.ops[0], (ast.Is, ast.Eq)) == when
        _branch_if(scope, held.missing, "!=" if is_missing else "==", ir.Const(0, boolean), label, node)
        return
    skip = scope.label("decided")
    left, left_node, names = meaning(scope, node.left), node.left, None
    for op, right_node in zip(node.ops, node.comparators, strict=True):
        sign = COMPARISONS.get(type(op))
        if sign is None:
            raise not_in_the_language(scope, node, op)
        right = meaning(scope, right_node)
        a, b = _comparable(scope, node, left, op, right, (left_node, right_node))
        names = dict(scope.names) if names is None else names
        if when and right_node is node.comparators[-1]:
            _branch_if(scope, a, sign, b, label, node)
        else:
            _branch_if_not(scope, a, sign, b, skip if when else label, node)
        left, left_node = right, right_node
    scope.names = scope.names if names is None else names
    if when and len(node.ops) > 1:
        scope.emit(ir.Label(skip, scope.span(node)))


def _comparable(
    scope: Scope, node: ast.Compare, left: Meaning, op: ast.cmpop, right: Meaning, sides: Sides
) -> tuple[ir.Operand, ir.Operand]:
    """Both sides of a comparison in one type, for which it is defined."""
    if _is_none(sides[1]) and not isinstance(left, Literal) and not isinstance(left.type, Pointer):
        message = f"{ast.unparse(node.left)} is {left.type}, which is never None"
        raise scope.refuse(node, "types-differ", message, "leave the comparison out")
    a, b = unify(scope, left, right, sides)
    if isinstance(op, (ast.Is, ast.IsNot)) and not isinstance(a.type, Pointer):
        raise scope.refuse(node, "not-in-the-language", "`is` compares a pointer with None", "use ==")
    if isinstance(a.type, Pointer) and (sign := COMPARISONS[type(op)]) not in ("==", "!="):
        raise scope.refuse(node, "types-differ", f"{sign} is not defined for pointers", "use == or !=")
    return a, b


def _branch_if_not(
    scope: Scope, a: ir.Operand, sign: ir.ComparisonName, b: ir.Operand, label: str, node: ast.expr
) -> None:
    if not a.type.is_float or sign in ("==", "!="):
        _branch_if(scope, a, ir.COMPARISONS[sign], b, label, node)
        return
    holds, span = scope.label("holds"), scope.span(node)  # NaN: not (a < b) is not a >= b
    _branch_if(scope, a, sign, b, holds, node)
    scope.emit(ir.Jump(label, span))
    scope.emit(ir.Label(holds, span))


def _branch_if(scope: Scope, a: ir.Operand, sign: ir.ComparisonName, b: ir.Operand, label: str, node: ast.expr) -> None:
    span = scope.span(node)
    if not isinstance(a, ir.Const) or not isinstance(b, ir.Const):
        scope.emit(ir.BranchIf(a, sign, b, label, span))
    elif compare(a.number, sign, b.number):
        scope.emit(ir.Jump(label, span))
