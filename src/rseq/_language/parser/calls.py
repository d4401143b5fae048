"""Calls of sequences and routines, and of inline functions; the arguments of all.

A call of an inline function has no operation of its own, as the function's statements are read where it stands. Its
registers have names of their own. What returns goes to the end of the statements. So a sequence that calls an inline
function is still one critical section, and a store in there is the sequence's own. Constants that are passed stay
constants.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rseq._language import ir
from rseq._language.compiled import Compiled
from rseq._language.errors import Refused, Span
from rseq._language.inline import Inline
from rseq._language.parser.assignments import take
from rseq._language.parser.expressions import value
from rseq._language.parser.memory import require_writable
from rseq._language.parser.scope import Found, Inlined, Perhaps, Scope, Several
from rseq._language.parser.statements import block, end
from rseq._language.signature import with_lengths
from rseq._language.source import renewed
from rseq._language.types import Buffer, RecordType, boolean

MAX_OPERATIONS = 4096
"""The most operations that a function may have with others inlined, and the most calls that are inlined into it."""


def compiled_call(scope: Scope, node: ast.Call, callee: Compiled, into: str | None) -> Found | None:
    """Emit a call of a sequence or a routine; what it comes to."""
    name, body, span = callee.__name__, callee.body, scope.span(node)
    if not scope.is_routine:
        message, why = f"{name}() is a call", "a critical section is left by a call, and no longer protected"
        raise scope.refuse(node, "call-in-sequence", message, "call both from a @rseq.routine", why)
    arguments = _after_lane(scope, node, name, body.lane, body.record, "routine")
    values = with_lengths(_operands(scope, node, name, arguments, body.given, body.defaults))
    rows = [scope.output.rows_of(rows.target) for rows in body.rows]  # this one is bound with the same arrays
    values += tuple(register for own in rows for register in (own.first, own.length))
    several = [scope.temporary(type) for type in body.results] if body.more or body.maybe else []
    missing = scope.temporary(boolean) if body.maybe else None
    if several:
        scope.emit(ir.Call(several[0], callee, values, span, missing, tuple(several[1:])))
        return _found(several, missing)
    target = scope.target(into, body.result) if body.result else None
    return scope.emit(ir.Call(target, callee, values, span)).target


def _found(values: Sequence[ir.Value], missing: ir.Value | None) -> Found:
    """What a call came to that has left these registers."""
    value = values[0] if len(values) == 1 else Several(tuple(values))
    return value if missing is None else Perhaps(value, missing)


def _after_lane(scope: Scope, node: ast.Call, callee: str, lane: str, record: RecordType, here: str) -> list[ast.expr]:
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


def _operands(
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
    values = [_operand(scope, argument, one) for argument, one in zip(arguments, parameters, strict=False)]
    return values + [ir.Const(defaults[one.name], one.type) for one in parameters[len(values) :]]


def _operand(scope: Scope, node: ast.expr, parameter: ir.Value) -> ir.Operand:
    if not isinstance(parameter.type, Buffer):
        return value(scope, node, parameter.type)
    buffer = scope.buffer(node)
    if buffer is None:
        message = f"{parameter.name} is {parameter.type}; expected a buffer"
        raise scope.refuse(node, "types-differ", message, "pass on a parameter of that type")
    if parameter.type.writable:
        require_writable(scope, buffer, node)
    return buffer


# ---- of inline functions


def inlined_call(scope: Scope, node: ast.Call, callee: Inline[..., Any]) -> Found | None:
    """Emit the call that `node` is; what it comes to."""
    signature, name = callee.signature, callee.__name__
    arguments = node.args
    if signature.record is not None:
        arguments = _after_lane(scope, node, name, signature.lane, signature.record, "function")
    values = _operands(scope, node, name, arguments, signature.parameters, signature.defaults)
    _refuse_circle(scope, node, callee)
    return inlined(scope, callee, values, scope.span(node))


def _refuse_circle(scope: Scope, node: ast.Call, callee: Inline[..., Any]) -> None:
    output = scope.output
    output.inlined += 1
    if callee in scope.callers:
        message = f"{callee.__name__}() calls itself"
        why = "an inline function becomes part of its caller, and this would have no end"
        raise scope.refuse(node, "recursion", message, "write it as a loop", why)
    if max(len(output.ops), output.inlined) > MAX_OPERATIONS:
        message = f"with its inline functions, this function has more than {MAX_OPERATIONS} operations or calls"
        raise scope.refuse(node, "inline-too-long", message, "loop in a routine, or in the caller")


def inlined(outer: Scope, callee: Inline[..., Any], values: Sequence[ir.Operand], call: Span | None) -> Found | None:
    """Emit the body of `callee` with `values` for its parameters; its result.

    Raises: Refused - something in there was refused, and is reported.
    """
    scope = _scope_of(callee, outer, call)
    for parameter, passed in zip(callee.signature.parameters, values, strict=True):
        take(scope, parameter, passed)
    block(scope, scope.tree.body)
    if not scope.output.has_ended:
        end(scope)
    if scope.is_refused:
        raise Refused
    return _result(scope)


def _scope_of(callee: Inline[..., Any], outer: Scope, call: Span | None) -> Scope:
    given = callee.signature
    scope = Scope(
        replace(given, source=renewed(given.source, outer.signature.source.moment)),
        outer.output,
        outer.readers,
        names=outer.known_rows(),
        prefix=f"{callee.__name__}.{outer.output.inlined}.",
        call=call,
        callers=(*outer.callers, callee),
    )
    held = () if given.result is None else tuple(scope.temporary(type) for type in (given.result, *given.more))
    scope.inlined = Inlined(scope.label("returned"), held, scope.temporary(boolean) if given.maybe else None)
    return scope


def _result(scope: Scope) -> Found | None:
    """Where all returns meet. If there is one and it is last, its value is the result, which may be a constant."""
    output, way = scope.output, scope.inlined
    assert way is not None
    ops = output.ops
    if ops and isinstance(ops[-1], ir.Jump) and ops[-1].label == way.after:
        output.take_back()
    last = ops[-1] if ops else None
    if output.leads_to(way.after):
        scope.emit(ir.Label(way.after, scope.span(scope.tree)))
    elif way.missing is None and isinstance(last, ir.Set) and way.values == (last.target,):
        output.take_back()
        return last.source
    return _found(way.values, way.missing) if way.values else None
