"""The machine code of guards (guard.py)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rseq._codegen import python
from rseq._codegen.writer import I32, I64, NULL, PTR, VOID, Process, Writer

MASK_BYTES = 1024
"""An affinity mask of as many CPUs as Linux can be configured for."""


def write(code: Process) -> list[str]:
    """Write it into a module; the names of the functions."""
    _write_take_turn(code)
    _write_pin(code)
    return ["take_turn", "pin"]


# ---- turns. In the guard's memory: word, thread, known


def _write_take_turn(code: Process) -> None:
    """`PyObject *take_turn(uint64_t word, before, thread, known, task)`."""
    emit = code.function("take_turn", PTR, [I64] * 5)
    word, before, thread, known, task = emit.arguments
    held = _allocated(emit, 24)
    for number, value in enumerate((word, thread, known)):
        emit.store(value, held, 8 * number)
    with emit.unless(_is_here(emit, known, thread), likely=False):
        _leave_with_none(emit, held)
    with emit.unless(emit.exchange_if(word, before, thread)):
        _leave_with_none(emit, held)
    emit.store(task, word, 8)
    _return_guard(emit, held, _give_turn)


def _give_turn(emit: Writer, held: Any) -> None:
    word, thread, known = (emit.load(held, 8 * number) for number in range(3))
    with emit.if_(_is_here(emit, known, thread)):
        emit.exchange_if(word, thread, 0)


def _is_here(emit: Writer, known: Any, thread: Any) -> Any:
    """In a child that was forked since, it is not."""
    return emit.compare(emit.load(known), "==", thread)


# ---- affinity. In the guard's memory: the thread's id, its mask, the new one


def _write_pin(code: Process) -> None:
    """`PyObject *pin(int64_t cpu, int64_t thread)`."""
    emit = code.function("pin", PTR, [I64, I64])
    cpu, thread = emit.arguments
    with emit.if_(emit.compare(cpu, ">=", 8 * MASK_BYTES), likely=False):
        emit.ret(python.none(emit))
    held = _allocated(emit, 8 + 2 * MASK_BYTES)
    emit.store(thread, held)
    mask, wanted = emit.offset(held, 8), emit.offset(held, 8 + MASK_BYTES)
    emit.call("memset", PTR, mask, I32(0), 2 * MASK_BYTES)
    with emit.if_(_fails(emit, "sched_getaffinity", thread, mask), likely=False):
        emit.call("free", VOID, held)
        emit.ret(emit.call("PyErr_SetFromErrno", PTR, python.exception(emit, "PyExc_OSError")))
    bit = emit.shl(I64(1), emit.and_(cpu, 63))
    emit.store(bit, emit.item(wanted, emit.lshr(cpu, 6), I64))
    with emit.if_(_fails(emit, "sched_setaffinity", thread, wanted), likely=False):
        _leave_with_none(emit, held)
    _return_guard(emit, held, _unpin)


def _unpin(emit: Writer, held: Any) -> None:
    thread, mask = emit.load(held), emit.offset(held, 8)
    with emit.if_(_fails(emit, "sched_setaffinity", thread, mask), likely=False):
        emit.call("memset", PTR, mask, I32(0xFF), MASK_BYTES)
        _fails(emit, "sched_setaffinity", thread, mask)


def _fails(emit: Writer, name: str, thread: Any, mask: Any) -> Any:
    return emit.compare(emit.call(name, I32, emit.fit(thread, I32), MASK_BYTES, mask), "<", 0, signed=True)


# ---- guards


def _allocated(emit: Writer, nbytes: int) -> Any:
    """Emit: memory for a guard; or leave with MemoryError."""
    held = emit.call("malloc", PTR, nbytes)
    with emit.unless(held, likely=False):
        emit.ret(emit.call("PyErr_NoMemory", PTR))
    return held


def _leave_with_none(emit: Writer, held: Any) -> None:
    emit.call("free", VOID, held)
    emit.ret(python.none(emit))


def _return_guard(emit: Writer, held: Any, give_back: Callable[[Writer, Any], None]) -> None:
    """Emit: return a guard with that memory, or give back at once if there is none. `give_back` emits what it does."""

    def write(emit: Writer, guard: Any) -> None:
        held = emit.call("PyCapsule_GetPointer", PTR, guard, NULL)
        with emit.if_(held):
            give_back(emit, held)
            emit.call("free", VOID, held)
        emit.ret()

    destructor = emit.process.helper(f"{emit.function.name}.end", VOID, [PTR], write)
    guard = emit.call("PyCapsule_New", PTR, held, NULL, destructor)
    with emit.unless(guard, likely=False):
        give_back(emit, held)
        emit.call("free", VOID, held)
    emit.ret(guard)
