"""From a function's syntax tree to IR: one small method for each accepted statement, the rest refused by name.

Registers that are assigned once are the values themselves; a name assigned on several paths
is a register that each path sets. Diagnostics are collected, so that one compilation shows
them all; what follows from a statement that failed is not reported again.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from rseq._language import ir
from rseq._language.advice import shown, to_type
from rseq._language.errors import CompileError, Diagnostic, Span
from rseq._language.expressions import NOWHERE, kind_of, widens
from rseq._language.inline import Inline, Inlining, Nothing
from rseq._language.scope import Literal, Loop, Meaning, Perhaps, Refused, Scope, ends
from rseq._language.source import Source, read
from rseq._language.types import (
    SCALARS,
    Buffer,
    Maybe,
    Pointer,
    RecordType,
    Scalar,
    Word,
    evaluated_annotations,
    index,
    ptr,
    resolve,
)

__all__ = ["inline", "parse", "standalone"]

_READING = (
    ir.Set | ir.Arithmetic | ir.Convert | ir.CountBits | ir.Load | ir.Locate | ir.CpuNumber | ir.Clock | ir.Check
    | ir.BranchIf | ir.Jump | ir.Label | ir.LaneCount | ir.OtherLane
)  # fmt: skip
"""Operations that leave memory as it is."""

_T = TypeVar("_T")

MAX_UNROLLED = 4096
"""The most operations that unrolled loops may grow a function to."""


def parse(
    function: Callable[..., Any],
    *,
    routine: bool = False,
    release: bool = False,
    acquire: bool = False,
    may_alias: bool = False,
) -> ir.Body:
    """The meaning of `function` as a sequence, or as a routine.

    Raises: CompileError - with everything that the language does not accept. TypeError - `function` has no source.
    """
    source = read(function)
    try:
        scope, defaults = _signature(source, routine)
    except Refused as refused:
        assert refused.diagnostic is not None
        raise CompileError([refused.diagnostic]) from None
    _Statements(scope).function(source.tree)
    if scope.diagnostics:
        raise CompileError(scope.diagnostics)
    return ir.Body(
        name=function.__name__,
        record=scope.record,
        lane=scope.lane,
        parameters=(*scope.parameters, *_registers(scope)),
        result=scope.result,
        ops=tuple(scope.ops),
        span=source.span(source.tree),
        checks=tuple(scope.checks),
        release=release,
        acquire=acquire,
        maybe=scope.maybe,
        may_alias=may_alias,
        defaults=defaults,
        rows=tuple(scope.rows.values()),
    )


def _registers(scope: Scope) -> Iterator[ir.Value]:
    for rows in scope.rows.values():
        yield from (rows.first, rows.length)


def inline(function: Callable[..., Any]) -> Inline[..., Any]:
    """`function` as an inline function. Its body is looked at where it is called.

    Raises: CompileError - its signature is not accepted. TypeError - `function` has no source.
    """
    source = read(function)
    try:
        return _inline(source)
    except Refused as refused:
        assert refused.diagnostic is not None
        raise CompileError([refused.diagnostic]) from None


def standalone(callee: Inline[..., Any], values: Sequence[ir.Operand]) -> ir.Body:
    """An inline function by itself, as the interpreter runs it: with its parameters, or with constants for them.

    Raises: CompileError - with everything that the language does not accept.
    """
    parameters = tuple(value for value in values if isinstance(value, ir.Value))
    scope = Scope(callee.source, True, "", Nothing, callee.result, callee.maybe, parameters)
    with contextlib.suppress(Refused):
        _Statements(scope).whole(callee, values)
    if scope.diagnostics:
        raise CompileError(scope.diagnostics)
    span = callee.source.span(callee.source.tree)
    ops, maybe = tuple(scope.ops), callee.maybe
    return ir.Body(callee.__name__, Nothing, "", parameters, callee.result, ops, span, maybe=maybe)


# ---- the signature


def _inline(source: Source) -> Inline[..., Any]:
    arguments, annotations = source.tree.args, _annotations(source)
    nodes = _parameters(source)
    first = resolve(annotations.get(nodes[0].arg)) if nodes else None
    record = first if isinstance(first, RecordType) and first.fields else None
    lane, given = (nodes[0].arg, nodes[1:]) if record is not None else ("", nodes)
    parameters = tuple(ir.Value(node.arg, _parameter_type(source, node, annotations)) for node in given)
    result, defaults = _result_type(source, annotations), _defaults(source, parameters, arguments.defaults)
    kept = result.type if isinstance(result, Maybe) else result
    return Inline(source, lane, record, parameters, kept, isinstance(result, Maybe), defaults)


def _parameters(source: Source) -> list[ast.arg]:
    """The parameters, which are all passed by position or by name."""
    arguments = source.tree.args
    odd = [*filter(None, (arguments.vararg, arguments.kwarg)), *arguments.kwonlyargs]
    if odd:
        message = "* and ** parameters are not in the language"
        raise _refuse(source, odd[0], "signature", message, "name each one, without a * before them")
    if arguments.posonlyargs:
        message = "`/` is not in the language: each parameter is passed by position or by name"
        raise _refuse(source, arguments.posonlyargs[-1], "signature", message, "leave the / out")
    return arguments.args


def _signature(source: Source, routine: bool) -> tuple[Scope, dict[str, int | float]]:
    arguments = source.tree.args
    nodes = _parameters(source)
    annotations = _annotations(source)
    kind = "routine" if routine else "sequence"
    record = resolve(annotations.get(nodes[0].arg)) if nodes else None
    if not isinstance(record, RecordType) or not record.fields:
        where = nodes[0] if nodes else source.tree
        message = f"the first parameter of a {kind} is this CPU's record"
        raise _refuse(
            source, where, "signature", message, "annotate it with a subclass of rseq.Record, as in cpu: Cell"
        )
    refusals: list[Diagnostic] = []
    types = {node.arg: _unless_refused(refusals, _parameter_type, source, node, annotations) for node in nodes[1:]}
    result = _unless_refused(refusals, _result_type, source, annotations)
    is_unknown = result is None and annotations.get("return") is not None
    kept = result.type if isinstance(result, Maybe) else result
    given = tuple(ir.Value(name, type) for name, type in types.items() if type is not None)
    lengths = {value: (ir.length_of(value),) for value in given if isinstance(value.type, Buffer)}
    parameters = tuple(part for value in given for part in (value, *lengths.get(value, ())))
    defaults = _unless_refused(refusals, _defaults, source, given, arguments.defaults) if not refusals else {}
    scope = Scope(source, routine, nodes[0].arg, record, kept, isinstance(result, Maybe), parameters)
    scope.diagnostics += refusals
    scope.failed |= {name for name, type in types.items() if type is None}
    scope.is_result_unknown = is_unknown
    return scope, defaults or {}


def _unless_refused(refusals: list[Diagnostic], read: Callable[..., _T], *arguments: Any) -> _T | None:
    """What `read` makes of a part of the signature, or None, with the reason in `refusals`: the rest is read, too."""
    try:
        return read(*arguments)
    except Refused as refused:
        assert refused.diagnostic is not None
        refusals.append(refused.diagnostic)
        return None


def _annotations(source: Source) -> dict[str, object]:
    try:
        return evaluated_annotations(source.function)
    except Exception as error:  # noqa: BLE001 - whatever the user's annotation raises
        message = f"an annotation cannot be evaluated: {error}"
        fix = "define its names before the function" if isinstance(error, NameError) else "write another type there"
        raise _refuse(source, source.tree, "signature", message, fix) from None


def _parameter_type(source: Source, node: ast.arg, annotations: dict[str, object]) -> Word:
    if node.arg not in annotations:
        message = f"parameter {node.arg!r} has no type"
        raise _refuse(source, node, "signature", message, f"annotate it, as in {node.arg}: i64")
    meaning = resolve(annotations[node.arg])
    if not isinstance(meaning, (Scalar, Pointer, Buffer)):
        given = annotations[node.arg]
        message = f"parameter {node.arg!r} is {given!r}; expected a number, a ptr[T], an index[T] or a buffer"
        fix = "use i8 … u64, f32, f64, bool, ptr[T], index[T], bytes or bytearray"
        raise _refuse(source, node, "signature", message, fix)
    return meaning


def _result_type(source: Source, annotations: dict[str, object]) -> Scalar | Pointer | Maybe | None:
    given = annotations.get("return")
    if given is None:
        return None
    meaning = resolve(given)
    if not isinstance(meaning, (Scalar, Pointer, Maybe)):
        node = source.tree.returns or source.tree
        raise _refuse(
            source,
            node,
            "signature",
            f"the result is {given!r}; expected a number, a ptr[T], an index[T] or None",
            "annotate it, as in -> i64, or -> i64 | None",
        )
    return meaning


def _defaults(source: Source, parameters: tuple[ir.Value, ...], nodes: list[ast.expr]) -> dict[str, int | float]:
    given = source.function.__defaults__ or ()
    defaults: dict[str, int | float] = {}
    if len(given) > len(parameters):
        raise _refuse(source, nodes[0], "signature", "this CPU's record has no default", "leave it out")
    for parameter, value, node in zip(parameters[len(parameters) - len(given) :], given, nodes, strict=True):
        number = _default(value, parameter.type)
        if not isinstance(parameter.type, Scalar):
            message = f"a {parameter.type!r} has no default, and {parameter.name!r} has {shown(value)}"
            raise _refuse(
                source, node, "signature", message, f"leave it out, and pass {_nothing(parameter)} in the call"
            )
        if number is None:
            message = f"the default {shown(value)} of {parameter.name!r} is no {parameter.type}"
            raise _refuse(source, node, "signature", message, "use a number that fits")
        defaults[parameter.name] = number
    return defaults


def _nothing(parameter: ir.Value) -> str:
    """What one passes who has nothing to pass."""
    type = parameter.type
    return 'b""' if type == Buffer(writable=False) else "a bytearray" if isinstance(type, Buffer) else "None"


def _default(value: object, type: Word) -> int | float | None:
    """A default as a number of its type, floats rounded; None if it does not fit."""
    try:
        if not isinstance(type, Scalar) or not isinstance(value, (int, float)):
            return None
        if isinstance(value, bool) != (type.kind == "bool"):
            return None
        number = type.wrap(value)
        if math.isinf(number) and not math.isinf(value):
            return None
    except (OverflowError, ValueError):  # infinity or NaN as an integer, an int larger than floats
        return None
    return number if type.is_float or number == value else None


def _refuse(source: Source, node: ast.AST, slug: str, message: str, fix: str) -> Refused:
    return Refused(Diagnostic(slug, message, ((source.span(node), ""),), "", fix))


# ---- statements


class _Statements(Inlining):
    def function(self, tree: ast.FunctionDef) -> None:
        scope = self.scope
        for parameter in scope.parameters:
            scope.names[parameter.name] = parameter
            if isinstance(parameter.type, Buffer):
                continue
            scope.types[parameter.name] = parameter.type
            if scope.assigned[parameter.name]:
                self._own_copy(parameter, tree)
        self.block(tree.body)
        if not ends(scope.ops):
            if scope.result is not None and not scope.may_return and not scope.maybe:
                message = f"{tree.name}() may end without returning its {scope.result}"
                refused = scope.refuse(tree, "missing-return", message, "return a value on every path")
                self._record_refusal(refused)
            scope.emit(ir.Return(None, scope.span(tree.body[-1])))

    def _own_copy(self, parameter: ir.Value, tree: ast.FunctionDef) -> None:
        """A parameter that is assigned gets a register of its own: a restart needs the caller's value again."""
        scope = self.scope
        scope.assigned[parameter.name] += 1
        copy = ir.Value(f"{parameter.name}'", parameter.type)
        scope.emit(ir.Set(copy, parameter, scope.span(tree)))
        scope.names[parameter.name] = copy

    def block(self, statements: list[ast.stmt]) -> None:
        for statement in statements:
            if ends(self.scope.ops):
                return  # what follows cannot be reached
            try:
                self.statement(statement)
            except (Refused, RecursionError) as problem:
                refused = problem if isinstance(problem, Refused) else self._too_deep(statement)
                self._record_refusal(refused)
                self.scope.is_refused = True
                self.scope.may_return |= any(isinstance(node, ast.Return) for node in ast.walk(statement))
                self.scope.failed.update(_bound(statement))

    def _too_deep(self, node: ast.stmt) -> Refused:
        message = "this statement has expressions in one another, deeper than Python's recursion limit"
        return self.scope.refuse(node, "too-deep", message, "compute parts of it into locals")

    def _record_refusal(self, refused: Refused) -> None:
        diagnostic, known = refused.diagnostic, self.scope.diagnostics
        if diagnostic is not None and diagnostic.key not in {one.key for one in known}:  # unrolled loops, many calls
            known.append(diagnostic)

    def statement(self, node: ast.stmt) -> None:
        method = getattr(self, f"_stmt_{type(node).__name__}", None)
        if method is None:
            raise self.not_in_the_language(node)
        method(node)

    def _stmt_Pass(self, node: ast.Pass) -> None:
        pass

    def _stmt_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            return  # a docstring
        if isinstance(node.value, ast.Call):
            self.call(node.value, None)
            return
        if isinstance(node.value, (ast.Yield, ast.YieldFrom, ast.NamedExpr)):
            raise self.not_in_the_language(node.value)
        raise self.scope.refuse(node, "no-effect", "this expression has no effect", "assign it, or leave it out")

    def _stmt_Assign(self, node: ast.Assign) -> None:
        if len(node.targets) != 1:
            raise self.scope.refuse(
                node, "not-in-the-language", "`a = b = …` is not in the language", "write two assignments"
            )
        self._assign(node.targets[0], node.value, node)

    def _stmt_AnnAssign(self, node: ast.AnnAssign) -> None:
        meaning = resolve(self._static_type(node.annotation))
        if not isinstance(node.target, ast.Name) or not isinstance(meaning, (Scalar, Pointer)):
            raise self.scope.refuse(
                node, "not-in-the-language", "only a local number or ptr[T] is declared", "leave it out"
            )
        if self.scope.types.setdefault(node.target.id, meaning) != meaning:
            known = self.scope.types[node.target.id]
            raise self.scope.refuse(node, "types-differ", f"{node.target.id} is {known} already", "use another name")
        if node.value is not None:
            self._assign_local(node.target.id, node.value, node)

    def _static_type(self, node: ast.expr) -> object:
        """What a local is declared as: a name such as `i64`, `ptr[T]` or `index[T]`; None if it is something else."""
        if not isinstance(node, ast.Subscript):
            return self.static(node) if isinstance(node, (ast.Name, ast.Attribute)) else None
        kind: Any = self._static_type(node.value)
        if kind is not ptr and kind is not index:
            return None
        target = self._static_type(node.slice)
        wanted = (Scalar, RecordType) if kind is ptr else RecordType
        return kind[target] if isinstance(resolve(target), wanted) else None

    def _assign(self, target: ast.expr, value: ast.expr, node: ast.stmt) -> None:
        if isinstance(target, ast.Name):
            self._assign_local(target.id, value, node)
        elif isinstance(target, (ast.Attribute, ast.Subscript)):
            if self.may_act(value) or self.may_act(target):  # then the order can be seen: Python's is this
                meaning = self.meaning(value)
                address = self.place(target)
                source = self.coerce(meaning, address.type, value)
            else:
                address = self.place(target)
                source = self.value(value, address.type)
            self.scope.emit(ir.Store(address, source, self.scope.span(node)))
        else:
            message = f"cannot assign to {ast.unparse(target)}"
            raise self.scope.refuse(target, "not-in-the-language", message, "assign to a local, a field or an element")

    def _assign_local(self, name: str, value: ast.expr, node: ast.stmt) -> None:
        scope = self.scope
        if name == scope.lane:
            message = f"{name} is this CPU's record and cannot be assigned"
            raise scope.refuse(node, "lane-as-value", message, "use another name")
        if self.buffer(name) is not None:
            raise scope.refuse(
                node, "buffer-as-value", f"{name} is a buffer and cannot be assigned", "use another name"
            )
        is_single = not scope.is_reassigned(scope.register(name))
        held = scope.names.get(name)
        register = held.name if isinstance(held, ir.Value) else scope.register(name)
        meaning = self.perhaps(value, into=register if is_single else None)
        if isinstance(meaning, Perhaps):
            self._set_perhaps(name, meaning, value, node)
            return
        if is_single and isinstance(meaning, (ir.Const, Literal)) and name not in scope.types:
            scope.names[name] = meaning
            return
        if is_single and isinstance(meaning, ir.Value) and not scope.is_reassigned(meaning.name):
            if scope.types.get(name, meaning.type) == meaning.type:
                scope.names[name] = meaning
                return
        self._set_local(name, meaning, value, node)

    def _set_local(self, name: str, meaning: Any, value: ast.expr, node: ast.stmt) -> None:
        scope = self.scope
        if isinstance(meaning, Literal):
            literal_type = scope.types.get(name)
            meaning = self.coerce(meaning, literal_type, value) if literal_type else self._default_typed(meaning, value)
        type = scope.types.setdefault(name, meaning.type)
        try:
            source = self.coerce(meaning, type, value)
        except Refused:
            message = f"{name} is {type}, and cannot become {kind_of(meaning)}"
            raise scope.refuse(value, "types-differ", message, self._other_type(name, type, meaning)) from None
        register = scope.register(name)
        is_copy = any(parameter.name == register for parameter in scope.parameters)
        target = ir.Value(f"{register}'" if is_copy else register, type)
        scope.forget_row(target.name)
        scope.emit(ir.Set(target, source, scope.span(node)))
        scope.names[name] = target

    def _other_type(self, name: str, type: Word, meaning: ir.Operand) -> str:
        """How a local of one type becomes a value of another one."""
        given = meaning.type
        is_ours = all(parameter.name != name for parameter in self.scope.parameters)
        if isinstance(given, Pointer) or isinstance(type, Pointer):
            is_none = type == NOWHERE and isinstance(given, Pointer)
            return f"declare it: {name}: {given}" if is_none and is_ours else "use another name"
        assert isinstance(type, Scalar) and isinstance(given, Scalar)
        wider = f", or declare it: {name}: {given}" if is_ours and widens(type, given) else ""
        return f"{to_type(given, type)}{wider}"

    def _set_perhaps(self, name: str, meaning: Perhaps, value: ast.expr, node: ast.stmt) -> None:
        """Name a call's result that may be None: two registers of the name's own, so that turns of a loop agree."""
        scope, span = self.scope, self.scope.span(node)
        type = scope.types.setdefault(name, meaning.value.type)
        if type != meaning.value.type:
            message = f"{name} is {type}, and cannot become {meaning.value.type}"
            raise scope.refuse(value, "types-differ", message, "use another name")
        register = scope.register(name)
        named = Perhaps(ir.Value(register, type), ir.Value(f"{register}?", meaning.missing.type))
        scope.emit(ir.Set(named.value, meaning.value, span))
        scope.emit(ir.Set(named.missing, meaning.missing, span))
        scope.names[name] = named

    def _default_typed(self, literal: Literal, node: ast.expr) -> ir.Operand:
        return self.coerce(literal, SCALARS["f64" if isinstance(literal.number, float) else "i64"], node)

    def _stmt_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            left = self.meaning(ast.copy_location(ast.Name(node.target.id, ast.Load()), node.target))
            result = self.arithmetic(left, node.op, self.meaning(node.value), node, None)
            self._set_local(node.target.id, result, node.value, node)
        else:
            self._augment_memory(node)

    def _augment_memory(self, node: ast.AugAssign) -> None:
        scope, span = self.scope, self.scope.span(node)
        address = self.place(node.target)
        is_integer = isinstance(address.type, Scalar) and address.type.is_integer
        start = len(scope.ops)
        if isinstance(node.op, ast.Add) and is_integer:
            added = self.value(node.value, address.type)
            if all(isinstance(op, _READING) for op in scope.ops[start:]):
                scope.emit(ir.AddStore(address, added, span))
                return
            right: Meaning = added
        else:
            right = self.meaning(node.value)
        held = scope.temporary(address.type)
        if all(isinstance(op, _READING) for op in scope.ops[start:]):
            scope.emit(ir.Load(held, address, span))
        else:  # what is on the right writes to memory, and Python reads the place before that
            scope.ops.insert(start, ir.Load(held, address, span))
        result = self.arithmetic(held, node.op, right, node, None)
        assert not isinstance(result, Literal)
        scope.emit(ir.Store(address, self.coerce(result, address.type, node.value), span))

    def _stmt_Raise(self, node: ast.Raise) -> None:
        """`raise ValueError("what is wrong")`, or the name of such a text: the caller's arguments are refused."""
        scope, raised = self.scope, node.exc
        if not scope.is_routine:
            message = "a critical section raises nothing but the IndexErrors of its own checks"
            raise scope.refuse(
                node, "not-in-the-language", message, "raise in a routine, before the sequence is called"
            )
        name = raised.func.id if isinstance(raised, ast.Call) and isinstance(raised.func, ast.Name) else ""
        text = raised.args[0] if isinstance(raised, ast.Call) and len(raised.args) == 1 else None
        sentence = scope.source.names.get(text.id) if isinstance(text, ast.Name) else getattr(text, "value", None)
        if name not in ("IndexError", "ValueError") or not isinstance(sentence, str) or node.cause is not None:
            message = f"{ast.unparse(node)} is nothing that a routine can raise"
            fix = 'write raise ValueError("…") or IndexError with one sentence'
            raise scope.refuse(node, "not-in-the-language", message, fix)
        assert raised is not None
        always, span, here = scope.temporary(SCALARS["u64"]), scope.span(node), scope.label("raise")
        scope.emit(ir.Label(here, span))
        scope.emit(ir.Set(always, ir.Const(0, SCALARS["u64"]), span))
        check = self._new_check(always, 0, "", raised, fault=sentence)
        scope.emit(replace(check, exception="ValueError" if name == "ValueError" else "IndexError"))
        scope.emit(ir.Jump(here, span))  # never: nothing comes after it

    def _stmt_Return(self, node: ast.Return) -> None:
        scope = self.scope
        if node.value is None or (isinstance(node.value, ast.Constant) and node.value.value is None):
            may_be_none = scope.maybe or (node.value and isinstance(scope.result, Pointer))
            if scope.result is not None and not may_be_none:
                is_pointer = isinstance(scope.result, Pointer)
                fix = f"return a value, or {'write return None' if is_pointer else f'declare -> {scope.result} | None'}"
                raise scope.refuse(node, "missing-return", f"expected {scope.result}, got nothing to return", fix)
            nothing = ir.Const(0, scope.result) if isinstance(scope.result, Pointer) else None
            self._leave(nothing, node)
            return
        if scope.is_result_unknown:
            self.meaning(node.value)
            scope.emit(ir.Return(None, scope.span(node)))
            return
        if scope.result is None:
            message = "this function is declared to return nothing"
            raise scope.refuse(node, "types-differ", message, "annotate its result, as in -> i64")
        self._leave(self.value(node.value, scope.result), node)

    def _leave(self, value: ir.Operand | None, node: ast.Return) -> None:
        """Return `value`: to the caller, or to where an inline function is called."""
        scope, span = self.scope, self.scope.span(node)
        if scope.inlined is None:
            scope.emit(ir.Return(value, span))
        else:
            self.leave_inlined(value, span)

    def _stmt_If(self, node: ast.If) -> None:
        scope, span = self.scope, self.scope.span(node)
        other, done = scope.label("else"), scope.label("endif")
        self.jump_unless(node.test, other)
        before = dict(scope.names)
        self._narrow(node.test, ast.IsNot)
        self.block(node.body)
        if not self._is_jumped_to(other):
            return  # the condition is a constant
        after_body, body_ends = scope.names, ends(scope.ops)
        if node.orelse and not body_ends:
            scope.emit(ir.Jump(done, span))
        scope.emit(ir.Label(other, span))
        scope.names = dict(before)
        self._narrow(node.test, ast.Is)
        self.block(node.orelse)
        else_ends = ends(scope.ops)
        if node.orelse and not body_ends:
            scope.emit(ir.Label(done, span))
        scope.names = _merged(after_body, body_ends, scope.names, else_ends)

    def _narrow(self, test: ast.expr, op: type[ast.cmpop]) -> None:
        """Where `name is not None` holds (`op` says how that is written), the name is a number."""
        if not isinstance(test, ast.Compare) or len(test.ops) != 1 or not isinstance(test.ops[0], op):
            return
        held = self.scope.names.get(test.left.id) if isinstance(test.left, ast.Name) else None
        if isinstance(held, Perhaps) and isinstance(test.left, ast.Name):
            self.scope.names[test.left.id] = held.value

    def _stmt_For(self, node: ast.For) -> None:
        scope, span = self.scope, self.scope.span(node)
        self._refuse_else(node, "for")
        is_ours = isinstance(node.target, ast.Name) and not self._is_set_in(node.body, node.target.id)
        if not isinstance(node.target, ast.Name) or not is_ours:
            message = "a loop is `for name in range(constant)`, and only the loop sets its name"
            raise scope.refuse(node, "not-in-the-language", message, "write it so")
        name, turns = node.target.id, self._range(node.iter)
        scope.loops.append(Loop(scope.label("done")))
        for number in turns[: MAX_UNROLLED + 1]:
            if ends(scope.ops) or len(scope.ops) > MAX_UNROLLED:
                break
            scope.names[name] = Literal(number)
            self.block(node.body)
        self._leave_loop([] if ends(scope.ops) else [scope.names], span)
        scope.names.pop(name, None)
        if len(scope.ops) > MAX_UNROLLED or len(turns[: MAX_UNROLLED + 1]) > MAX_UNROLLED:
            message = f"unrolled, this loop has more than {MAX_UNROLLED} operations"
            raise scope.refuse(node, "loop-too-long", message, "loop in a routine, or in the caller")

    def _refuse_else(self, node: ast.For | ast.While, word: str) -> None:
        if node.orelse:
            message = f"`else` of a `{word}` loop is not in the language"
            fix = "set a local before the loop, change it where it breaks, and look at it afterwards"
            raise self.scope.refuse(node.orelse[0], "not-in-the-language", message, fix)

    def _leave_loop(self, exits: list[dict[str, Meaning | Perhaps]], span: Span) -> None:
        """What is known after a loop: what all ways out of it agree on; `exits` are those that are no `break`."""
        scope = self.scope
        loop = scope.loops.pop()
        states = [*exits, *loop.exits]
        if states:
            scope.names = functools.reduce(_agreed, states)
        if self._is_jumped_to(loop.done):
            scope.emit(ir.Label(loop.done, span))

    def _is_jumped_to(self, label: str) -> bool:
        return any(getattr(op, "label", None) == label for op in self.scope.ops)

    def _is_set_in(self, statements: list[ast.stmt], name: str) -> bool:
        nodes = (node for statement in statements for node in ast.walk(statement) if isinstance(node, ast.Name))
        return any(node.id == name and isinstance(node.ctx, ast.Store) for node in nodes)

    def _range(self, node: ast.expr) -> range:
        is_range = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range"
        if not is_range or not isinstance(node, ast.Call) or node.keywords or not 1 <= len(node.args) <= 3:
            raise self.scope.refuse(
                node,
                "unbounded-loop",
                "a loop runs over range(constant)",
                "write `for i in range(8):`, and use element [i]",
            )
        bounds = [self.meaning(argument) for argument in node.args]
        constants = [bound for bound in bounds if isinstance(bound, (Literal, ir.Const))]
        numbers = [bound.number for bound in constants if isinstance(bound.number, int)]
        if len(numbers) != len(bounds) or (len(numbers) == 3 and numbers[2] == 0):
            fix = "use a constant bound, and `break` or an `if` inside"
            raise self.scope.refuse(node, "unbounded-loop", "the bounds of range() are not constants", fix)
        return range(*numbers)

    def _stmt_Break(self, node: ast.Break) -> None:
        loop = self.scope.loops[-1]
        loop.exits.append(dict(self.scope.names))
        self.scope.emit(ir.Jump(loop.done, self.scope.span(node)))

    def _stmt_While(self, node: ast.While) -> None:
        scope, span = self.scope, self.scope.span(node)
        self._refuse_else(node, "while")
        if not scope.is_routine:
            message = "a while loop may run for ever, and a sequence must end"
            fix = "use `for … in range(constant)`, or loop in a @rseq.routine that calls the sequence"
            raise scope.refuse(node, "unbounded-loop", message, fix)
        again, done = scope.label("again"), scope.label("done")
        before = dict(scope.names)
        scope.loops.append(Loop(done))
        scope.emit(ir.Label(again, span))
        is_endless = isinstance(node.test, ast.Constant) and bool(node.test.value)
        if not is_endless:
            self.jump_unless(node.test, done)
        self.block(node.body)
        if not ends(scope.ops):
            scope.emit(ir.Jump(again, span))
        self._leave_loop([] if is_endless else [before], span)


def _bound(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement gives a meaning to."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).partition(".")[0]


def _merged(body: dict[str, Any], body_ends: bool, other: dict[str, Any], other_ends: bool) -> dict[str, Any]:
    """What is known after an `if`: what both branches agree on, or the one that goes on."""
    if body_ends:
        return other
    if other_ends:
        return body
    return _agreed(body, other)


def _agreed(one: dict[str, Meaning | Perhaps], other: dict[str, Meaning | Perhaps]) -> dict[str, Meaning | Perhaps]:
    return {name: meaning for name, meaning in one.items() if other.get(name) == meaning}
