"""Calls of sequences and routines, and the arguments of those and of inline functions."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from rseq._language import ir
from rseq._language.ir import Compiled
from rseq._language.parser.expressions import value
from rseq._language.parser.memory import require_writable
from rseq._language.parser.scope import Meaning, Perhaps, Scope
from rseq._language.signature import with_lengths
from rseq._language.types import Buffer, RecordType, boolean


def compiled_call(scope: Scope, node: ast.Call, callee: Compiled, into: str | None) -> Meaning | Perhaps | None:
    """Emit a call of a sequence or a routine; what it comes to."""
    name, body, span = callee.__name__, callee.body, scope.span(node)
    if not scope.is_routine:
        message, why = f"{name}() is a call", "a critical section is left by a call, and no longer protected"
        raise scope.refuse(node, "call-in-sequence", message, "call both from a @rseq.routine", why)
    arguments = after_lane(scope, node, name, body.lane, body.record, "routine")
    values = with_lengths(passed(scope, node, name, arguments, body.given, body.defaults))
    rows = [scope.output.rows_of(rows.target) for rows in body.rows]  # this one is bound with the same arrays
    values += tuple(register for own in rows for register in (own.first, own.length))
    if body.maybe:
        assert body.result is not None
        found = Perhaps(scope.temporary(body.result), scope.temporary(boolean))
        scope.emit(ir.Call(found.value, callee, values, span, found.missing))
        return found
    target = scope.target(into, body.result) if body.result else None
    return scope.emit(ir.Call(target, callee, values, span)).target


def after_lane(scope: Scope, node: ast.Call, callee: str, lane: str, record: RecordType, here: str) -> list[ast.expr]:
    """The arguments after the record, which the callee calls `lane`. `here` is what calls it, for a message."""
    first = node.args[0] if node.args else None
    if not isinstance(first, ast.Name) or not scope.lane or first.id != scope.lane:
        wanted = scope.lane or lane
        fix = f"{callee}({wanted}, …)" if scope.lane else f"give this function the record too: {lane}"
        raise scope.refuse(node, "wrong-arguments", f"{callee}() takes {wanted} first", fix)
    own = scope.output.record
    if record is not own:
        message = f"{callee}() works on {record.__name__}, this {here} on {own.__name__}"
        raise scope.refuse(node, "wrong-arguments", message, "use one record")
    return node.args[1:]


def passed(
    scope: Scope,
    node: ast.Call,
    callee: str,
    arguments: list[ast.expr],
    parameters: Sequence[ir.Value],
    defaults: Mapping[str, int | float],
) -> list[ir.Operand]:
    """Emit what computes the arguments: an operand for each parameter, defaults included."""
    if not len(parameters) - len(defaults) <= len(arguments) <= len(parameters):
        after = f" after {scope.lane}" if len(arguments) < len(node.args) else ""
        message = f"{callee}() takes {len(parameters)} arguments{after}; got {len(arguments)}"
        raise scope.refuse(node, "wrong-arguments", message, "pass each of them")
    values = [_passed(scope, argument, one) for argument, one in zip(arguments, parameters, strict=False)]
    return values + [ir.Const(defaults[one.name], one.type) for one in parameters[len(values) :]]


def _passed(scope: Scope, node: ast.expr, parameter: ir.Value) -> ir.Operand:
    if not isinstance(parameter.type, Buffer):
        return value(scope, node, parameter.type)
    buffer = scope.buffer(node)
    if buffer is None:
        message = f"{parameter.name} is {parameter.type}; expected a buffer"
        raise scope.refuse(node, "types-differ", message, "pass on a parameter of that type")
    if parameter.type.writable:
        require_writable(scope, buffer, node)
    return buffer
