"""What builtins need of CPython: calls into it, exceptions with a message, and waiting without the GIL."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import llvmlite.ir as ll

from ..language.compiled import Compiled
from .blob import BlobEnvironment
from .codes import BUSY, I8, I32, I64, PTR, RAISED
from .lower import Lane, Unit

__all__ = ["CPython", "PythonEnvironment"]

WAIT_NS = 50_000_000
"""How long to wait for the spare lane's lock before looking for signals, so that Ctrl-C works."""

_LETTERS = re.compile(r"[^\x00-\x7f]+")
_DIRECTIVE_OR_LETTERS = re.compile(r"%%|%z?\w|[^\x00-\x7f]+")


class PythonEnvironment(BlobEnvironment):
    """In a builtin, waiting for the spare lane's lock gives up the GIL, and lets signal handlers run."""

    def sched_yield(self, builder: Any, fail: Callable[[], None]) -> None:
        state = self.call(builder, "PyEval_SaveThread", ll.FunctionType(PTR, []), [])
        self.call(builder, "sched_yield", ll.FunctionType(I32, []), [])
        self.call(builder, "PyEval_RestoreThread", ll.FunctionType(ll.VoidType(), [PTR]), [state])
        raised = self.call(builder, "PyErr_CheckSignals", ll.FunctionType(I32, []), [])
        with builder.if_then(builder.icmp_signed("!=", raised, ll.Constant(I32, 0)), likely=False):
            fail()

    def spare(self, unit: Unit, builder: Any, code: Compiled, lane: Lane, arguments: Sequence[Any]) -> Any:
        name = f"patient.{code.__name__}.{id(code)}"
        if name not in self.module.globals:
            self._make_patient(unit, code, name, [value.type for value in (*lane, *arguments)])
        return builder.call(self.module.globals[name], [*lane, *arguments])

    def refuse(self, builder: Any, holder: Any) -> Any:
        sentence = builder.inttoptr(self.ask(builder, "sentence", holder), PTR)
        error = builder.load(self.address(builder, "PyExc_RuntimeError"), typ=PTR)
        self.call(builder, "PyErr_SetString", ll.FunctionType(ll.VoidType(), [PTR, PTR]), [error, sentence])
        return ll.Constant(I32, RAISED)

    def interrupted(self, builder: Any) -> Any:
        """The GIL is held, so handlers may run here: Ctrl-C ends a loop that has no end."""
        return self.call(builder, "PyErr_CheckSignals", ll.FunctionType(I32, []), [])

    def _make_patient(self, unit: Unit, code: Compiled, name: str, parameters: Sequence[Any]) -> None:
        run = unit.spare(code)
        function = ll.Function(self.module, ll.FunctionType(run.function_type.return_type, parameters), name)
        function.linkage = "internal"
        function.attributes.add("noinline")
        place, arguments = function.args[: len(Lane._fields)], function.args[len(Lane._fields) :]
        builder = ll.IRBuilder(function.append_basic_block("entry"))
        first = builder.call(run, [*place, ll.Constant(I64, 0), *arguments])
        is_busy = self._is_busy(unit, builder, code, first)
        wait, done = function.append_basic_block("wait"), function.append_basic_block("done")
        builder.cbranch(is_busy, wait, done)
        builder.position_at_end(done)
        builder.ret(first)
        builder.position_at_end(wait)
        state = self.call(builder, "PyEval_SaveThread", ll.FunctionType(PTR, []), [])
        again = builder.call(run, [*place, ll.Constant(I64, WAIT_NS), *arguments])
        self.call(builder, "PyEval_RestoreThread", ll.FunctionType(ll.VoidType(), [PTR]), [state])
        with builder.if_then(builder.not_(self._is_busy(unit, builder, code, again))):
            builder.ret(again)
        raised = self.call(builder, "PyErr_CheckSignals", ll.FunctionType(I32, []), [])
        with builder.if_then(builder.icmp_signed("!=", raised, ll.Constant(I32, 0))):
            number = ll.Constant(I32, RAISED)
            builder.ret(number if code.body.result is None else builder.insert_value(again, number, 0))
        builder.branch(wait)

    def _is_busy(self, unit: Unit, builder: Any, code: Compiled, returned: Any) -> Any:
        number, _ = unit.unpack(builder, code, returned)
        return builder.icmp_signed("==", number, ll.Constant(I32, BUSY))


class CPython:
    """Emits calls into CPython on behalf of `code`. `builder` is where."""

    builder: Any

    def __init__(self, unit: Unit, code: Compiled) -> None:
        assert isinstance(unit.environment, BlobEnvironment)
        self.unit, self.environment, self.module = unit, unit.environment, unit.module
        self.code = code

    def _call(self, name: str, returns: Any, arguments: Sequence[Any]) -> Any:
        type = ll.FunctionType(returns, [argument.type for argument in arguments])
        return self.environment.call(self.builder, name, type, arguments)

    def _exception(self, name: str) -> Any:
        return self.builder.load(self.environment.address(self.builder, name), typ=PTR)

    def _format(self, exception: str, text: str, arguments: Sequence[Any]) -> None:
        """Emit PyErr_Format. It takes ASCII only: other letters are passed as strings."""
        rest, values = iter(arguments), []
        for part in _DIRECTIVE_OR_LETTERS.findall(text):
            if not part.isascii():
                values.append(self._text(part))
            elif part != "%%":
                values.append(next(rest))
        template = _LETTERS.sub("%s", text)
        type = ll.FunctionType(PTR, [PTR, PTR], var_arg=True)
        self.environment.call(
            self.builder, "PyErr_Format", type, [self._exception(exception), self._text(template), *values]
        )

    def _text(self, text: str) -> Any:
        data = bytearray(text.encode() + b"\0")
        name = self._unique("text")
        constant = ll.GlobalVariable(self.module, ll.ArrayType(I8, len(data)), name)
        constant.initializer = ll.Constant(constant.value_type, data)
        constant.linkage, constant.global_constant = "internal", True
        return constant

    def _unique(self, purpose: str) -> str:
        return str(self.module.get_unique_name(f"{purpose}.{self.code.__name__}"))
