"""Calls of inline functions: a call has no operation of its own, as the function's statements are read where it stands.

Its registers have names of their own. What returns goes to the end of the statements. So a sequence that calls an
inline function is still one critical section, and a store in there is the sequence's own. Constants that are passed
stay constants.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rseq._language import ir
from rseq._language.errors import Refused, Span
from rseq._language.inline import Inline
from rseq._language.parser.assignments import take
from rseq._language.parser.calls import after_lane, passed
from rseq._language.parser.scope import Inlined, Meaning, Perhaps, Scope
from rseq._language.parser.statements import block, end
from rseq._language.source import renewed
from rseq._language.types import boolean

MAX_OPERATIONS = 4096
"""The most operations that a function may have with others inlined, and the most calls that are inlined into it."""


def inlined_call(scope: Scope, node: ast.Call, callee: Inline[..., Any]) -> Meaning | Perhaps | None:
    """Emit the call that `node` is; what it comes to."""
    signature, name = callee.signature, callee.__name__
    arguments = node.args
    if signature.record is not None:
        arguments = after_lane(scope, node, name, signature.lane, signature.record, "function")
    values = passed(scope, node, name, arguments, signature.parameters, signature.defaults)
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


def inlined(
    outer: Scope, callee: Inline[..., Any], values: Sequence[ir.Operand], call: Span | None
) -> Meaning | Perhaps | None:
    """Emit the body of `callee` with `values` for its parameters; its result.

    Raises: Refused - something in there was refused, and is reported.
    """
    scope = _scope_of(callee, outer, call)
    for parameter, value in zip(callee.signature.parameters, values, strict=True):
        take(scope, parameter, value)
    block(scope, scope.tree.body)
    if not scope.output.has_ended:
        end(scope)
    if scope.is_refused:
        raise Refused
    return _result(scope)


def _scope_of(callee: Inline[..., Any], outer: Scope, call: Span | None) -> Scope:
    given = callee.signature
    scope = Scope(
        replace(given, source=renewed(given.source)),
        outer.output,
        outer.readers,
        names=outer.known_rows(),
        prefix=f"{callee.__name__}.{outer.output.inlined}.",
        call=call,
        callers=(*outer.callers, callee),
    )
    value = None if given.result is None else scope.temporary(given.result)
    scope.inlined = Inlined(scope.label("returned"), value, scope.temporary(boolean) if given.maybe else None)
    return scope


def _result(scope: Scope) -> Meaning | Perhaps | None:
    """Where all returns meet. If there is one and it is last, its value is the result, which may be a constant."""
    output, way = scope.output, scope.inlined
    assert way is not None
    ops = output.ops
    if ops and isinstance(ops[-1], ir.Jump) and ops[-1].label == way.after:
        output.take_back()
    last = ops[-1] if ops else None
    if output.leads_to(way.after):
        scope.emit(ir.Label(way.after, scope.span(scope.tree)))
    elif way.missing is None and isinstance(last, ir.Set) and last.target == way.value:
        output.take_back()
        return last.source
    return Perhaps(way.value, way.missing) if way.value is not None and way.missing is not None else way.value
