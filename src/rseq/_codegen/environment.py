"""How generated code finds what lies outside of it: the rseq area, the process, the thread's number, and Python.

`Environment` is what differs between a blob and Numba's modules, and what both do alike with it.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import llvmlite.ir as ll

from rseq._arch import Architecture
from rseq._codegen.codes import I32, I64, PTR, REFUSED
from rseq._codegen.writer import Process
from rseq._language.compiled import Compiled

if TYPE_CHECKING:
    from rseq._codegen.lower import Unit

__all__ = ["Environment", "Lane", "thread_pointer"]

_VOID = ll.VoidType()


class Lane(NamedTuple):
    """Where a sequence runs: i64 values of the module."""

    base: Any
    stride: Any
    lanes: Any
    lock: Any


class Environment(Process):
    """How generated code finds what lies outside of it."""

    architecture: Architecture
    has_rseq: bool

    def invoke(self, builder: Any, name: str, returns: Any, arguments: Sequence[Any]) -> Any:
        """Emit the same; the arguments are of the types that the function takes."""
        return self.call(builder, name, ll.FunctionType(returns, [one.type for one in arguments]), arguments)

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
        """Emit the calling thread's number, 0 if it has none yet (_percpu/threads.py).

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

        `place` holds it, or 0, as long as the function runs that asks: a loop looks it up once. `fail` as below.
        """
        for look_up in (self.known_thread, partial(self.claim, fail=fail)):
            with self._unless_known(builder, place):
                builder.store(look_up(builder), place)
        return builder.load(place, typ=I64)

    def _unless_known(self, builder: Any, number: Any) -> Any:
        is_unknown = builder.icmp_unsigned("==", builder.load(number, typ=I64), ll.Constant(I64, 0))
        return builder.if_then(is_unknown, likely=False)

    # Code that may run without the GIL asks Python for nothing: what follows is machine code (_percpu/thread_code.py).

    def claim(self, builder: Any, fail: Callable[[], None]) -> Any:
        """Emit: give the calling thread, which has none, its number; 0 if there is none for it. `fail` as below."""
        return self.invoke(builder, "rseq_thread_claim", I64, [])

    def has_ended(self, builder: Any, thread: Any, fail: Callable[[], None]) -> Any:
        """Emit: is it proved that the thread with this number has ended? 0 or 1, as an i64.

        `fail` emits leaving where an exception is set: a signal handler runs in the middle of any Python function.
        """
        return self.invoke(builder, "rseq_thread_ended", I64, [thread])

    def took_over(self, builder: Any, thread: Any) -> Any:
        """Emit: warn that a lock of that thread was taken over. An i1: 0 if an exception is set, now or before."""
        self.invoke(builder, "rseq_thread_took_over", _VOID, [thread])
        return ll.Constant(ll.IntType(1), 1)

    def refuse(self, builder: Any, holder: Any) -> Any:
        """Emit what is to be said about `holder`, unless an exception is set; the code to leave with."""
        self.invoke(builder, "rseq_thread_refused", _VOID, [holder])
        return ll.Constant(I32, REFUSED)

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
