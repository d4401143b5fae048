"""Guards: what one has taken is given back when nothing refers to the guard any more, whatever exception comes.

A signal handler may raise between any two instructions of Python: after a lock was taken and before `try`, or in
`finally` before it is given back. Machine code is not interrupted so: what it takes it returns as an object, and that
goes when the frame goes that holds it.

    turn = take_turn(word, 0, me, …)     # None if somebody has it
    try:
        …
    finally:
        del turn                         # given back

No call may stand between taking and `try`, and the guard is in no other place: a traceback keeps the frames that it
names, and what is in them.
"""

from __future__ import annotations

import ctypes
from typing import Any

import llvmlite.ir as ll

from rseq._codegen.blob import BlobEnvironment, compile_module, new_module
from rseq._codegen.codes import I8, I32, I64, PTR
from rseq._loader import load
from rseq._once import once
from rseq._thread import require_support

__all__ = ["pin", "prepare", "take_turn"]

MASK_BYTES = 1024
"""An affinity mask of as many CPUs as Linux can be configured for."""

_VOID = ll.VoidType()


def take_turn(word: int, before: int, thread: int, known: int, task: int) -> Any:
    """Store `thread` (u64) in the word at that address if `before` is there, and `task` behind it: a guard, or None.

    The guard stores 0 if `thread` is there. In a forked child neither this nor the guard does anything: there, the u64
    at the address `known` is not `thread` any more (_percpu/threads.py).
    Raises: MemoryError. Threads: any.
    """
    return _functions()["take_turn"](word, before, thread, known, task)


def pin(cpu: int, thread: int) -> Any:
    """Move the thread with that native id to `cpu`: a guard that restores its affinity mask; None if that is forbidden.

    If no CPU of the mask is allowed any more by then, all are asked for.
    Raises: OSError - the kernel does not tell the mask. MemoryError.
    """
    return _functions()["pin"](cpu, thread)


def prepare() -> None:
    """Compile what the others call, in good time: who imports or compiles must not be interrupted by an exception.

    Raises: UnsupportedError - this machine's architecture has no code generator.
    """
    _functions()


@once
def _functions() -> dict[str, Any]:
    architecture = require_support()
    module = new_module(architecture, "guard")
    environment = BlobEnvironment(architecture, module, has_rseq=False)
    _Writer(module, environment).take_turn()
    _Writer(module, environment).pin()
    entries = load(compile_module(module, architecture, ["take_turn", "pin"])).entries
    return {name: ctypes.PYFUNCTYPE(ctypes.py_object, *kinds)(entries[name]) for name, kinds in _KINDS.items()}


_KINDS: dict[str, tuple[Any, ...]] = {
    "take_turn": (ctypes.c_uint64,) * 5,
    "pin": (ctypes.c_int64, ctypes.c_int64),
}


