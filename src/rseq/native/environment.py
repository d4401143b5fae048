"""How generated code finds what lies outside of it: the rseq area, the process, the thread's number, and Python.

`Environment` is what differs between a blob and Numba's modules, and what both do alike with it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import llvmlite.ir as ll

from ..arch import Architecture
from ..language.compiled import Compiled
from .codes import HAS_RAISED, I32, I64, PTR, RAISED, REFUSED

if TYPE_CHECKING:
    from .lower import Unit

__all__ = ["Environment", "Lane", "thread_pointer"]

_NULL, _VOID = ll.Constant(PTR, None), ll.VoidType()


class Lane(NamedTuple):
    """Where a sequence runs: i64 values of the module."""

    base: Any
    stride: Any
    lanes: Any
    lock: Any


class Environment(ABC):
    """How generated code finds what lies outside of it."""

    architecture: Architecture
    module: Any
    has_rseq: bool
    has_caller = False
    """Whether Python calls the code, and finds an exception that is set when it leaves with RAISED."""

    @abstractmethod
    def call(self, builder: Any, name: str, type: ll.FunctionType, arguments: Sequence[Any]) -> Any:
        """Emit a call of the process's function `name`."""

    def invoke(self, builder: Any, name: str, returns: Any, arguments: Sequence[Any]) -> Any:
        """Emit the same; the arguments are of the types that the function takes."""
        return self.call(builder, name, ll.FunctionType(returns, [one.type for one in arguments]), arguments)

    @abstractmethod
    def address(self, builder: Any, name: str) -> Any:
        """Emit the address of the process's symbol `name`, as a pointer."""

    @abstractmethod
    def offset(self, builder: Any) -> Any:
        """Emit the rseq area's offset from the thread pointer, which is one for the whole process."""

    def area(self, builder: Any) -> Any:
        """Emit the area operand of critical sections: this thread's rseq area, as the architecture wants it."""
        if not self.has_rseq:
            return ll.Constant(I64, 0)
        offset = self.offset(builder)
        if self.architecture.area_is_offset:
            return offset
        return builder.add(thread_pointer(builder, self.architecture), offset)

    def sched_yield(self, builder: Any, fail: Callable[[], None]) -> None:
        """Emit: give up the time slice. `fail` emits leaving, where a signal's handler has raised an exception."""
        self.invoke(builder, "sched_yield", I32, [])

    @abstractmethod
    def variable(self, builder: Any, name: str, type: Any) -> Any:
        """Emit a load of the process's variable `name`, which never changes."""

    def known_thread(self, builder: Any) -> Any:
        """Emit the calling thread's number, 0 if it has none yet (percpu/threads.py).

        It is what `percpu.threads.Known.is_true` says, in machine code.
        """
        name = "rseq.thread.known"
        if name not in self.module.globals:
            self._make_known_thread(name)
        return builder.call(self.module.globals[name], [])

    def _make_known_thread(self, name: str) -> None:
        function = ll.Function(self.module, ll.FunctionType(I64, []), name)
        function.linkage = "internal"
        for attribute in ("noinline", "nounwind"):
            function.attributes.add(attribute)
        builder = ll.IRBuilder(function.append_basic_block("entry"))
        key = self.variable(builder, "rseq_thread_key", I32)
        place = self.invoke(builder, "pthread_getspecific", PTR, [key])
        zero = ll.Constant(I64, 0)
        with builder.if_then(builder.icmp_unsigned("==", place, ll.Constant(PTR, None)), likely=False):
            builder.ret(zero)
        places = [builder.gep(place, [ll.Constant(I64, word)], source_etype=I64) for word in range(5)]
        number, generation_at, generation, mutex_at, owner = (builder.load(at, typ=I64, align=8) for at in places)
        with builder.if_then(builder.icmp_unsigned("==", number, zero), likely=False):
            builder.ret(zero)
        now = builder.load(builder.inttoptr(generation_at, PTR), typ=I64, align=8)
        word = builder.zext(builder.load(builder.inttoptr(mutex_at, PTR), typ=I32, align=4), I64)
        holder = builder.and_(word, ll.Constant(I64, 0x7FFFFFFF))
        is_true = builder.and_(builder.icmp_unsigned("==", now, generation), builder.icmp_unsigned("==", holder, owner))
        builder.ret(builder.select(is_true, number, zero))

    def thread(self, builder: Any, place: Any, fail: Callable[[], None]) -> Any:
        """Emit the calling thread's number, which it gets if it has none; 0 if there is none for it.

        `place` holds it, or 0, as long as the function runs that asks: a loop looks it up once. `fail` as in `ask`.
        """
        register = partial(self.ask, what="register", word=ll.Constant(I64, 0), fail=fail)
        for look_up in (self.known_thread, register):
            with self._unless_known(builder, place):
                builder.store(look_up(builder), place)
        return builder.load(place, typ=I64)

    def _unless_known(self, builder: Any, number: Any) -> Any:
        is_unknown = builder.icmp_unsigned("==", builder.load(number, typ=I64), ll.Constant(I64, 0))
        return builder.if_then(is_unknown, likely=False)

    def ask(self, builder: Any, what: str, word: Any, fail: Callable[[], None]) -> Any:
        """Emit a call of one of the functions in percpu/threads.py. `fail` emits leaving, as it has raised something.

        A signal handler runs in the middle of any Python function, and what it raises must not be lost.
        """
        answer = self.call_python(builder, what, word)
        with builder.if_then(builder.icmp_unsigned("==", answer, HAS_RAISED), likely=False):
            fail()
        return answer

    def call_python(self, builder: Any, what: str, word: Any) -> Any:
        """Emit the same, with the GIL or without; HAS_RAISED if an exception is set, now or before the call."""
        name = "rseq.thread.ask"
        if name not in self.module.globals:
            self._make_asker(name)
        function = self.address(builder, f"rseq_thread_{what}")
        return builder.call(self.module.globals[name], [function, word])

    def _make_asker(self, name: str) -> None:
        function = ll.Function(self.module, ll.FunctionType(I64, [PTR, I64]), name)
        function.linkage = "internal"
        for attribute in ("noinline", "cold", "nounwind"):
            function.attributes.add(attribute)
        builder = ll.IRBuilder(function.append_basic_block("entry"))
        answer = builder.alloca(I64)
        builder.store(HAS_RAISED, answer)
        state = self.invoke(builder, "PyGILState_Ensure", I32, [])
        before = self.invoke(builder, "PyErr_Occurred", PTR, [])
        with builder.if_then(builder.icmp_unsigned("==", before, _NULL)):
            self._call_with_gil(builder, function.args[0], function.args[1], answer)
        self.invoke(builder, "PyGILState_Release", _VOID, [state])
        builder.ret(builder.load(answer, typ=I64))

    def _call_with_gil(self, builder: Any, function: Any, word: Any, answer: Any) -> None:
        number = self.invoke(builder, "PyLong_FromUnsignedLongLong", PTR, [word])
        with builder.if_then(builder.icmp_unsigned("!=", number, _NULL)):
            result = self.invoke(builder, "PyObject_CallOneArg", PTR, [function, number])
            self.invoke(builder, "Py_DecRef", _VOID, [number])
            with builder.if_then(builder.icmp_unsigned("!=", result, _NULL)):
                read = self.invoke(builder, "PyLong_AsUnsignedLongLong", I64, [result])
                builder.store(read, answer)
                self.invoke(builder, "Py_DecRef", _VOID, [result])
        if not self.has_caller:
            self._report(builder, function, answer)

    def _report(self, builder: Any, function: Any, answer: Any) -> None:
        """Emit: what was raised goes to sys.unraisablehook, and the answer is 0."""
        raised = builder.icmp_unsigned("==", builder.load(answer, typ=I64), HAS_RAISED)
        with builder.if_then(raised, likely=False):
            self.invoke(builder, "PyErr_WriteUnraisable", _VOID, [function])
            builder.store(ll.Constant(I64, 0), answer)

    def refuse(self, builder: Any, holder: Any) -> Any:
        """Emit what is to be said about `holder`, unless an exception is set; the code to leave with."""
        if not self.has_caller:
            return ll.Constant(I32, REFUSED)
        self.call_python(builder, "refuse", holder)
        return ll.Constant(I32, RAISED)

    def interrupted(self, builder: Any) -> Any:
        """Emit a look for signals: an i32, not 0 if a handler has raised an exception. None where nobody may look."""
        return None

    @abstractmethod
    def spare(self, unit: Unit, builder: Any, code: Compiled, lane: Lane, arguments: Sequence[Any]) -> Any:
        """Emit a run of a sequence on the spare lane, waiting for its lock; what its function returns."""


def thread_pointer(builder: Any, architecture: Architecture) -> Any:
    """Emit the thread pointer, as an i64. LLVM may hoist it: it is constant in a thread."""
    if architecture.thread_pointer_assembly is not None:
        template, constraints = architecture.thread_pointer_assembly
        block = ll.InlineAsm(ll.FunctionType(PTR, []), template, constraints)
        return builder.ptrtoint(builder.call(block, []), I64)
    intrinsic = builder.module.declare_intrinsic("llvm.thread.pointer", [PTR], ll.FunctionType(PTR, []))
    return builder.ptrtoint(builder.call(intrinsic, []), I64)
