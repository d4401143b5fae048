"""The meaning of an expression, brought to a type: what every other part asks."""

from __future__ import annotations

import ast
import math

from rseq._language import ir
from rseq._language.advice import as_integer, named, shown, to_type, types_that_hold, written
from rseq._language.errors import Refused
from rseq._language.numbers import converted
from rseq._language.parser.refused import instead_of
from rseq._language.parser.scope import Found, Literal, Meaning, Perhaps, Scope, Several
from rseq._language.types import SCALARS, Pointer, Scalar, Word, boolean

NOWHERE = Pointer(SCALARS["u8"])
"""The type of None before it meets a pointer."""


def result(scope: Scope, node: ast.expr, into: str | None = None) -> Found | None:
    """Emit what computes `node`; what it comes to, None where that is a call that returns nothing.

    `into` names the local that will hold the result.
    """
    reader = scope.readers.get(type(node))
    if reader is None:
        raise not_in_the_language(scope, node)
    return reader(scope, node, into)


def perhaps(scope: Scope, node: ast.expr, into: str | None = None) -> Found:
    """As `meaning`, and where a call may come to None, or to several numbers, also that."""
    found = result(scope, node, into)
    if found is None:
        assert isinstance(node, ast.Call)
        raise scope.refuse(node, "no-result", f"{ast.unparse(node.func)}() returns nothing", "call it alone")
    return found


def meaning(scope: Scope, node: ast.expr, into: str | None = None) -> Meaning:
    """Emit what computes `node`; the register, constant or literal that holds it."""
    found = perhaps(scope, node, into)
    if isinstance(found, Perhaps):
        what = ast.unparse(node)
        message = f"{what} may be None here"
        name = what if isinstance(node, ast.Name) and what.isidentifier() else "item"
        fix = f"first `if {name} is None:`, and leave or go on there"
        fix = fix if name == what else f"assign it to a local; then {fix}"
        raise scope.refuse(node, "may-be-nothing", message, fix)
    if isinstance(found, Several):
        message = f"{ast.unparse(node)} is {len(found.parts)} numbers"
        names = ", ".join("abcdefghijklmnop"[: len(found.parts)])
        raise scope.refuse(node, "types-differ", message, f"give each a name: {names} = …")
    return found


def operand(scope: Scope, node: ast.expr, into: str | None = None) -> ir.Operand:
    """Emit what computes `node`; a literal becomes i64 or f64."""
    return typed(scope, meaning(scope, node, into), node)


def value(scope: Scope, node: ast.expr, type: Word, into: str | None = None) -> ir.Operand:
    """Emit what computes `node`, brought to `type` where that loses nothing."""
    return coerce(scope, meaning(scope, node, into), type, node)


def integer(scope: Scope, node: ast.expr, what: str, place: ast.expr | None = None) -> ir.Operand:
    """Emit what computes `node`, an integer; a message about `place` says `what` if it is none."""
    found = operand(scope, node)
    if not found.type.is_integer:
        raise scope.refuse(place or node, "types-differ", f"{what}; got {kind_of(found)}", as_integer(found.type))
    return found


def not_in_the_language(scope: Scope, node: ast.AST, kind: ast.AST | None = None) -> Refused:
    """The exception for a statement, an expression or an operator (`kind`) that the language does not have."""
    what, fix = instead_of(kind or node)
    return scope.refuse(node, "not-in-the-language", f"{what} is not in the language", fix)


# ---- types


def typed(scope: Scope, meaning: Meaning, node: ast.expr) -> ir.Operand:
    """`meaning` with a type: a literal becomes i64 or f64."""
    if not isinstance(meaning, Literal):
        return meaning
    return coerce(scope, meaning, SCALARS["f64" if isinstance(meaning.number, float) else "i64"], node)


def coerce(scope: Scope, meaning: Meaning, type: Word, node: ast.expr, it: str = "…") -> ir.Operand:
    """`meaning` as a `type`: literals that fit, and narrower numbers of the same kind. A message calls it `it`."""
    if isinstance(meaning, Literal):
        return _constant(scope, meaning.number, type, node)
    if meaning.type == type:
        return meaning
    if isinstance(meaning, ir.Const) and isinstance(meaning.type, Pointer) and isinstance(type, Pointer):
        return ir.Const(0, type)
    if isinstance(meaning.type, Scalar) and isinstance(type, Scalar) and widens(meaning.type, type):
        return convert(scope, meaning, type, node, None)
    message = f"expected {type}, got {kind_of(meaning)}"
    raise scope.refuse(node, "types-differ", message, to_type(meaning.type, type, it))


Sides = tuple[ast.expr, ast.expr]
"""What stands on the left and on the right of an operator."""


