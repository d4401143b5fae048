"""From a Python function to its meaning as a sequence, a routine or an inline function."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rseq._language import ir
from rseq._language.errors import CompileError, Refused, Span
from rseq._language.inline import Inline
from rseq._language.parser import arithmetic, conditions, memory, names, operations
from rseq._language.parser.assignments import take
from rseq._language.parser.calls import inlined
from rseq._language.parser.scope import Found, Output, Perhaps, Reader, Scope, Several
from rseq._language.parser.statements import block, end
from rseq._language.signature import Nothing, Signature, signature, with_lengths
from rseq._language.source import Source, read
from rseq._language.types import boolean

EXPRESSIONS: Mapping[type[ast.expr], Reader] = {
    ast.Attribute: memory.attribute,
    ast.BinOp: arithmetic.binary,
    ast.BoolOp: conditions.truth,
    ast.Call: operations.call,
    ast.Compare: conditions.truth,
    ast.Constant: names.constant,
    ast.IfExp: conditions.chosen,
    ast.Name: names.name,
    ast.Subscript: memory.subscript,
    ast.UnaryOp: conditions.unary,
}
"""What reads each kind of expression."""


def parse(
    function: Callable[..., Any],
    *,
    routine: bool = False,
    release: bool = False,
    acquire: bool = False,
    may_alias: bool = False,
    source: Source | None = None,
) -> ir.Body:
    """The meaning of `function` as a sequence, or as a routine. `source` is what has been read of it.

    Raises: CompileError - with everything that the language does not accept. TypeError - `function` has no source.
    """
    given = _signature(source or read(function), "routine" if routine else "sequence")
    assert given.record is not None
    output = Output(given.record, routine, with_lengths(given.parameters), diagnostics=list(given.refusals))
    _whole(Scope(given, output, EXPRESSIONS))
    rows = tuple(output.rows.values())
    return ir.Body(
        name=function.__name__,
        record=given.record,
        lane=given.lane,
        parameters=(*output.parameters, *(register for one in rows for register in (one.first, one.length))),
        result=given.result,
        more=given.more,
        ops=tuple(output.ops),
        span=given.source.span(given.source.tree),
        checks=tuple(output.checks),
        release=release,
        acquire=acquire,
        maybe=given.maybe,
        may_alias=may_alias,
        defaults=given.defaults,
        rows=rows,
    )


def inline_signature(source: Source) -> Signature:
    """The signature of an inline function. Its body is looked at where it is called.

    Raises: CompileError - it is not accepted.
    """
    given = _signature(source, "inline function")
    if given.refusals:
        raise CompileError(given.refusals)
    return given


def _signature(source: Source, kind: str) -> Signature:
    try:
        return signature(source, kind)
    except Refused as refused:
        raise CompileError(refused.diagnostics) from None


def _whole(scope: Scope) -> None:
    """Emit a function. Raises: CompileError - with everything that the language does not accept."""
    for parameter in scope.output.parameters:
        take(scope, parameter, parameter)
    block(scope, scope.tree.body)
    if not scope.output.has_ended:
        end(scope)
    if scope.output.diagnostics:
        raise CompileError(scope.output.diagnostics)


def standalone(callee: Inline[..., Any], values: Sequence[ir.Operand]) -> ir.Body:
    """An inline function by itself, as the interpreter runs it: with its parameters, or with constants for them.

    Raises: CompileError - with everything that the language does not accept.
    """
    given = callee.signature
    parameters = tuple(value for value in values if isinstance(value, ir.Value))
    output = Output(Nothing, True, parameters)
    scope = Scope(Signature(given.source), output, EXPRESSIONS)
    span = scope.span(scope.tree)
    with contextlib.suppress(Refused):
        found = inlined(scope, callee, values, None)
        if isinstance(found, Perhaps):
            nothing = scope.label("nothing")
            scope.emit(ir.BranchIf(found.missing, "!=", ir.Const(0, boolean), nothing, span))
            scope.emit(_return(found.value, span))
            scope.emit(ir.Label(nothing, span))
        scope.emit(_return(found, span))
    if output.diagnostics:
        raise CompileError(output.diagnostics)
    ops, name = tuple(output.ops), callee.__name__
    return ir.Body(name, Nothing, "", parameters, given.result, ops, span, maybe=given.maybe, more=given.more)


def _return(found: Found | None, span: Span) -> ir.Return:
    if isinstance(found, Several):
        return ir.Return(found.parts[0], span, found.parts[1:])
    return ir.Return(found if isinstance(found, (ir.Value, ir.Const)) else None, span)
