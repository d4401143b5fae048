"""Arithmetic: operators on numbers of one type, and on constants, which are computed at once."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

from rseq._language import ir
from rseq._language.advice import as_float, as_integer, named, shown, written
from rseq._language.numbers import computed
from rseq._language.parser.expressions import Sides, kind_of, meaning, not_in_the_language, unify
from rseq._language.parser.scope import Literal, Meaning, Scope
from rseq._language.types import Scalar

OPERATORS: dict[type[ast.operator], tuple[ir.ArithmeticName, Callable[[Any, Any], Any]]] = {
    ast.Add: ("+", operator.add),
    ast.Sub: ("-", operator.sub),
    ast.Mult: ("*", operator.mul),
    ast.Div: ("/", operator.truediv),
    ast.FloorDiv: ("//", operator.floordiv),
    ast.Mod: ("%", operator.mod),
    ast.BitAnd: ("&", operator.and_),
    ast.BitOr: ("|", operator.or_),
    ast.BitXor: ("^", operator.xor),
    ast.LShift: ("<<", operator.lshift),
    ast.RShift: (">>", operator.rshift),
}
"""How each operator is written, and what it makes of two constants without a type."""

_MAX_FOLDED_SHIFT = 64


def binary(scope: Scope, node: ast.BinOp, into: str | None) -> Meaning:
    """Emit `left op right`."""
    left, right = meaning(scope, node.left), meaning(scope, node.right)
    return _arithmetic(scope, left, node.op, right, node, (node.left, node.right), into)


def augmented(scope: Scope, left: Meaning, right: Meaning, node: ast.AugAssign) -> Meaning:
    """Emit what `target op= value` computes, in the type of the target, which is `left`."""
    return _arithmetic(scope, left, node.op, right, node.value, (node.target, node.value), is_fixed=True)


def _arithmetic(
    scope: Scope,
    left: Meaning,
    op: ast.operator,
    right: Meaning,
    node: ast.expr,
    sides: Sides,
    into: str | None = None,
    *,
    is_fixed: bool = False,
) -> Meaning:
    """Emit `left op right`; both in one type. `node` is where that stands, and `sides` are where the operands do."""
    if type(op) not in OPERATORS:
        raise not_in_the_language(scope, node, op)
    sign, _ = OPERATORS[type(op)]
    if isinstance(left, Literal) and isinstance(right, Literal):
        return _fold(scope, left.number, op, right.number, node)
    left, right = _beside(left, sign, right), _beside(right, sign, left)
    for operand, side in zip((left, right), sides, strict=True):
        _require_number(scope, operand, sign, side)
    one, other = unify(scope, left, right, sides, is_fixed=is_fixed)
    _check_operator(scope, one, sign, other, node, sides)
    return _computed(scope, sign, one, other, node, into)


def _computed(
    scope: Scope, sign: ir.ArithmeticName, left: ir.Operand, right: ir.Operand, node: ast.expr, into: str | None
) -> Meaning:
    type = left.type
    if isinstance(left, ir.Const) and isinstance(right, ir.Const):
        assert isinstance(type, Scalar)
        return ir.Const(computed(sign, left.number, right.number, type), type)
    return scope.emit(ir.Arithmetic(scope.target(into, type), sign, left, right, scope.span(node))).target


def _fold(scope: Scope, left: int | float, op: ast.operator, right: int | float, node: ast.expr) -> Literal:
    sign, compute = OPERATORS[type(op)]
    text = f"{shown(left)} {sign} {shown(right)}"
    if sign == "<<" and not 0 <= right <= _MAX_FOLDED_SHIFT:
        raise scope.refuse(node, "constant-too-large", f"{text} is no 64-bit number", "shift less")
    try:
        return Literal(compute(left, right))
    except ZeroDivisionError:
        message, fix = f"{text} has no value", "divide by something else"
        raise scope.refuse(node, "division-by-zero", message, fix) from None
    except (ArithmeticError, TypeError, ValueError) as error:
        message = f"{text} has no value: {error}"
        raise scope.refuse(node, "constant-too-large", message, "write another constant") from None


def _beside(meaning: Meaning, sign: str, other: Meaning) -> Meaning:
    """A negative constant beside an unsigned number is what wraps around to it, where the result wraps as well.

    So `x & ~15` clears four bits, and `x + -1` is `x - 1`. What is divided, shifted or compared tells the two apart.
    """
    if not isinstance(meaning, Literal) or isinstance(other, Literal) or sign not in ("+", "-", "*", "&", "|", "^"):
        return meaning
    type = other.type
    if not isinstance(type, Scalar) or type.kind != "unsigned" or not isinstance(meaning.number, int):
        return meaning
    if not 0 <= ~meaning.number <= type.maximum:
        return meaning
    return Literal(int(type.wrap(meaning.number)))


def _require_number(scope: Scope, operand: Meaning, sign: str, node: ast.expr) -> None:
    """Refuse an operand that no operator takes, or not this one. `node` is the operand, which is to be converted."""
    takes_floats = sign in ("+", "-", "*", "/")
    if isinstance(operand, Literal):
        if not takes_floats and isinstance(operand.number, float):
            message, fix = f"{sign} is not defined for {operand.number}", f"write i64({written(operand.number)})"
            raise scope.refuse(node, "types-differ", message, fix)
        return
    kind, message = operand.type, f"{sign} is not defined for {kind_of(operand)}"
    if not isinstance(kind, Scalar):
        raise scope.refuse(node, "types-differ", message, "pointers are only compared")
    if kind.is_float and not takes_floats:
        raise scope.refuse(node, "types-differ", message, as_integer(kind, named(node)))
    if kind.kind == "bool" and sign not in ("&", "|", "^"):
        fix = as_float(kind, named(node)) if sign == "/" else as_integer(kind, named(node))
        raise scope.refuse(node, "types-differ", message, fix)


def _check_operator(scope: Scope, left: ir.Operand, sign: str, right: ir.Operand, node: ast.expr, sides: Sides) -> None:
    refuse = scope.refuse
    if sign == "/" and not left.type.is_float:
        dividend, divisor = (named(side) if isinstance(side, ast.Constant) else f"f64({named(side)})" for side in sides)
        fix = f"use //, or convert: {dividend} / {divisor}"
        raise refuse(node, "types-differ", f"/ is not defined for {left.type}", fix)
    if sign in ("//", "%"):
        if not isinstance(right, ir.Const):
            _leave_if_zero(scope, right, sign, sides[1])
        elif right.number == 0:
            raise refuse(node, "division-by-zero", f"{sign} by zero", "divide by something else")


def _leave_if_zero(scope: Scope, divisor: ir.Value, sign: str, node: ast.expr) -> None:
    """Emit what leaves a routine as Python does. In a sequence the contract sees to it that the divisor is not 0."""
    if not scope.is_routine:
        return
    span, divides = scope.span(node), scope.label("divides")
    scope.emit(ir.BranchIf(divisor, "!=", ir.Const(0, divisor.type), divides, span))
    scope.emit(
        ir.Raise(
            "ZeroDivisionError", f"{ast.unparse(node)} is 0, and {sign} divides by it", scope.output.fault_number, span
        )
    )
    scope.emit(ir.Label(divides, span))


def unary(scope: Scope, node: ast.UnaryOp, into: str | None) -> Meaning:
    """Emit `-x`, `+x` or `~x`."""
    operand = meaning(scope, node.operand)
    if isinstance(operand, Literal):
        return _fold_unary(scope, node, operand.number)
    kind = operand.type
    if isinstance(node.op, ast.UAdd):
        return operand
    if not isinstance(kind, Scalar) or kind.kind == "bool" or (isinstance(node.op, ast.Invert) and kind.is_float):
        message = f"{ast.unparse(node)} is not defined for {kind}"
        raise scope.refuse(node.operand, "types-differ", message, as_integer(kind, named(node.operand)))
    if isinstance(node.op, ast.Invert):
        return _computed(scope, "^", operand, ir.Const(kind.wrap(-1), kind), node, into)
    if kind.is_float:  # 0 - x has the wrong sign for 0.0
        return _computed(scope, "*", operand, ir.Const(-1.0, kind), node, into)
    return _computed(scope, "-", ir.Const(0, kind), operand, node, into)


def _fold_unary(scope: Scope, node: ast.UnaryOp, number: int | float) -> Meaning:
    if isinstance(node.op, ast.USub):
        return Literal(-number)
    if isinstance(node.op, ast.UAdd):
        return Literal(number)
    if isinstance(number, int):
        return Literal(~number)
    fix = f"convert it: i64({named(node.operand)})"
    raise scope.refuse(node.operand, "types-differ", "~ is not defined for a float", fix)
