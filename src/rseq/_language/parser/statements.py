"""Statements: one small function for each that is accepted, the rest is refused by name.

Diagnostics are collected, so that one compilation shows them all; what follows from a statement that failed is not
reported again.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any

from rseq._language import ir
from rseq._language.errors import Refused
from rseq._language.op import ExceptionName
from rseq._language.parser.assignments import assign, augment, declare, unpacked
from rseq._language.parser.cases import as_branches
from rseq._language.parser.conditions import jump_unless
from rseq._language.parser.expressions import coerce, meaning, not_in_the_language, result, value
from rseq._language.parser.scope import Literal, Loop, Names, Perhaps, Scope, stored
from rseq._language.types import Pointer, boolean

MAX_UNROLLED = 4096
"""The most operations that unrolled loops may grow a function to."""


def block(scope: Scope, statements: list[ast.stmt]) -> None:
    """Emit what `statements` do. One that is refused is reported, and the next one is read."""
    for node in statements:
        if scope.output.has_ended:
            return  # what follows cannot be reached
        try:
            if type(node) not in STATEMENTS:
                raise not_in_the_language(scope, node)
            STATEMENTS[type(node)](scope, node)
        except (Refused, RecursionError) as problem:
            scope.output.report(problem if isinstance(problem, Refused) else _too_deep(scope, node))
            scope.is_refused = True
            scope.may_return |= any(isinstance(inner, ast.Return) for inner in ast.walk(node))
            scope.failed.update(_bound(node))


def _too_deep(scope: Scope, node: ast.stmt) -> Refused:
    message = "this statement has expressions in one another, deeper than Python's recursion limit"
    return scope.refuse(node, "too-deep", message, "compute parts of it into locals")


def _bound(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement gives a meaning to."""
    yield from stored(statement)
    for node in ast.walk(statement):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).partition(".")[0]


def _pass(scope: Scope, node: ast.Pass) -> None:
    pass


def _expression(scope: Scope, node: ast.Expr) -> None:
    if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return  # a docstring
    if isinstance(node.value, ast.Call):
        result(scope, node.value)
        return
    if isinstance(node.value, (ast.Yield, ast.YieldFrom, ast.NamedExpr)):
        raise not_in_the_language(scope, node.value)
    raise scope.refuse(node, "no-effect", "this expression has no effect", "assign it, or leave it out")


# ---- leaving


def end(scope: Scope) -> None:
    """Emit what happens where control falls off the end of the function: None is returned, if that is a result."""
    returned, tree = scope.signature.result, scope.tree
    if returned is not None and not scope.signature.maybe:
        if not scope.may_return:
            message = f"{tree.name}() may end without returning its {returned}"
            scope.output.report(scope.refuse(tree, "missing-return", message, "return a value on every path"))
            scope.is_refused = True
    if scope.inlined is None:
        scope.emit(ir.Return(None, scope.span(tree.body[-1])))
    elif scope.signature.maybe:
        _leave(scope, [], tree)


def _return(scope: Scope, node: ast.Return) -> None:
    returned = scope.signature.result
    if node.value is None or (isinstance(node.value, ast.Constant) and node.value.value is None):
        _return_nothing(scope, node)
    elif "return" in scope.signature.unknown:
        meaning(scope, node.value)
        scope.emit(ir.Return(None, scope.span(node)))
    elif returned is None:
        message = "this function is declared to return nothing"
        raise scope.refuse(node, "types-differ", message, "annotate its result, as in -> i64")
    elif scope.signature.more:
        _leave(scope, _parts(scope, node.value), node)
    else:
        _leave(scope, [value(scope, node.value, returned)], node)


def _parts(scope: Scope, node: ast.expr) -> list[ir.Operand]:
    """The numbers of a tuple that is returned: each written out, or those that a call came to."""
    returned, more = scope.signature.result, scope.signature.more
    assert returned is not None
    types = (returned, *more)
    found = unpacked(scope, node, len(types))
    nodes = node.elts if isinstance(node, ast.Tuple) else [node] * len(types)
    return [coerce(scope, one, type, at) for one, type, at in zip(found, types, nodes, strict=True)]


def _return_nothing(scope: Scope, node: ast.Return) -> None:
    returned, is_pointer = scope.signature.result, isinstance(scope.signature.result, Pointer)
    may_be_none = scope.signature.maybe or (node.value and is_pointer)
    if returned is not None and not may_be_none:
        fix = f"return a value, or {'write return None' if is_pointer else f'declare -> {returned} | None'}"
        raise scope.refuse(node, "missing-return", f"expected {returned}, got nothing to return", fix)
    _leave(scope, [ir.Const(0, returned)] if isinstance(returned, Pointer) else [], node)


