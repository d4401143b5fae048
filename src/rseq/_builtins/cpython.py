"""What builtins need of CPython: calls into it, exceptions with a message, and waiting without the GIL."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import llvmlite.ir as ll

from rseq._codegen.blob import BlobEnvironment
from rseq._codegen.codes import BUSY, HAS_RAISED, RAISED, pack, returned_by, unpack
from rseq._codegen.environment import Lane
from rseq._codegen.lower import Unit
from rseq._codegen.python import let_go
from rseq._codegen.writer import I8, I32, I64, PTR, VOID, Writer
from rseq._language.compiled import Compiled

__all__ = ["CPython", "PythonEnvironment"]

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

    def sched_yield(self, emit: Writer, fail: Callable[[], None]) -> None:
        state = emit.call("PyEval_SaveThread", PTR)
        emit.call("sched_yield", I32)
        emit.call("PyEval_RestoreThread", VOID, state)
        with emit.if_(self.interrupted(emit), likely=False):
            fail()

    def interrupted(self, emit: Writer) -> Any:
        """The GIL is held, so handlers may run here: Ctrl-C ends a loop that has no end."""
        return emit.call("PyErr_CheckSignals", I32)

    def claim(self, emit: Writer, fail: Callable[[], None]) -> Any:
        return self._ask(emit, "register", I64(0), fail)

    def has_ended(self, emit: Writer, thread: Any, fail: Callable[[], None]) -> Any:
        return self._ask(emit, "ended", thread, fail)

    def took_over(self, emit: Writer, thread: Any) -> Any:
        return emit.compare(self._call_python(emit, "took_over", thread), "!=", HAS_RAISED)

    def refuse(self, emit: Writer, holder: Any) -> Any:
        self._call_python(emit, "refuse", holder)
        return I32(RAISED)

    def _ask(self, emit: Writer, what: str, word: Any, fail: Callable[[], None]) -> Any:
        """Emit a call of one of the functions in _percpu/threads.py, which has Python's names for threads."""
        answer = self._call_python(emit, what, word)
        with emit.if_(emit.compare(answer, "==", HAS_RAISED), likely=False):
            fail()
        return answer

    def _call_python(self, emit: Writer, what: str, word: Any) -> Any:
        """Emit the same; HAS_RAISED if an exception is set, now or before the call. The thread has the GIL."""
        asker = self.helper("rseq.python.ask", I64, [PTR, I64], _write_asker)
        return emit.run(asker, emit.symbol(f"rseq_python_{what}"), word)

    def spare(
        self, emit: Writer, code: Compiled, lane: Lane, arguments: Sequence[Any], function: Callable[[], Any]
    ) -> Any:
        given = *lane, *arguments

        def write(emit: Writer, *given: Any) -> None:
            place, arguments = given[: len(Lane._fields)], given[len(Lane._fields) :]
            self._write_patient(emit, code, lambda ns: emit.run(function(), *place, ns, *arguments))

        name, types = f"patient.{code.__name__}.{id(code)}", [value.type for value in given]
        return emit.run(self.helper(name, returned_by(code), types, write, cold=False), *given)

    def _write_patient(self, emit: Writer, code: Compiled, run: Callable[[int], Any]) -> None:
        """Wait for the lock without the GIL, and look for signals now and then. `run(ns)` emits one attempt."""
        first = run(0)
        number, _ = unpack(emit, code, first)
        with emit.if_(emit.compare(number, "!=", BUSY)):
            emit.ret(first)
        wait = emit.label("wait")
        emit.here(wait)
        state = emit.call("PyEval_SaveThread", PTR)
        again = run(WAIT_NS)
        emit.call("PyEval_RestoreThread", VOID, state)
        number, _ = unpack(emit, code, again)
        with emit.if_(emit.compare(number, "!=", BUSY)):
            emit.ret(again)
        with emit.if_(self.interrupted(emit)):
            emit.ret(pack(emit, code, I32(RAISED), None))
        emit.jump(wait)


def _write_asker(emit: Writer, function: Any, word: Any) -> None:
    answer = emit.label("answer", I64)
    with emit.if_(emit.call("PyErr_Occurred", PTR)):
        emit.jump(answer, HAS_RAISED)
    number = emit.call("PyLong_FromUnsignedLongLong", PTR, word)
    with emit.unless(number):
        emit.jump(answer, HAS_RAISED)
    result = emit.call("PyObject_CallOneArg", PTR, function, number)
    let_go(emit, number)
    with emit.unless(result):
        emit.jump(answer, HAS_RAISED)
    said = emit.call("PyLong_AsUnsignedLongLong", I64, result)
    let_go(emit, result)
    emit.jump(answer, said)
    emit.ret(*emit.here(answer))


class CPython:
    """Emits calls into CPython on behalf of `code`. `builder` is where."""

    builder: Any

    def __init__(self, unit: Unit, code: Compiled) -> None:
        assert isinstance(unit.environment, BlobEnvironment)
        self.unit, self.environment, self.module = unit, unit.environment, unit.module
        self.code = code

    def _call(self, name: str, returns: Any, arguments: Sequence[Any]) -> Any:
        return Writer(self.builder, self.environment).call(name, returns, *arguments)

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
        return Writer(self.builder, self.environment).text(text)

    def _unique(self, purpose: str) -> str:
        return str(self.module.get_unique_name(f"{purpose}.{self.code.__name__}"))