def unify(
    scope: Scope, left: Meaning, right: Meaning, sides: Sides, *, is_fixed: bool = False
) -> tuple[ir.Operand, ir.Operand]:
    """Both operands in one type: that of the wider one, if they are of one kind. Else one is refused, where it stands.

    `is_fixed`: what is on the left is also where the result goes, so it is the right one that is converted.
    """
    on_left, on_right = sides
    if isinstance(left, Literal) and isinstance(right, Literal):
        kind = SCALARS["f64" if isinstance(left.number, float) or isinstance(right.number, float) else "i64"]
        return coerce(scope, left, kind, on_left), coerce(scope, right, kind, on_right)
    if not is_fixed:
        _require_beside(scope, left, right, on_left)
        _require_beside(scope, right, left, on_right)
    if isinstance(right, Literal):
        assert not isinstance(left, Literal)
        return left, coerce(scope, right, left.type, on_right)
    if isinstance(left, Literal) or (isinstance(left, ir.Const) and isinstance(left.type, Pointer)):
        return coerce(scope, left, right.type, on_left), right
    if isinstance(left.type, Scalar) and isinstance(right.type, Scalar) and widens(left.type, right.type):
        return coerce(scope, left, right.type, on_left), right
    return left, coerce(scope, right, left.type, on_right, named(on_right))


def _require_beside(scope: Scope, operand: Meaning, other: Meaning, node: ast.expr) -> None:
    """Refuse an integer beside a float, and the narrower of two integers of different kinds: it is to be converted."""
    if isinstance(operand, Literal) or not isinstance(operand.type, Scalar) or not operand.type.is_integer:
        return
    wanted = SCALARS["f64" if isinstance(other.number, float) else "i64"] if isinstance(other, Literal) else other.type
    if not isinstance(wanted, Scalar) or (isinstance(other, Literal) and not wanted.is_float):
        return
    is_narrower = wanted.is_integer and wanted.kind != operand.type.kind and operand.type.size < wanted.size
    if wanted.is_float or is_narrower:
        message = f"expected {wanted}, got {operand.type}"
        raise scope.refuse(node, "types-differ", message, to_type(operand.type, wanted, named(node)))


def convert(scope: Scope, source: ir.Operand, type: Scalar, node: ast.expr, into: str | None) -> ir.Operand:
    """Emit a conversion."""
    if isinstance(source, ir.Const):
        return converted_constant(scope, source.number, type, node)
    return scope.emit(ir.Convert(scope.target(into, type), source, scope.span(node))).target


def _constant(scope: Scope, number: int | float, type: Word, node: ast.expr) -> ir.Const:
    if not isinstance(type, Scalar) or type.kind == "bool":
        fix = "write True or False, or compare" if type is boolean else f"use None, or one of type {type}"
        raise scope.refuse(node, "types-differ", f"expected {type}, got the number {shown(number)}", fix)
    if type.is_float:
        return _float(scope, number, type, node)
    if isinstance(number, float):
        raise scope.refuse(node, "types-differ", f"expected {type}, got {number}", f"write {type}({written(number)})")
    if not type.minimum <= number <= type.maximum:
        message = f"{shown(number)} does not fit {type} ({type.minimum} … {type.maximum})"
        raise scope.refuse(node, "constant-too-large", message, types_that_hold(number, type))
    return ir.Const(number, type)


def _float(scope: Scope, number: int | float, type: Scalar, node: ast.expr) -> ir.Const:
    constant = converted_constant(scope, number, type, node)
    if math.isinf(constant.number) and isinstance(number, int):
        raise _too_many_bits(scope, number, type, node)
    if math.isinf(constant.number) and not math.isinf(number):
        fix = f"use f64, or write {type}({number}) for infinity"
        raise scope.refuse(node, "constant-too-large", f"{number} does not fit {type}", fix)
    return constant


def converted_constant(scope: Scope, number: int | float, type: Scalar, node: ast.expr) -> ir.Const:
    """A number that is converted when the function is compiled."""
    try:
        return ir.Const(converted(number, type), type)
    except OverflowError:
        raise _too_many_bits(scope, int(number), type, node) from None


def _too_many_bits(scope: Scope, number: int, type: Scalar, node: ast.expr) -> Refused:
    message = f"the constant does not fit {type}: it has {number.bit_length()} bits"
    fix = f"use a float, such as {'1e30' if type.bits == 32 else '1e300'}"
    return scope.refuse(node, "constant-too-large", message, fix)


def kind_of(operand: ir.Operand) -> str:
    """How messages call the type of an operand. The only pointer that is a constant is None."""
    return "None" if isinstance(operand, ir.Const) and isinstance(operand.type, Pointer) else str(operand.type)


def widens(narrow: Scalar, wide: Scalar) -> bool:
    """True if each number of the one type is one of the other, of the same kind."""
    return narrow.kind == wide.kind and narrow.size < wide.size