def _leave(scope: Scope, values: list[ir.Operand], node: ast.AST) -> None:
    """Return `values`: to the caller, or to where an inline function is called, in the registers that are for them."""
    way, span, emit = scope.inlined, scope.span(node), scope.emit
    if way is None:
        emit(ir.Return(values[0] if values else None, span, tuple(values[1:])))
        return
    for number, register in enumerate(way.values):  # also where it is None: the caller may copy all registers
        emit(ir.Set(register, values[number] if values else ir.Const(0, register.type), span))
    if way.missing is not None:
        emit(ir.Set(way.missing, ir.Const(int(not values), boolean), span))
    emit(ir.Jump(way.after, span))


def _raise(scope: Scope, node: ast.Raise) -> None:
    """`raise ValueError("what is wrong")`, or the name of such a text: the caller's arguments are refused."""
    raised = node.exc
    if not scope.is_routine:
        message = "a critical section raises nothing but the IndexErrors of its own checks"
        raise scope.refuse(node, "not-in-the-language", message, "raise in a routine, before the sequence is called")
    name = raised.func.id if isinstance(raised, ast.Call) and isinstance(raised.func, ast.Name) else ""
    text = raised.args[0] if isinstance(raised, ast.Call) and len(raised.args) == 1 else None
    known = scope.signature.source.names
    sentence = known.get(text.id) if isinstance(text, ast.Name) else getattr(text, "value", None)
    if name not in ("IndexError", "ValueError") or not isinstance(sentence, str) or node.cause is not None:
        message = f"{ast.unparse(node)} is nothing that a routine can raise"
        fix = 'write raise ValueError("…") or IndexError with one sentence'
        raise scope.refuse(node, "not-in-the-language", message, fix)
    exception: ExceptionName = "ValueError" if name == "ValueError" else "IndexError"
    scope.emit(ir.Raise(exception, sentence, scope.output.fault_number, scope.span(node)))


# ---- branches


def _if(scope: Scope, node: ast.If) -> None:
    output, span = scope.output, scope.span(node)
    other, done = scope.label("else"), scope.label("endif")
    jump_unless(scope, node.test, other)
    before = dict(scope.names)
    _narrow(scope, node.test, ast.IsNot)
    block(scope, node.body)
    if not output.leads_to(other):
        return  # the condition is a constant
    after_body, goes_on = scope.names, not output.has_ended
    if node.orelse and goes_on:
        scope.emit(ir.Jump(done, span))
    scope.emit(ir.Label(other, span))
    scope.names = before
    _narrow(scope, node.test, ast.Is)
    block(scope, node.orelse)
    if goes_on:
        scope.names = after_body if output.has_ended else _agreed(after_body, scope.names)
    if node.orelse and goes_on:
        scope.emit(ir.Label(done, span))


def _narrow(scope: Scope, test: ast.expr, op: type[ast.cmpop]) -> None:
    """Where `name is not None` holds (`op` says how that is written), the name is a number."""
    if not isinstance(test, ast.Compare) or len(test.ops) != 1 or not isinstance(test.ops[0], op):
        return
    held = scope.names.get(test.left.id) if isinstance(test.left, ast.Name) else None
    if isinstance(held, Perhaps) and isinstance(test.left, ast.Name):
        scope.names[test.left.id] = held.value


def _agreed(one: Names, other: Names) -> Names:
    """What is known where two ways meet: what both agree on."""
    return {name: meaning for name, meaning in one.items() if other.get(name) == meaning}


def _match(scope: Scope, node: ast.Match) -> None:
    block(scope, as_branches(scope, node))


# ---- loops


def _for(scope: Scope, node: ast.For) -> None:
    output = scope.output
    _refuse_else(scope, node, "for")
    if not isinstance(node.target, ast.Name) or node.target.id in chain.from_iterable(map(stored, node.body)):
        message = "a loop is `for name in range(constant)`, and only the loop sets its name"
        raise scope.refuse(node, "not-in-the-language", message, "write it so")
    name, turns = node.target.id, _range(scope, node.iter)[: MAX_UNROLLED + 1]
    scope.loops.append(Loop(scope.label("done")))
    for number in turns:
        if output.has_ended or len(output.ops) > MAX_UNROLLED:
            break
        scope.names[name] = Literal(number)
        _turn(scope, node)
    _leave_loop(scope, node, [] if output.has_ended else [scope.names])
    scope.names.pop(name, None)
    if max(len(output.ops), len(turns)) > MAX_UNROLLED:
        message = f"unrolled, this loop has more than {MAX_UNROLLED} operations"
        raise scope.refuse(node, "loop-too-long", message, "loop in a routine, or in the caller")


