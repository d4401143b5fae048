"""What is written as a call: conversions, `len`, the language's operations, and calls themselves."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Mapping
from functools import partial

from rseq._language import ir
from rseq._language.advice import as_float
from rseq._language.compiled import Compiled
from rseq._language.inline import Inline
from rseq._language.numbers import counted_bits, float_bits
from rseq._language.op import BitCountName
from rseq._language.parser.calls import compiled_call, inlined_call
from rseq._language.parser.conditions import truth
from rseq._language.parser.copies import copy
from rseq._language.parser.crossing import CROSSING
from rseq._language.parser.expressions import convert, converted_constant, integer, kind_of, meaning, operand
from rseq._language.parser.extremes import CALLED, extreme
from rseq._language.parser.memory import array_of
from rseq._language.parser.names import static
from rseq._language.parser.refused import CALLS, CLOCKS
from rseq._language.parser.scope import Found, Literal, Meaning, Reader, Scope
from rseq._language.types import SCALARS, Pointer, Scalar, boolean
from rseq._marks import operation_of

_NUMBERS = ("no arguments", "an argument", "two arguments", "three arguments")


def call(scope: Scope, node: ast.Call, into: str | None) -> Found | None:
    """Emit a call; what it comes to, if it returns anything."""
    _refuse_recursion(scope, node)
    callee = static(scope, node.func)
    if isinstance(node.func, ast.Name) and node.func.id in CALLS and callee is getattr(builtins, node.func.id):
        message = f"{node.func.id}() is not in the language"
        raise scope.refuse(node, "not-in-the-language", message, CALLS[node.func.id])
    if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
        message = "calls take plain positional arguments"
        raise scope.refuse(node, "not-in-the-language", message, "pass one by one")
    if isinstance(callee, Inline):
        return inlined_call(scope, node, callee)
    if callee is bool or isinstance(callee, Scalar):
        return _conversion(scope, node, callee if isinstance(callee, Scalar) else boolean, into)
    if callee is len:
        return _length(scope, node)
    if callee in CALLED:
        return extreme(scope, node, callee, into)
    if (operation := operation_of(callee)) is not None:
        return _operation(scope, node, operation, into)
    if isinstance(callee, Compiled):
        return compiled_call(scope, node, callee, into)
    message = f"{ast.unparse(node.func)}() cannot be called here"
    if any(callee is clock for clock in CLOCKS):
        now = "use rseq.clock(), which counts ticks, rseq.clock_frequency() in a second; or ask before, and pass it"
        raise scope.refuse(node, "call-in-sequence", message, now)
    fix = "decorate it with @rseq.inline if it is in the language, else call it before or after"
    raise scope.refuse(node, "call-in-sequence", message, fix)


def _refuse_recursion(scope: Scope, node: ast.Call) -> None:
    if scope.inlined is None and isinstance(node.func, ast.Name) and node.func.id == scope.tree.name:
        why = "it would have no end that the compiler can see"
        raise scope.refuse(node, "recursion", f"{node.func.id}() calls itself", "write it as a loop", why)


def _conversion(scope: Scope, node: ast.Call, type: Scalar, into: str | None) -> Meaning:
    if len(node.args) != 1:
        raise scope.refuse(node, "not-in-the-language", f"{type}() takes one argument", "pass one number")
    if type.kind == "bool":
        return truth(scope, node.args[0])
    source = meaning(scope, node.args[0])
    if isinstance(source, Literal):
        return converted_constant(scope, source.number, type, node)
    if isinstance(source.type, Pointer):
        raise scope.refuse(node, "types-differ", "a pointer is never a number", "keep it in a ptr[T]")
    return source if source.type == type else convert(scope, source, type, node, into)


def _length(scope: Scope, node: ast.Call) -> Meaning:
    """`len(data)`: the bytes of a buffer; `len(cpu.slots)`: the elements of an array, a constant."""
    argument = node.args[0] if len(node.args) == 1 else node
    if (buffer := scope.buffer(argument)) is not None:
        return ir.length_of(buffer)
    if isinstance(argument, ast.Attribute) and (array := array_of(scope, argument)) is not None:
        return Literal(array.shape[0])
    message = f"{ast.unparse(node)}: len() is that of an array of a record, or of a buffer"
    raise scope.refuse(node, "wrong-arguments", message, "name an array, as in len(cpu.slots), bytes or a bytearray")


# ---- operations


def _operation(scope: Scope, node: ast.Call, name: str, into: str | None) -> Found | None:
    wanted, read = _OPERATIONS[name]
    if len(node.args) != wanted:
        message = f"{name}() takes {_NUMBERS[wanted]}; got {len(node.args)}"
        raise scope.refuse(node, "wrong-arguments", message, f"pass {_NUMBERS[wanted]}")
    if name in CROSSING and name != "load_acquire" and not scope.is_routine:
        message = f"{name}() crosses CPUs, and a sequence works on its own"
        fix = "call it in a @rseq.routine; a sequence's own order is `release=True` and `acquire=True`"
        raise scope.refuse(node, "crossing-in-sequence", message, fix)
    return read(scope, node, into)


def _clock(scope: Scope, node: ast.Call, into: str | None) -> Meaning:
    return scope.emit(ir.Clock(scope.target(into, SCALARS["u64"]), scope.span(node))).target


def _clock_frequency(scope: Scope, node: ast.Call, into: str | None) -> Meaning:
    if not scope.is_routine:
        message, fix = "clock_frequency() is an operation of routines", "ask in a routine, and pass it on"
        raise scope.refuse(node, "not-in-the-language", message, fix)
    return scope.emit(ir.ClockFrequency(scope.target(into, SCALARS["u64"]), scope.span(node))).target


def _float_bits(scope: Scope, node: ast.Call, into: str | None) -> Meaning:
    if not scope.is_routine:
        message, fix = "float_bits() is an operation of routines", "ask in a routine, and pass the bits on"
        raise scope.refuse(node, "not-in-the-language", message, fix)
    source = operand(scope, node.args[0])
    if not isinstance(source.type, Scalar) or not source.type.is_float:
        message = f"float_bits() takes a float; got {kind_of(source)}"
        raise scope.refuse(node, "types-differ", message, as_float(source.type))
    kind = SCALARS[f"u{source.type.bits}"]
    if isinstance(source, ir.Const):
        return ir.Const(float_bits(source.number, source.type), kind)
    return scope.emit(ir.FloatBits(scope.target(into, kind), source, scope.span(node))).target


def _count_bits(name: BitCountName, scope: Scope, node: ast.Call, into: str | None) -> Meaning:
    source = integer(scope, node.args[0], f"{name}() takes an integer", node)
    if isinstance(source, ir.Const):
        return ir.Const(counted_bits(name, int(source.number), source.type.bits), source.type)
    return scope.emit(ir.CountBits(scope.target(into, source.type), name, source, scope.span(node))).target


def _cpu_number(scope: Scope, node: ast.Call, into: str | None) -> Meaning:
    if scope.is_routine:
        message = "a routine may be moved to another CPU at any time"
        raise scope.refuse(node, "lane-in-routine", message, "ask in a sequence, and return it")
    return scope.emit(ir.CpuNumber(scope.target(into, SCALARS["i32"]), scope.span(node))).target


_OPERATIONS: Mapping[str, tuple[int, Reader]] = {
    "clock": (0, _clock),
    "clock_frequency": (0, _clock_frequency),
    "cpu_number": (0, _cpu_number),
    "ctz": (1, partial(_count_bits, "ctz")),
    "clz": (1, partial(_count_bits, "clz")),
    "bits": (1, partial(_count_bits, "bits")),
    "float_bits": (1, _float_bits),
    "copy": (3, copy),
    **CROSSING,
}
"""The operations: how many arguments each has, and what reads it."""
