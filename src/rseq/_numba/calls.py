"""Calls of sequences and routines in compiled code: arguments in, the critical section, result or exception out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import llvmlite.ir as ll
from numba.core import cgutils, types
from numba.core.types import misc
from numba.extending import lower_builtin

from rseq._codegen.codes import FAILED, NO_THREAD, NOTHING, RAISED, REFUSED, refusals
from rseq._codegen.environment import Lane
from rseq._codegen.lower import Unit
from rseq._codegen.writer import I1, I8, I64, PTR, Writer
from rseq._language import ir
from rseq._language.types import Buffer
from rseq._numba.environment import NumbaEnvironment
from rseq._numba.types import BoundSequenceType, row_names
from rseq._percpu.thread_code import Refused

_LOOP_BODY = "__numba_parfor_gufunc"
"""In the names of the functions that Numba makes of the bodies of parallel loops."""


@lower_builtin(BoundSequenceType, misc.VarArg(types.Any))
def _lower(context: Any, builder: Any, sig: Any, args: Sequence[Any]) -> Any:
    bound, *kinds = sig.args  # the receiver first
    place, *given = args
    return _Call(context, builder, bound, place).write(given, kinds, sig.return_type)


def _unit(module: Any, bound: BoundSequenceType) -> Unit:
    units: dict[str, Unit] = module.__dict__.setdefault("_rseq_units", {})
    name = bound.index if bound.has_lanes else f"{bound.index}.spare"
    if name not in units:
        environment = NumbaEnvironment(module, bound.has_lanes)
        units[name] = Unit(module, environment, bound.index, prefix=f"rseq.{name}.")
    return units[name]


class _Call:
    """One call, while it is written."""

    def __init__(self, context: Any, builder: Any, bound: BoundSequenceType, place: Any) -> None:
        self.context, self.bound, self.code = context, bound, bound.code
        self.unit = _unit(builder.module, bound)
        self.emit = Writer(builder, self.unit.environment)
        self.place = cgutils.create_struct_proxy(bound)(context, builder, value=place)
        needs_nothing = self.code.kind == "sequence" and self.code.body.result is None
        self.left_out = self.emit.label("left_out") if needs_nothing else None
        """Where code goes on that can do without the call: it needs no result, and no lock that a routine has taken."""

    def write(self, given: Sequence[Any], kinds: Sequence[Any], returns: Any) -> Any:
        """Emit it; its result as Numba has it."""
        emit, body = self.emit, self.code.body
        lane = Lane(*(getattr(self.place, name) for name in Lane._fields))
        if self.bound.dimensions:
            lane = lane._replace(base=self._row(given[0]))
            given, kinds = given[1:], kinds[1:]
        triples = zip(given, kinds, body.given, strict=True)
        arguments = [part for triple in triples for part in self._argument(*triple)]
        arguments += [getattr(self.place, name) for name in row_names(self.bound)]
        known = emit.label("known", self.context.get_value_type(returns)) if body.maybe else None

        def fail(code: Any) -> None:
            if known is not None:
                with emit.if_(emit.compare(code, "==", NOTHING), likely=True):
                    emit.jump(known, self.context.make_optional_none(emit.llvm, returns.type))
            self._raise(code)

        results = self.unit.run(emit, self.code, self.unit.environment.area(emit), lane, arguments, fail)
        if self.left_out is not None:
            emit.here(self.left_out)
        if body.result is None:
            return self.context.get_dummy_value()
        pairs = zip(results, body.results, strict=True)
        numbers = [emit.fit(result, I1) if type.kind == "bool" else result for result, type in pairs]
        value = numbers[0]
        if body.more:
            plain = returns.type if known is not None else returns
            value = self.context.make_tuple(emit.llvm, plain, numbers)
        if known is None:
            return value
        emit.jump(known, self.context.make_optional_value(emit.llvm, returns.type, value))
        return emit.here(known)[0]

    def _argument(self, value: Any, type: Any, parameter: ir.Value) -> list[Any]:
        """What a value is as an argument of a sequence; a buffer is its address and its length in bytes."""
        emit = self.emit
        if isinstance(parameter.type, Buffer):
            if isinstance(type, types.Record):
                return [emit.address(value), I64(type.size)]
            array = cgutils.create_struct_proxy(type)(self.context, emit.llvm, value=value)
            return [emit.address(array.data), emit.mul(array.nitems, array.itemsize)]
        if parameter.type.is_float:
            return [_frozen(emit, value)]
        return [emit.fit(value, I8) if parameter.type.kind == "bool" else value]

    def _row(self, index: Any) -> Any:
        """The address of the record that an index means; out of range raises."""
        emit, bound = self.emit, self.bound
        flat: Any = I64(0)
        for axis in range(bound.dimensions):
            part = index if bound.dimensions == 1 else emit.llvm.extract_value(index, axis)
            length = getattr(self.place, f"length{axis}")
            with emit.if_(emit.compare(part, ">=", length), likely=False):
                self._leave_out()
                self._throw(IndexError, f"the index is out of range for axis {axis}")
            flat = emit.add(emit.mul(flat, length), part)
        return emit.add(self.place.base, emit.mul(flat, self.code.body.record.size))

    # ---- exceptions

    def _raise(self, code: Any) -> None:
        """Emit the exception for a code."""
        emit = self.emit
        with emit.if_(emit.compare(code, "==", RAISED)):
            self.context.call_conv.return_exc(emit.llvm)
        with emit.if_(emit.compare(code, "==", REFUSED)):
            self.context.call_conv.return_user_exc(emit.llvm, Refused, ())
        known = refusals(self.code, self.unit.checks)
        for number in (FAILED, NO_THREAD):
            with emit.if_(emit.compare(code, "==", number)):
                self._throw(*known.pop(number))
        self._leave_out()
        for number, refusal in known.items():
            with emit.if_(emit.compare(code, "==", number)):
                self._throw(*refusal)
        self._throw(IndexError, "index out of range")

    def _throw(self, kind: type[Exception], text: str) -> None:
        self.context.call_conv.return_user_exc(self.emit.llvm, kind, (f"{self.bound.title}(): {text}",))

    def _leave_out(self) -> None:
        """Emit, before an exception that Numba would drop: count the call, and go on without it if that can be."""
        where_dropped(self.emit, self._count_refusal)

    def _count_refusal(self) -> None:
        self.emit.add_atomically(self.place.refused, 1)
        if self.left_out is not None:
            self.emit.jump(self.left_out)


def where_dropped(emit: Writer, count: Callable[[], None]) -> None:
    """Emit `count()` before an exception, for where Numba will drop that: in a loop's body, and in its own threads."""
    if getattr(emit.llvm, "_in_try_block", False):
        return  # what is caught is not dropped
    if _LOOP_BODY in emit.function.name:
        count()
        if emit.has_ended:
            emit.here(emit.label("unreached"))
        return
    with emit.unless(emit.call("PyGILState_GetThisThreadState", PTR), likely=False):
        count()


def _frozen(emit: Writer, value: Any) -> Any:
    """The value as it is, whatever LLVM would conclude from where it comes from: with fastmath, that it is no NaN."""
    instruction = ll.Instruction(emit.llvm.block, value.type, "freeze", [value])
    emit.llvm._insert(instruction)
    return instruction
