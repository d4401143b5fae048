"""Inline functions: what `@rseq.inline` makes of a function, and how a call of one is parsed into the caller.

A call has no operation of its own: the function's statements are parsed where it is called, with registers of their
own names. What returns goes to the end of them. So a sequence that calls an inline function is still one critical
section, and a store in there is the sequence's own. Constants that are passed stay constants.
"""

from __future__ import annotations

import ast
import functools
import inspect
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, ParamSpec, TypeVar

from rseq._language import ir
from rseq._language.calls import Calls
from rseq._language.compiled import Compiled, operation_of
from rseq._language.crossing import ACTING
from rseq._language.errors import Span
from rseq._language.scope import Inlined, Meaning, Perhaps, Refused, Scope, ends
from rseq._language.source import Source, renewed
from rseq._language.types import Buffer, Record, RecordType, Scalar, boolean, u8

__all__ = ["Inline", "Inlining", "Nothing"]

P = ParamSpec("P")
R = TypeVar("R")

MAX_OPERATIONS = 4096
"""The most operations that a function may have with others inlined, and the most calls that are inlined into it."""


class Nothing(Record):
    """The record of a function that has none."""

    nothing: u8


class Inline(Generic[P, R]):
    """A function that sequences, routines and other inline functions call. Made by `@rseq.inline`.

    From Python, one that takes nothing but numbers can be called too: it computes what it would compute there, with
    the language's arithmetic. That is slow, and meant for tests.
    """

    __name__: str
    __qualname__: str

    def __init__(
        self,
        source: Source,
        lane: str,
        record: RecordType | None,
        parameters: tuple[ir.Value, ...],
        result: Any,
        maybe: bool,
        defaults: Mapping[str, int | float],
    ) -> None:
        functools.update_wrapper(self, source.function)
        self.source, self.lane, self.record = source, lane, record
        self.parameters, self.result, self.maybe, self.defaults = parameters, result, maybe, defaults
        self._bodies: dict[tuple[ir.Operand, ...], ir.Body] = {}

    def __call__(self, *arguments: P.args, **keywords: P.kwargs) -> R:
        """What the function computes of numbers.

        Raises: TypeError - it takes more than numbers, or these do not fit. OverflowError - a number does not fit its
        type. CompileError - the language does not accept it.
        """
        from rseq._language.interpret import Memory, run

        if self.record is not None or not all(
            isinstance(one.type, Scalar) for one in (*self.parameters, *self._results)
        ):
            raise TypeError(
                f"{self.__name__}() works on memory of sequences, which call it; from Python call a sequence that does"
            )
        given = self._given(arguments, keywords)
        body = self._body(given)
        if any(isinstance(op, ir.Clock) for op in body.ops):
            raise TypeError(f"{self.__name__}() reads the clock of a CPU; it is called in sequences and routines only")
        result: Any = run(body, Memory.of(Nothing), given[: len(body.parameters)])
        return result  # type: ignore[no-any-return]

    @property
    def _results(self) -> tuple[ir.Value, ...]:
        return () if self.result is None else (ir.Value("result", self.result),)

    def _given(self, arguments: tuple[object, ...], keywords: Mapping[str, object]) -> list[int | float]:
        parameters = [
            inspect.Parameter(
                one.name,
                inspect.Parameter.POSITIONAL_OR_KEYWORD,
                default=self.defaults.get(one.name, inspect.Parameter.empty),
            )
            for one in self.parameters
        ]
        try:
            bound = inspect.Signature(parameters).bind(*arguments, **keywords)
        except TypeError as error:
            raise TypeError(f"{self.__name__}(): {error}") from None
        bound.apply_defaults()
        return [_number(self.__name__, one, bound.arguments[one.name]) for one in self.parameters]

    def _body(self, given: Sequence[int | float]) -> ir.Body:
        """The function as a whole: for any numbers, or if it needs constants (a loop's bounds), for these."""
        from rseq._language.errors import CompileError
        from rseq._language.parse import standalone

        for values in (self.parameters, tuple(map(_constant, given, self.parameters))):
            if values not in self._bodies:
                try:
                    self._bodies[values] = standalone(self, values)
                except CompileError:
                    if values is not self.parameters:
                        raise
                    continue
            return self._bodies[values]
        raise AssertionError("the second one returns or raises")

    def __repr__(self) -> str:
        return f"<rseq.inline {self.__qualname__}>"


def _constant(number: int | float, parameter: ir.Value) -> ir.Operand:
    assert not isinstance(parameter.type, Buffer)
    return ir.Const(number, parameter.type)