class _Writer:
    """Writes one of the functions, and what gives back what it takes."""

    def __init__(self, module: Any, environment: BlobEnvironment) -> None:
        self._module, self._environment = module, environment
        self._builder: Any = None
        self._null = ll.Constant(PTR, None)

    def take_turn(self) -> None:
        """`PyObject *take_turn(uint64_t word, before, thread, known, task)`. In the guard: word, thread, known."""
        give_back = self._destructor("give_turn", self._give_turn)
        word, before, thread, known, task = self._begin("take_turn", I64, I64, I64, I64, I64)
        builder = self._builder
        held = self._call("malloc", PTR, [I64(24)])
        with builder.if_then(builder.icmp_unsigned("==", held, self._null), likely=False):
            builder.ret(self._call("PyErr_NoMemory", PTR, []))
        for place, value in enumerate((word, thread, known)):
            builder.store(value, self._word_of(held, place))
        place = builder.inttoptr(word, PTR)
        with builder.if_then(builder.not_(self._is_here(known, thread)), likely=False):
            self._call("free", _VOID, [held])
            self._return_none()
        taken = builder.extract_value(builder.cmpxchg(place, before, thread, "seq_cst", "seq_cst"), 1)
        with builder.if_then(builder.not_(taken)):
            self._call("free", _VOID, [held])
            self._return_none()
        builder.store(task, self._word_of(place, 1))
        self._return_guard(held, give_back, lambda: self._give_turn(held))

    def _give_turn(self, held: Any) -> None:
        builder = self._builder
        word, thread, known = (builder.load(self._word_of(held, place), typ=I64) for place in range(3))
        with builder.if_then(self._is_here(known, thread)):
            builder.cmpxchg(builder.inttoptr(word, PTR), thread, I64(0), "seq_cst", "seq_cst")
        self._call("free", _VOID, [held])

    def _is_here(self, known: Any, thread: Any) -> Any:
        """In a child that was forked since, it is not."""
        return self._builder.icmp_unsigned(
            "==", self._builder.load(self._builder.inttoptr(known, PTR), typ=I64), thread
        )

    def _word_of(self, place: Any, number: int) -> Any:
        return self._builder.gep(place, [I64(number)], source_etype=I64)

    def pin(self) -> None:
        """`PyObject *pin(int64_t cpu, int64_t thread)`. The guard's memory: the thread's id, its mask, the new one."""
        give_back = self._destructor("unpin", self._unpin)
        cpu, thread = self._begin("pin", I64, I64)
        builder = self._builder
        with builder.if_then(builder.icmp_unsigned(">=", cpu, I64(8 * MASK_BYTES)), likely=False):
            self._return_none()
        held = self._call("malloc", PTR, [I64(8 + 2 * MASK_BYTES)])
        with builder.if_then(builder.icmp_unsigned("==", held, self._null), likely=False):
            builder.ret(self._call("PyErr_NoMemory", PTR, []))
        builder.store(thread, held)
        mask = builder.gep(held, [I64(8)], source_etype=I8)
        wanted = builder.gep(held, [I64(8 + MASK_BYTES)], source_etype=I8)
        self._call("memset", PTR, [mask, I32(0), I64(2 * MASK_BYTES)])
        self._leave_unless(self._affinity("sched_getaffinity", thread, mask), held, self._fail_by_errno)
        word = builder.gep(wanted, [builder.lshr(cpu, I64(6))], source_etype=I64)
        builder.store(builder.shl(I64(1), builder.and_(cpu, I64(63))), word)
        self._leave_unless(self._affinity("sched_setaffinity", thread, wanted), held, self._return_none)
        self._return_guard(held, give_back, lambda: self._unpin(held))

    def _unpin(self, held: Any) -> None:
        builder = self._builder
        thread, mask = builder.load(held, typ=I64), builder.gep(held, [I64(8)], source_etype=I8)
        restored = self._affinity("sched_setaffinity", thread, mask)
        with builder.if_then(builder.icmp_signed("<", restored, I32(0)), likely=False):
            self._call("memset", PTR, [mask, I32(0xFF), I64(MASK_BYTES)])
            self._affinity("sched_setaffinity", thread, mask)
        self._call("free", _VOID, [held])

    # ---- pieces

    def _begin(self, name: str, *kinds: Any, returns: Any = PTR) -> Any:
        function = ll.Function(self._module, ll.FunctionType(returns, kinds), name)
        self._builder = ll.IRBuilder(function.append_basic_block())
        return function.args

    def _destructor(self, name: str, give_back: Any) -> Any:
        """The function that a guard calls when it goes."""
        (guard,) = self._begin(name, PTR, returns=_VOID)
        held = self._call("PyCapsule_GetPointer", PTR, [guard, self._null])
        with self._builder.if_then(self._builder.icmp_unsigned("!=", held, self._null)):
            give_back(held)
        self._builder.ret_void()
        function = self._module.globals[name]
        function.linkage = "internal"
        return function

    def _return_guard(self, held: Any, give_back: Any, undo: Any) -> None:
        guard = self._call("PyCapsule_New", PTR, [held, self._null, self._builder.bitcast(give_back, PTR)])
        with self._builder.if_then(self._builder.icmp_unsigned("==", guard, self._null), likely=False):
            undo()
        self._builder.ret(guard)

    def _leave_unless(self, code: Any, held: Any, leave: Any) -> None:
        with self._builder.if_then(self._builder.icmp_signed("<", code, I32(0)), likely=False):
            self._call("free", _VOID, [held])
            leave()

    def _fail_by_errno(self) -> None:
        self._builder.ret(self._call("PyErr_SetFromErrno", PTR, [self._exception("PyExc_OSError")]))

    def _return_none(self) -> None:
        none = self._environment.address(self._builder, "_Py_NoneStruct")
        self._call("Py_IncRef", _VOID, [none])
        self._builder.ret(none)

    def _affinity(self, name: str, thread: Any, mask: Any) -> Any:
        return self._call(name, I32, [self._builder.trunc(thread, I32), I64(MASK_BYTES), mask])

    def _exception(self, name: str) -> Any:
        return self._builder.load(self._environment.address(self._builder, name), typ=PTR)

    def _call(self, name: str, returns: Any, arguments: list[Any]) -> Any:
        return self._environment.invoke(self._builder, name, returns, arguments)