def _turn(scope: Scope, node: ast.For) -> None:
    """One turn of a loop that is unrolled: at its end, all ways meet that lead to the next one."""
    loop = scope.loops[-1]
    loop.again, loop.turns = "", []
    block(scope, node.body)
    if loop.again:
        scope.names = functools.reduce(_agreed, loop.turns if scope.output.has_ended else [scope.names, *loop.turns])
        scope.emit(ir.Label(loop.again, scope.span(node)))


def _range(scope: Scope, node: ast.expr) -> range:
    is_range = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range"
    if not is_range or not isinstance(node, ast.Call) or node.keywords or not 1 <= len(node.args) <= 3:
        message, fix = "a loop runs over range(constant)", "write `for i in range(8):`, and use element [i]"
        raise scope.refuse(node, "unbounded-loop", message, fix)
    bounds = [meaning(scope, argument) for argument in node.args]
    constants = [bound.number for bound in bounds if isinstance(bound, (Literal, ir.Const))]
    numbers = [number for number in constants if isinstance(number, int)]
    if len(numbers) != len(bounds) or (len(numbers) == 3 and numbers[2] == 0):
        fix = "use a constant bound, and `break` or an `if` inside"
        raise scope.refuse(node, "unbounded-loop", "the bounds of range() are not constants", fix)
    return range(*numbers)


def _while(scope: Scope, node: ast.While) -> None:
    span = scope.span(node)
    _refuse_else(scope, node, "while")
    if not scope.is_routine:
        message = "a while loop may run for ever, and a sequence must end"
        fix = "use `for … in range(constant)`, or loop in a @rseq.routine that calls the sequence"
        raise scope.refuse(node, "unbounded-loop", message, fix)
    again, done = scope.label("again"), scope.label("done")
    before = dict(scope.names)
    scope.loops.append(Loop(done, again))
    scope.emit(ir.Label(again, span))
    is_endless = isinstance(node.test, ast.Constant) and bool(node.test.value)
    if not is_endless:
        jump_unless(scope, node.test, done)
    block(scope, node.body)
    if not scope.output.has_ended:
        scope.emit(ir.Jump(again, span))
    _leave_loop(scope, node, [] if is_endless else [before])


def _break(scope: Scope, node: ast.Break) -> None:
    loop = scope.loops[-1]
    loop.exits.append(dict(scope.names))
    scope.emit(ir.Jump(loop.done, scope.span(node)))


def _continue(scope: Scope, node: ast.Continue) -> None:
    loop = scope.loops[-1]
    loop.again = loop.again or scope.label("next")
    loop.turns.append(dict(scope.names))
    scope.emit(ir.Jump(loop.again, scope.span(node)))


def _refuse_else(scope: Scope, node: ast.For | ast.While, word: str) -> None:
    if node.orelse:
        message = f"`else` of a `{word}` loop is not in the language"
        fix = "set a local before the loop, change it where it breaks, and look at it afterwards"
        raise scope.refuse(node.orelse[0], "not-in-the-language", message, fix)


def _leave_loop(scope: Scope, node: ast.stmt, exits: list[Names]) -> None:
    """What is known after a loop: what all ways out of it agree on; `exits` are those that are no `break`."""
    loop = scope.loops.pop()
    states = [*exits, *loop.exits]
    if states:
        scope.names = functools.reduce(_agreed, states)
    if scope.output.leads_to(loop.done):
        scope.emit(ir.Label(loop.done, scope.span(node)))


STATEMENTS: Mapping[type[ast.stmt], Callable[[Scope, Any], None]] = {
    ast.AnnAssign: declare,
    ast.Assign: assign,
    ast.AugAssign: augment,
    ast.Break: _break,
    ast.Continue: _continue,
    ast.Expr: _expression,
    ast.For: _for,
    ast.If: _if,
    ast.Match: _match,
    ast.Pass: _pass,
    ast.Raise: _raise,
    ast.Return: _return,
    ast.While: _while,
}
"""What reads each kind of statement."""