def _default(callee: Inline[..., Any], parameter: ir.Value) -> ir.Operand:
    return _constant(callee.defaults[parameter.name], parameter)


def _number(name: str, parameter: ir.Value, given: Any) -> int | float:
    """An argument from Python as a number of its type, as a bound sequence takes it."""
    type = parameter.type
    assert isinstance(type, Scalar)
    try:
        number = _truth(given) if type.kind == "bool" else float(given) if type.is_float else operator.index(given)
    except TypeError:
        raise TypeError(f"{name}(): {parameter.name} is {type}, {type.values}; got {given!r}") from None
    wrapped = type.wrap(number)
    if math.isinf(wrapped) and not math.isinf(number) if type.is_float else wrapped != number:
        raise OverflowError(f"{name}(): {parameter.name} is {type}, {type.values}; got {_shown(given)}")
    return wrapped


def _truth(given: Any) -> bool:
    """A bool, Python's or NumPy's. Raises: TypeError - it is something else."""
    if not isinstance(given, bool):
        view = memoryview(given)
        if view.format != "?" or view.ndim:
            raise TypeError
    return bool(given)


def _shown(number: Any) -> str:
    try:
        return repr(number)
    except ValueError:  # more digits than Python prints
        return "a number of very many digits"


class Inlining(Calls):
    """The part of the parser that reads calls of inline functions."""

    block: Callable[[list[ast.stmt]], None]
    _record_refusal: Callable[[Refused], None]

    def call(self, node: ast.Call, into: str | None) -> Meaning | Perhaps | None:
        """Emit a call; that of an inline function is its body."""
        self._refuse_recursion(node)
        callee = self.static(node.func)
        if not isinstance(callee, Inline):
            return super().call(node, into)
        if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
            message, fix = "calls take plain positional arguments", "pass one by one"
            raise self.scope.refuse(node, "not-in-the-language", message, fix)
        arguments = self._after_lane(node, callee)
        pairs = zip(arguments, callee.parameters, strict=False)
        values = [self._passed(argument, parameter)[0] for argument, parameter in pairs]
        values += [_default(callee, parameter) for parameter in callee.parameters[len(values) :]]
        self._refuse_circle(node, callee)
        return self.inlined(callee, values, self.scope.span(node))

    def may_act(self, node: ast.expr) -> bool:
        """True if computing `node` may do what other expressions can see: call a sequence, store to memory, or wait."""
        return any(self._call_may_act(part) for part in ast.walk(node) if isinstance(part, ast.Call))

    def _call_may_act(self, node: ast.Call) -> bool:
        try:
            callee = self.static(node.func)
        except Refused:
            return False  # it is refused when it is read
        if isinstance(callee, Inline):
            return callee.record is not None or not all(isinstance(one.type, Scalar) for one in callee.parameters)
        return isinstance(callee, Compiled) or operation_of(callee) in ACTING

    def _after_lane(self, node: ast.Call, callee: Inline[..., Any]) -> list[ast.expr]:
        """The arguments after the record, if it takes that."""
        scope, name, arguments = self.scope, callee.__name__, node.args
        if callee.record is not None:
            lane, arguments = (node.args[0] if node.args else None), node.args[1:]
            if not isinstance(lane, ast.Name) or not scope.lane or lane.id != scope.lane:
                wanted = scope.lane or callee.lane
                fix = f"{name}({wanted}, …)" if scope.lane else f"give this function the record too: {callee.lane}"
                raise scope.refuse(node, "wrong-arguments", f"{name}() takes {wanted} first", fix)
            if callee.record is not scope.record:
                message = f"{name}() works on {callee.record.__name__}, this function on {scope.record.__name__}"
                raise scope.refuse(node, "wrong-arguments", message, "use one record")
        wanted_count, required = len(callee.parameters), len(callee.parameters) - len(callee.defaults)
        if not required <= len(arguments) <= wanted_count:
            after = f" after {scope.lane}" if callee.record is not None else ""
            message = f"{name}() takes {wanted_count} arguments{after}; got {len(arguments)}"
            raise scope.refuse(node, "wrong-arguments", message, "pass each of them")
        return arguments

    def _refuse_circle(self, node: ast.Call, callee: Inline[..., Any]) -> None:
        scope = self.scope
        scope.serials.inlined += 1
        if callee in scope.callers:
            message = f"{callee.__name__}() calls itself"
            why = "an inline function becomes part of its caller, and this would have no end"
            raise scope.refuse(node, "recursion", message, "write it as a loop", why)
        if max(len(scope.ops), scope.serials.inlined) > MAX_OPERATIONS:
            message = f"with its inline functions, this function has more than {MAX_OPERATIONS} operations or calls"
            raise scope.refuse(node, "inline-too-long", message, "loop in a routine, or in the caller")

    def inlined(
        self, callee: Inline[..., Any], values: Sequence[ir.Operand], call: Span | None
    ) -> Meaning | Perhaps | None:
        """Emit the body of `callee` with `values` for its parameters; its result.

        Raises: Refused - something in there was refused, and is reported.
        """
        outer = self.scope
        self.scope = inner = _scope_of(callee, outer, call)
        try:
            for parameter, value in zip(callee.parameters, values, strict=True):
                self._take(parameter, value)
            self.block(callee.source.tree.body)
            if not ends(inner.ops):
                self._end(callee)
            if inner.is_refused:
                raise Refused
            return self._result()
        finally:
            self.scope = outer

    def whole(self, callee: Inline[..., Any], values: Sequence[ir.Operand]) -> None:
        """Emit `callee` as a function of its own."""
        scope, span = self.scope, self.scope.span(callee.source.tree)
        found = self.inlined(callee, values, None)
        if isinstance(found, Perhaps):
            nothing = scope.label("nothing")
            scope.emit(ir.BranchIf(found.missing, "!=", ir.Const(0, boolean), nothing, span))
            scope.emit(ir.Return(found.value, span))
            scope.emit(ir.Label(nothing, span))
        scope.emit(ir.Return(found if isinstance(found, (ir.Value, ir.Const)) else None, span))

    def _end(self, callee: Inline[..., Any]) -> None:
        """What happens at the end of a function that has not returned."""
        scope, tree = self.scope, callee.source.tree
        if callee.maybe:
            self.leave_inlined(None, scope.span(tree))
        elif callee.result is not None and not scope.may_return:
            message = f"{callee.__name__}() may end without returning its {callee.result}"
            refused = scope.refuse(tree, "missing-return", message, "return a value on every path")
            self._record_refusal(refused)
            scope.is_refused = True

    def leave_inlined(self, value: ir.Operand | None, span: Span) -> None:
        """Emit: leave `value` where the caller finds it, and go there."""
        way, emit = self.scope.inlined, self.scope.emit
        assert way is not None
        if way.value is not None:  # also where it is None: the caller may copy both registers
            emit(ir.Set(way.value, value or ir.Const(0, way.value.type), span))
        if way.missing is not None:
            emit(ir.Set(way.missing, ir.Const(int(value is None), boolean), span))
        emit(ir.Jump(way.after, span))

    def _take(self, parameter: ir.Value, value: ir.Operand) -> None:
        """The parameter is the value itself, or if it is assigned, a register of its own."""
        scope, name = self.scope, parameter.name
        scope.names[name] = value
        if isinstance(parameter.type, Buffer):
            return
        scope.types[name] = parameter.type
        if scope.assigned[name]:
            scope.assigned[name] += 1
            register = ir.Value(scope.register(name), parameter.type)
            scope.emit(ir.Set(register, value, scope.span(scope.source.tree)))
            scope.names[name] = register

    def _result(self) -> Meaning | Perhaps | None:
        """Where all returns meet. If there is one and it is last, its value is the result, which may be a constant."""
        scope, ops, way = self.scope, self.scope.ops, self.scope.inlined
        assert way is not None
        if ops and isinstance(ops[-1], ir.Jump) and ops[-1].label == way.after:
            ops.pop()
        last = ops[-1] if ops else None
        if any(getattr(op, "label", None) == way.after for op in ops):
            scope.emit(ir.Label(way.after, scope.span(scope.source.tree)))
        elif way.missing is None and isinstance(last, ir.Set) and last.target == way.value:
            ops.pop()
            return last.source
        return Perhaps(way.value, way.missing) if way.value is not None and way.missing is not None else way.value


def _scope_of(callee: Inline[..., Any], outer: Scope, call: Span | None) -> Scope:
    inner = Scope(
        renewed(callee.source),
        outer.is_routine,
        callee.lane,
        outer.record,
        callee.result,
        callee.maybe,
        outer.parameters,
        ops=outer.ops,
        makers=outer.makers,
        checks=outer.checks,
        names=outer.known_rows(),
        rows=outer.rows,
        diagnostics=outer.diagnostics,
        serials=outer.serials,
        prefix=f"{callee.__name__}.{outer.serials.inlined}.",
        call=call,
        callers=(*outer.callers, callee),
    )
    value = None if callee.result is None else inner.temporary(callee.result)
    inner.inlined = Inlined(inner.label("returned"), value, inner.temporary(boolean) if callee.maybe else None)
    return inner
