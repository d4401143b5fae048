"""What generated functions have in common: how they take and return numbers, and the codes that they return."""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from typing import Any

from rseq._codegen.writer import DOUBLE, I32, I64, Writer, ll
from rseq._language import ir
from rseq._language.compiled import Compiled
from rseq._language.pointers import required_rows
from rseq._language.types import Word

OK, BUSY, FAILED, RAISED, NO_ROW, NOTHING, SAME_ROW, NO_THREAD, REFUSED, LANE_VIEW, FIRST_CHECK = (
    *range(10),
    16,
)
"""Codes: done; the spare lane's lock is held; it cannot be taken (this thread holds it); a Python exception is set;
a pointer parameter is None whose fields are used; the result is None (not of a failure); two pointers that must be
apart are the same row; this thread can have no number; a routine refused, because of who holds a lock;
a buffer is a view of the lanes;
FIRST_CHECK + n: bounds check number n of the unit failed."""

HAS_RAISED = I64(-1)
"""The answer of a call into Python that no function there gives: an exception is set."""


def refusals(code: Compiled, checks: Iterable[ir.Check | ir.Raise]) -> dict[int, tuple[type[Exception], str]]:
    """What a caller is told of each code: an exception, and its text behind the title. `checks` are the unit's."""
    none = " or ".join(value.name for value in required_rows(code.body)) or "a pointer"
    own = "a buffer is a view of the per-CPU memory that this works on: pass a copy, such as bytes(view)"
    held = "the spare lane's lock cannot be taken: this thread holds it already (a signal handler?)"
    full = "this thread can have no number: too many threads have one, or the system has no memory"
    found: dict[int, tuple[type[Exception], str]] = {
        FAILED: (RuntimeError, held),
        NO_THREAD: (RuntimeError, full),
        NO_ROW: (ValueError, f"{none} is None, and its fields are used; pass a row"),
        LANE_VIEW: (ValueError, own),
        SAME_ROW: (ValueError, code.body.same_row),
    }
    for number, check in enumerate(checks, FIRST_CHECK):
        found[number] = getattr(builtins, check.exception), check.sentence
    return found


def llvm_type(type: Word) -> Any:
    """The LLVM type of a number. Pointers are i64: they are addresses, compared and added to."""
    if type.is_float:
        return ll.FloatType() if type.size == 4 else DOUBLE
    return ll.IntType(type.bits)


def returned_by(code: Compiled) -> Any:
    """What a function of `code` returns, as a type: a code, and the result unless there is none."""
    return I32 if code.body.result is None else ll.LiteralStructType([I32, llvm_type(code.body.result)])


def pack(emit: Writer, code: Compiled, number: Any, result: Any) -> Any:
    """Emit that: a code, and the result if there is one."""
    if code.body.result is None:
        return number
    pair = emit.llvm.insert_value(ll.Constant(returned_by(code), ll.Undefined), number, 0)
    return pair if result is None else emit.llvm.insert_value(pair, result, 1)


def unpack(emit: Writer, code: Compiled, returned: Any) -> tuple[Any, ...]:
    """Emit code and result, if there is one, of what a function has returned."""
    if code.body.result is None:
        return (returned,)
    return emit.llvm.extract_value(returned, 0), emit.llvm.extract_value(returned, 1)


def extended(emit: Writer, value: Any, type: Word) -> Any:
    """Emit: an integer as the register holds it, extended to 64 bits as its type says."""
    return value if type.is_float or type.size == 8 else emit.fit(value, I64, signed=type.kind == "signed")
