"""What generated functions have in common: how they take and return numbers, and the codes that they return."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Sequence
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
    """What a function of `code` returns, as a type: a code, and the results if there are any."""
    results = code.body.results
    return ll.LiteralStructType([I32, *map(llvm_type, results)]) if results else I32


def pack(emit: Writer, code: Compiled, number: Any, results: Sequence[Any] = ()) -> Any:
    """Emit that: a code, and the results, which are left out where the code says that there are none."""
    if code.body.result is None:
        return number
    made = emit.llvm.insert_value(ll.Constant(returned_by(code), ll.Undefined), number, 0)
    for place, result in enumerate(results, 1):
        made = emit.llvm.insert_value(made, result, place)
    return made


def unpack(emit: Writer, code: Compiled, returned: Any) -> tuple[Any, ...]:
    """Emit code and results, if there are any, of what a function has returned."""
    if code.body.result is None:
        return (returned,)
    return tuple(emit.llvm.extract_value(returned, place) for place in range(1 + len(code.body.results)))


def extended(emit: Writer, value: Any, type: Word) -> Any:
    """Emit: an integer as the register holds it, extended to 64 bits as its type says."""
    return value if type.is_float or type.size == 8 else emit.fit(value, I64, signed=type.kind == "signed")
