"""How generated code finds what lies outside of it: the rseq area, the kernel, the thread's number, and Python.

`Environment` is what differs between a blob and Numba's modules, and what both do alike with it.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from rseq import _abi as abi
from rseq._arch import Architecture
from rseq._codegen.codes import REFUSED
from rseq._codegen.writer import I1, I32, I64, PTR, VOID, Process, Writer, ll
from rseq._language.compiled import Compiled
from rseq._loader import CONTEXT_AT, KEY_AT


class Lane(NamedTuple):
    """Where a sequence runs: i64 values of the module."""

    base: Any
    stride: Any
    lanes: Any
    lock: Any


class Environment(Process):
    """How generated code finds what lies outside of it. `has_rseq`: whether sequences may run on their CPU's lane."""

    def __init__(self, architecture: Architecture, module: Any, has_rseq: bool) -> None:
        self.architecture, self.module, self.has_rseq = architecture, module, has_rseq
        self._number_places: dict[str, Any] = {}

    @abstractmethod
    def offset(self, emit: Writer) -> Any:
        """Emit the rseq area's offset from the thread pointer, which is one for the whole process."""

    @abstractmethod
    def variable(self, emit: Writer, name: str, type: Any) -> Any:
        """Emit a load of the process's variable `name`, which never changes."""

    @abstractmethod
    def spare(
        self, emit: Writer, code: Compiled, lane: Lane, arguments: Sequence[Any], function: Callable[[], Any]
    ) -> Any:
        """Emit a run of a sequence on the spare lane, waiting for its lock; what its function returns.

        `function()` is the function that does so: (base, stride, lanes, lock, patience in ns, arguments …).
        """

    def area(self, emit: Writer) -> Any:
        """Emit the area operand of critical sections: this thread's rseq area, as the architecture wants it."""
        if not self.has_rseq:
            return I64(0)
        offset = self.offset(emit)
        return (
            offset if self.architecture.area_is_offset else emit.add(_thread_pointer(emit, self.architecture), offset)
        )

    # ---- the kernel

    def sched_yield(self, emit: Writer, fail: Callable[[], None]) -> None:
        """Emit: give up the time slice. `fail` emits leaving, where a signal's handler has raised an exception."""
        emit.call("sched_yield", I32)

    def interrupted(self, emit: Writer) -> Any:
        """Emit a look for signals: an i32, not 0 if a handler has raised an exception. None where nobody may look."""
        return None

    def fence(self, emit: Writer, lane: Any, *, by_cpu: bool) -> Any:
        """Emit: restart the sequences on the CPU of a lane, wherever lanes are numbered so; True if it was done.

        Asking the kernel, instead of remembering that the process is registered, is right after fork and exec.
        """
        flags, cpu = (abi.MEMBARRIER_CMD_FLAG_CPU, lane) if by_cpu else (0, 0)
        membarrier = partial(emit.call, "syscall", I64, self.architecture.membarrier, fixed=1)
        done = emit.label("fenced", I64)
        first = membarrier(abi.MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, flags, cpu)
        with emit.if_(first, likely=False):
            membarrier(abi.MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ, 0, 0)
            emit.jump(done, membarrier(abi.MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, flags, cpu))
        emit.jump(done, first)
        (failed,) = emit.here(done)
        return emit.compare(failed, "==", 0)

    # ---- the thread's number: `lock` says in which memory, and so in which table of threads

    def thread(self, emit: Writer, lock: Any, fail: Callable[[], None]) -> Any:
        """Emit the calling thread's number, which it gets if it has none; 0 if there is none for it.

        As long as the function runs that asks, the number is kept: a loop looks it up once, unless it works on memory
        of several extents. `fail` as below.
        """
        place = self.number_place(emit)
        with emit.if_(emit.compare(emit.load(place, _OF_LOCK), "!=", lock), likely=False):
            emit.store(self.known_thread(emit, lock), place)
            emit.store(lock, place, _OF_LOCK)
        with emit.unless(emit.load(place), likely=False):
            emit.store(self.claim(emit, lock, fail), place)
        return emit.load(place)

    def number_place(self, emit: Writer) -> Any:
        """Where the function that is being emitted keeps the calling thread's number, and by which lock it has it."""
        name = emit.function.name
        if name not in self._number_places:
            place = self._number_places[name] = emit.slot(I64, 2)
            with emit.llvm.goto_entry_block():
                emit.store(I64(0), place, _OF_LOCK)
        return self._number_places[name]

    def let_number_be_in(self, place: Any, function: Any) -> None:
        """A function that is inlined keeps the number where its caller does."""
        self._number_places[function.name] = place

    def known_thread(self, emit: Writer, lock: Any) -> Any:
        """Emit the calling thread's number, 0 if it has none yet (_percpu/threads.py).

        It is what `percpu.threads.Known.is_true` says, in machine code.
        """
        return emit.run(self.helper("rseq.thread.known", I64, [I64], self._write_known_thread, cold=False), lock)

    def _write_known_thread(self, emit: Writer, lock: Any) -> None:
        place = emit.call("pthread_getspecific", PTR, emit.fit(emit.load(lock, KEY_AT, align=8), I32))
        with emit.unless(place, likely=False):
            emit.ret(0)
        number, generation_at, generation, mutex_at, owner = (emit.load(place, 8 * word, align=8) for word in range(5))
        with emit.unless(number, likely=False):
            emit.ret(0)
        now, word = emit.load(generation_at, align=8), emit.load(mutex_at, 0, I32, align=4)
        holder = emit.and_(emit.fit(word, I64), 0x7FFFFFFF)
        is_true = emit.and_(emit.compare(now, "==", generation), emit.compare(holder, "==", owner))
        emit.ret(emit.choose(is_true, number, 0))

    # Code that may run without the GIL asks Python for nothing: what follows is machine code (_percpu/thread_code.py).

    def claim(self, emit: Writer, lock: Any, fail: Callable[[], None]) -> Any:
        """Emit: give the calling thread, which has none, its number; 0 if there is none for it. `fail` as below."""
        return emit.call("rseq_thread_claim", I64, _context(emit, lock))

    def has_ended(self, emit: Writer, lock: Any, thread: Any, fail: Callable[[], None]) -> Any:
        """Emit: is it proved that the thread with this number has ended? 0 or 1, as an i64.

        `fail` emits leaving where an exception is set: a signal handler runs in the middle of any Python function.
        """
        return emit.call("rseq_thread_ended", I64, _context(emit, lock), thread)

    def took_over(self, emit: Writer, lock: Any, thread: Any) -> Any:
        """Emit: warn that a lock of that thread was taken over. An i1: 0 if an exception is set, now or before."""
        emit.call("rseq_thread_took_over", VOID, _context(emit, lock), thread)
        return I1(1)

    def refuse(self, emit: Writer, lock: Any, holder: Any) -> Any:
        """Emit what is to be said about `holder`, unless an exception is set; the code to leave with."""
        emit.call("rseq_thread_refused", VOID, _context(emit, lock), holder)
        return I32(REFUSED)


_OF_LOCK = 8
"""Where the lock stands behind the number that is kept."""


def _context(emit: Writer, lock: Any) -> Any:
    """Emit: the address of what this process knows of the table of threads (_percpu/threads.py)."""
    return emit.load(lock, CONTEXT_AT, align=8)


def _thread_pointer(emit: Writer, architecture: Architecture) -> Any:
    """Emit the thread pointer, as an i64. LLVM may hoist it: it is constant in a thread."""
    type = ll.FunctionType(PTR, [])
    if architecture.thread_pointer_assembly is not None:
        read = ll.InlineAsm(type, *architecture.thread_pointer_assembly)
    else:
        read = emit.module.declare_intrinsic("llvm.thread.pointer", [PTR], type)
    return emit.address(emit.run(read))
