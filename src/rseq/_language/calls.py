"""Calls: conversions, the language's operations, and in routines sequences and other routines."""

from __future__ import annotations

import ast
import builtins

from rseq._language import ir
from rseq._language.advice import as_float, as_integer
from rseq._language.compiled import Compiled, operation_of
from rseq._language.crossing import CROSSING, Crossing
from rseq._language.expressions import kind_of
from rseq._language.numbers import bit_count_name, counted_bits, float_bits
from rseq._language.refused import CALLS
from rseq._language.scope import Literal, Meaning, Perhaps
from rseq._language.types import SCALARS, Buffer, Pointer, Scalar, boolean

__all__ = ["Calls"]

_ARGUMENTS = {"ctz": 1, "clz": 1, "bits": 1, "float_bits": 1, "copy": 3, **CROSSING}
_NUMBERS = ("no arguments", "an argument", "two arguments", "three arguments")


class Calls(Crossing):
    """The part of the parser that reads calls."""

    def _expr_Call(self, node: ast.Call, into: str | None) -> Meaning | Perhaps:
        result = self.call(node, into)
        if result is None:
            raise self.scope.refuse(node, "no-result", f"{ast.unparse(node.func)}() returns nothing", "call it alone")
        return result

    def call(self, node: ast.Call, into: str | None) -> Meaning | Perhaps | None:
        """Emit a call: a conversion, an operation, or in a routine a sequence or another routine."""
        self._refuse_recursion(node)
        callee = self.static(node.func)
        if isinstance(node.func, ast.Name) and node.func.id in CALLS and callee is getattr(builtins, node.func.id):
            message = f"{node.func.id}() is not in the language"
            raise self.scope.refuse(node, "not-in-the-language", message, CALLS[node.func.id])
        if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
            raise self.scope.refuse(
                node, "not-in-the-language", "calls take plain positional arguments", "pass one by one"
            )
        if callee is bool or isinstance(callee, Scalar):
            return self._conversion(node, boolean if callee is bool else callee, into)
        operation = operation_of(callee)
        if callee is len:
            return self._length(node)
        if operation is not None:
            return self._operation(node, operation, into)
        if isinstance(callee, Compiled):
            return self._call(node, callee, into)
        message = f"{ast.unparse(node.func)}() cannot be called here"
        fix = "decorate it with @rseq.inline if it is in the language, else call it before or after"
        raise self.scope.refuse(node, "call-in-sequence", message, fix)

    def _refuse_recursion(self, node: ast.Call) -> None:
        scope = self.scope
        if scope.inlined is None and isinstance(node.func, ast.Name) and node.func.id == scope.source.tree.name:
            why = "it would have no end that the compiler can see"
            raise scope.refuse(node, "recursion", f"{node.func.id}() calls itself", "write it as a loop", why)

    def _conversion(self, node: ast.Call, type: Scalar | object, into: str | None) -> Meaning:
        assert isinstance(type, Scalar)
        if len(node.args) != 1:
            raise self.scope.refuse(node, "not-in-the-language", f"{type}() takes one argument", "pass one number")
        if type.kind == "bool":
            return self._truth(node.args[0])
        source = self.meaning(node.args[0])
        if isinstance(source, Literal):
            return self._converted(source.number, type, node)
        if isinstance(source.type, Pointer):
            raise self.scope.refuse(node, "types-differ", "a pointer is never a number", "keep it in a ptr[T]")
        if source.type == type:
            return source
        return self._convert(source, type, node, into)

    def _length(self, node: ast.Call) -> Meaning:
        """`len(data)`: the bytes of a buffer."""
        (argument,) = node.args if len(node.args) == 1 else (node,)
        buffer = self.buffer(argument.id) if isinstance(argument, ast.Name) else None
        if buffer is None:
            message = f"{ast.unparse(node)}: len() is that of a buffer, a parameter of type bytes or bytearray"
            raise self.scope.refuse(node, "wrong-arguments", message, "write an array's length as a constant")
        return ir.length_of(buffer)

    def _operation(self, node: ast.Call, name: str, into: str | None) -> Meaning | None:
        wanted = _ARGUMENTS.get(name, 0)
        if len(node.args) != wanted:
            message = f"{name}() takes {_NUMBERS[wanted]}; got {len(node.args)}"
            raise self.scope.refuse(node, "wrong-arguments", message, f"pass {_NUMBERS[wanted]}")
        if name in CROSSING:
            return self.crossing(node, name, into)
        if name == "copy":
            self.copy(node)
            return None
        if name == "cpu_number":
            return self._cpu_number(node, into)
        if name == "clock":
            target = self.scope.target(into, SCALARS["u64"])
            self.scope.emit(ir.Clock(target, self.scope.span(node)))
            return target
        if name == "float_bits":
            return self._float_bits(node, into)
        return self._count_bits(node, name, into)

    def _float_bits(self, node: ast.Call, into: str | None) -> Meaning:
        if not self.scope.is_routine:
            message, fix = "float_bits() is an operation of routines", "ask in a routine, and pass the bits on"
            raise self.scope.refuse(node, "not-in-the-language", message, fix)
        source = self.operand(node.args[0])
        if not isinstance(source.type, Scalar) or not source.type.is_float:
            message = f"float_bits() takes a float; got {kind_of(source)}"
            raise self.scope.refuse(node, "types-differ", message, as_float(source.type))
        kind = SCALARS[f"u{source.type.bits}"]
        if isinstance(source, ir.Const):
            return ir.Const(float_bits(source.number, source.type), kind)
        target = self.scope.target(into, kind)
        self.scope.emit(ir.FloatBits(target, source, self.scope.span(node)))
        return target

    def _count_bits(self, node: ast.Call, name: str, into: str | None) -> Meaning:
        source = self.operand(node.args[0])
        if not isinstance(source.type, Scalar) or not source.type.is_integer:
            message = f"{name}() takes an integer; got {kind_of(source)}"
            raise self.scope.refuse(node, "types-differ", message, as_integer(source.type))
        if isinstance(source, ir.Const):
            return ir.Const(counted_bits(name, int(source.number), source.type.bits), source.type)
        target = self.scope.target(into, source.type)
        self.scope.emit(ir.CountBits(target, bit_count_name(name), source, self.scope.span(node)))
        return target

    def _cpu_number(self, node: ast.Call, into: str | None) -> Meaning:
        if self.scope.is_routine:
            message = "a routine may be moved to another CPU at any time"
            raise self.scope.refuse(node, "lane-in-routine", message, "ask in a sequence, and return it")
        target = self.scope.target(into, SCALARS["i32"])
        self.scope.emit(ir.CpuNumber(target, self.scope.span(node)))
        return target

    def _registers(self, rows: ir.Rows) -> tuple[ir.Value, ir.Value]:
        """Where the rows of a function that is called are: this one is bound with the same array."""
        own = self.scope.rows_of(rows.target)
        return own.first, own.length

    def _call(self, node: ast.Call, callee: Compiled, into: str | None) -> Meaning | Perhaps | None:
        scope = self.scope
        name = callee.__name__
        if not scope.is_routine:
            message, why = f"{name}() is a call", "a critical section is left by a call, and no longer protected"
            raise scope.refuse(node, "call-in-sequence", message, "call both from a @rseq.routine", why)
        lane, arguments = (node.args[0] if node.args else None), node.args[1:]
        if not isinstance(lane, ast.Name) or lane.id != scope.lane:
            raise scope.refuse(
                node, "wrong-arguments", f"{name}() takes {scope.lane} first", f"{name}({scope.lane}, …)"
            )
        body = callee.body
        if body.record is not scope.record:
            message = f"{name}() works on {body.record.__name__}, this routine on {scope.record.__name__}"
            raise scope.refuse(node, "wrong-arguments", message, "use one record")
        required = len(body.given) - len(body.defaults)
        if not required <= len(arguments) <= len(body.given):
            message = f"{name}() takes {len(body.given)} arguments after {scope.lane}; got {len(arguments)}"
            raise scope.refuse(node, "wrong-arguments", message, "pass each of them")
        values: list[ir.Operand] = []
        for argument, parameter in zip(arguments, body.given, strict=False):
            values += self._passed(argument, parameter)
        for parameter in body.given[len(arguments) :]:
            assert not isinstance(parameter.type, Buffer)
            values.append(ir.Const(body.defaults[parameter.name], parameter.type))
        values += [register for rows in body.rows for register in self._registers(rows)]
        if body.maybe:
            assert body.result is not None
            found = Perhaps(scope.temporary(body.result), scope.temporary(boolean))
            scope.emit(ir.Call(found.value, callee, tuple(values), scope.span(node), found.missing))
            return found
        target = scope.target(into, body.result) if body.result else None
        scope.emit(ir.Call(target, callee, tuple(values), scope.span(node)))
        return target

    def _passed(self, node: ast.expr, parameter: ir.Value) -> list[ir.Operand]:
        """An argument: one operand, or a buffer and its length."""
        if not isinstance(parameter.type, Buffer):
            return [self.value(node, parameter.type)]
        buffer = self.buffer(node.id) if isinstance(node, ast.Name) else None
        if buffer is None:
            message = f"{parameter.name} is {parameter.type}; expected a buffer"
            raise self.scope.refuse(node, "types-differ", message, "pass on a parameter of that type")
        if parameter.type.writable:
            self.require_writable(ir.Address(buffer, 0, None, 1, SCALARS["u8"], buffer.name, False, 1), node)
        return [buffer, ir.length_of(buffer)]
