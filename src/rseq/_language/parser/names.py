"""Names and constants: what a name means here, and what is known before the function runs."""

from __future__ import annotations

import ast
import enum
import operator
from types import ModuleType
from typing import SupportsIndex, cast

from rseq._language import ir
from rseq._language.errors import Refused
from rseq._language.parser.expressions import NOWHERE
from rseq._language.parser.scope import Found, Literal, Meaning, Scope
from rseq._language.types import Array, boolean

_OWNERS = (ModuleType, type, enum.Enum)
"""What has attributes that are constants."""


def constant(scope: Scope, node: ast.Constant, into: str | None) -> Meaning:
    """A constant in the source."""
    return python_value(scope, node.value, node)


def name(scope: Scope, node: ast.Name, into: str | None) -> Found:
    """A local, or a constant from outside."""
    if scope.buffer(node) is not None:
        message = f"{node.id} is a buffer; it is not a value"
        fix = f"use len({node.id}), a u64, a byte {node.id}[i], a u8, or rseq.copy()"
        raise scope.refuse(node, "buffer-as-value", message, fix)
    if node.id in scope.names:
        return scope.names[node.id]
    if node.id in scope.failed:
        raise Refused
    if node.id == scope.lane:
        message = f"{node.id} is this CPU's record; it is not a value"
        raise scope.refuse(node, "lane-as-value", message, f"use its fields: {node.id}.{_first_field(scope)}")
    if scope.assigned[node.id]:
        message = f"{node.id} may not have a value here"
        raise scope.refuse(node, "unassigned", message, "assign it on every path that leads here")
    return python_value(scope, static(scope, node), node)


def python_value(scope: Scope, value: object, node: ast.expr) -> Meaning:
    """What a Python object means: a number, a bool or None."""
    if isinstance(value, bool):
        return ir.Const(int(value), boolean)
    if isinstance(value, (int, float)):  # or a subclass, such as an IntEnum
        return Literal(int(value) if isinstance(value, int) else float(value))
    if value is None:
        return ir.Const(0, NOWHERE)
    if hasattr(type(value), "__index__"):  # NumPy's integers
        return Literal(operator.index(cast("SupportsIndex", value)))
    is_number = isinstance(value, enum.Enum) and isinstance(value.value, (int, float))
    fix = f"use {ast.unparse(node)}.value" if is_number else "use numbers, True, False or None"
    raise scope.refuse(node, "not-a-number", f"{value!r} is no number", fix)


def static(scope: Scope, node: ast.expr) -> object:
    """The Python object that a name outside the function refers to, or an attribute of a module, class or enum."""
    if isinstance(node, ast.Name):
        return _static_name(scope, node)
    if isinstance(node, ast.Attribute):
        owner = static(scope, node.value)
        if isinstance(owner, _OWNERS):
            try:
                return scope.signature.source.attribute(owner, node.attr)
            except AttributeError:
                message = f"{ast.unparse(node.value)} has no {node.attr!r}"
                raise scope.refuse(node, "unknown-name", message, "define it before use") from None
    raise scope.refuse(node, "not-in-the-language", "expected a name known before the sequence runs", "use a name")


def _static_name(scope: Scope, node: ast.Name) -> object:
    if node.id in scope.names or node.id == scope.lane:
        message = f"{node.id} is a value: it has no methods, and cannot be called"
        fix = "use operators, or a function from outside, such as rseq.ctz(x)"
        raise scope.refuse(node, "not-in-the-language", message, fix)
    if node.id in scope.failed:
        raise Refused
    known = scope.signature.source.names
    if node.id not in known:
        raise scope.refuse(node, "unknown-name", f"{node.id} is not defined", "define it before use")
    return known[node.id]


def is_known(scope: Scope, node: ast.expr) -> bool:
    """True for a module, a class or an enum's member, whose attributes are constants."""
    if isinstance(node, ast.Attribute):
        return is_known(scope, node.value)
    if not isinstance(node, ast.Name) or node.id in scope.types or scope.assigned[node.id] or node.id == scope.lane:
        return False
    return isinstance(scope.signature.source.names.get(node.id), _OWNERS)


def _first_field(scope: Scope) -> str:
    name, field = next(iter(scope.output.record.fields.items()))
    return f"{name}[{', '.join('0' * len(field.type.shape))}]" if isinstance(field.type, Array) else name
