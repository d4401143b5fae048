"""What builtins need of CPython: calls into it, exceptions with a message, and waiting without the GIL."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import llvmlite.ir as ll

from rseq._codegen.blob import BlobEnvironment
from rseq._codegen.codes import BUSY, HAS_RAISED, I8, I32, I64, PTR, RAISED, text_constant
from rseq._codegen.environment import Lane
from rseq._codegen.lower import Unit
from rseq._language.compiled import Compiled

__all__ = ["CPython", "PythonEnvironment"]

_NULL, _VOID = ll.Constant(PTR, None), ll.VoidType()

WAIT_NS = 50_000_000
"""How long to wait for the spare lane's lock before looking for signals, so that Ctrl-C works."""

MOST_SHOWN = 100
"""The longest number that a message shows."""

_LETTERS = re.compile(r"[^\x00-\x7f]+")
_DIRECTIVE_OR_LETTERS = re.compile(r"%%|%z?\w|[^\x00-\x7f]+")

VIEW_BYTES = 80
"""The size of a Py_buffer: `buf` is at 0, `len` at 16, the int `ndim` at 36, `format` at 40."""

WITH_FORMAT = 0x8 | 0x4
"""PyBUF_ND | PyBUF_FORMAT (pybuffer.h): what a Py_buffer is to be filled with beside place and length."""

_BOOL = int.from_bytes(b"?\0", sys.byteorder)


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

    def interrupted(self, builder: Any) -> Any:
        """The GIL is held, so handlers may run here: Ctrl-C ends a loop that has no end."""
        return self.call(builder, "PyErr_CheckSignals", ll.FunctionType(I32, []), [])

    def claim(self, builder: Any, fail: Callable[[], None]) -> Any:
        return self._ask(builder, "register", ll.Constant(I64, 0), fail)

    def has_ended(self, builder: Any, thread: Any, fail: Callable[[], None]) -> Any:
        return self._ask(builder, "ended", thread, fail)

    def took_over(self, builder: Any, thread: Any) -> Any:
        return builder.icmp_unsigned("!=", self._call_python(builder, "took_over", thread), HAS_RAISED)

    def refuse(self, builder: Any, holder: Any) -> Any:
        self._call_python(builder, "refuse", holder)
        return ll.Constant(I32, RAISED)

    def _ask(self, builder: Any, what: str, word: Any, fail: Callable[[], None]) -> Any:
        """Emit a call of one of the functions in _percpu/threads.py, which has Python's names for threads."""
        answer = self._call_python(builder, what, word)
        with builder.if_then(builder.icmp_unsigned("==", answer, HAS_RAISED), likely=False):
            fail()
        return answer

    def _call_python(self, builder: Any, what: str, word: Any) -> Any:
        """Emit the same; HAS_RAISED if an exception is set, now or before the call. The thread has the GIL."""
        name = "rseq.python.ask"
        if name not in self.module.globals:
            self._make_asker(name)
        function = self.address(builder, f"rseq_python_{what}")
        return builder.call(self.module.globals[name], [function, word])

    def _make_asker(self, name: str) -> None:
        function = ll.Function(self.module, ll.FunctionType(I64, [PTR, I64]), name)
        function.linkage = "internal"
        for attribute in ("noinline", "cold", "nounwind"):
            function.attributes.add(attribute)
        builder = ll.IRBuilder(function.append_basic_block("entry"))
        answer = builder.alloca(I64)
        builder.store(HAS_RAISED, answer)
        before = self.invoke(builder, "PyErr_Occurred", PTR, [])
        with builder.if_then(builder.icmp_unsigned("==", before, _NULL)):
            number = self.invoke(builder, "PyLong_FromUnsignedLongLong", PTR, [function.args[1]])
            with builder.if_then(builder.icmp_unsigned("!=", number, _NULL)):
                result = self.invoke(builder, "PyObject_CallOneArg", PTR, [function.args[0], number])
                self.invoke(builder, "Py_DecRef", _VOID, [number])
                with builder.if_then(builder.icmp_unsigned("!=", result, _NULL)):
                    builder.store(self.invoke(builder, "PyLong_AsUnsignedLongLong", I64, [result]), answer)
                    self.invoke(builder, "Py_DecRef", _VOID, [result])
        builder.ret(builder.load(answer, typ=I64))

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
        return self.environment.invoke(self.builder, name, returns, arguments)

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

    @contextmanager
    def _if_raised(self, exception: str) -> Iterator[None]:
        """Emit what follows for where that kind of exception is set."""
        matches = self._call("PyErr_ExceptionMatches", I32, [self._exception(exception)])
        with self.builder.if_then(self.builder.icmp_signed("!=", matches, ll.Constant(I32, 0))):
            yield

    def _overflow(
        self, text: str, given: Any, arguments: Sequence[Any] = (), *, exception: str = "PyExc_OverflowError"
    ) -> None:
        """Emit PyErr_Format of `text`, and what was `given` instead, unless that is an int of too many digits."""
        builder = self.builder
        self._call("PyErr_Clear", ll.VoidType(), [])
        shown = self._call("PyObject_Repr", PTR, [given])
        is_shown = builder.icmp_unsigned("!=", shown, ll.Constant(PTR, None))
        with builder.if_else(is_shown) as (then, otherwise):
            with then:
                length = self._call("PyUnicode_GetLength", I64, [shown])
                self._format(exception, f"{text}; got %U", [*arguments, shown])
                with builder.if_then(builder.icmp_signed(">", length, ll.Constant(I64, MOST_SHOWN))):
                    self._format(exception, f"{text}; got a number of %zd digits", [*arguments, length])
                self._call("Py_DecRef", ll.VoidType(), [shown])
            with otherwise, self._if_raised("PyExc_ValueError"):  # more digits than Python prints
                self._format(exception, f"{text}; got a number of very many digits", arguments)

    def _truth_of_scalar(self, given: Any) -> Any:
        """Emit: 1 or 0 if `given` exports one bool as a buffer, as NumPy's scalars do, without NumPy; otherwise -1."""
        builder = self.builder
        with builder.goto_entry_block():
            answer, view = builder.alloca(I8), builder.alloca(ll.ArrayType(I8, VIEW_BYTES))
        builder.store(ll.Constant(I8, -1), answer)
        failed = self._call("PyObject_GetBuffer", I32, [given, view, ll.Constant(I32, WITH_FORMAT)])
        with builder.if_else(builder.icmp_signed("!=", failed, ll.Constant(I32, 0))) as (then, otherwise):
            with then:
                self._call("PyErr_Clear", ll.VoidType(), [])
            with otherwise:
                letters = builder.load(self._of_view(view, 40, PTR), typ=ll.IntType(16), align=1)
                is_bool = builder.icmp_unsigned("==", letters, ll.Constant(ll.IntType(16), _BOOL))
                is_scalar = builder.icmp_signed("==", self._of_view(view, 36, I32), ll.Constant(I32, 0))
                with builder.if_then(builder.and_(is_scalar, is_bool)):
                    byte = builder.load(self._of_view(view, 0, PTR), typ=I8)
                    builder.store(builder.zext(builder.icmp_unsigned("!=", byte, ll.Constant(I8, 0)), I8), answer)
                self._call("PyBuffer_Release", ll.VoidType(), [view])
        return builder.load(answer, typ=I8)

    def _of_view(self, view: Any, offset: int, type: Any) -> Any:
        """Emit: a member of a Py_buffer."""
        return self.builder.load(self.builder.gep(view, [ll.Constant(I64, offset)], source_etype=I8), typ=type)

    def _text(self, text: str) -> Any:
        return text_constant(self.module, text)

    def _unique(self, purpose: str) -> str:
        return str(self.module.get_unique_name(f"{purpose}.{self.code.__name__}"))
