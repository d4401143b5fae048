"""Machine code behind `inc`, `dec` and `set` of a gauge: a word of this process's own, written where it is.

    a method's words:   | place | `inc` in Python | `dec` in Python | `set` in Python |
    place:              | address of the gauge's epoch | epoch | address of the value, or 0 |

Only what is usual is done here: one number, or none for `inc` and `dec`, by position, while this process has its line
and nobody has removed the gauge since. All else is left to Python (gauges.py). A number is added in a loop around a
compare-and-exchange, as threads of a free-threaded Python may add at once.
"""

from __future__ import annotations

from typing import Any

from rseq._codegen import python
from rseq._codegen.writer import DOUBLE, I64, PTR, VOID, Process, Writer
from rseq._metrics.gauges import METHODS

PLACE_WORDS = EPOCH_AT, EPOCH, VALUE_AT = range(3)
"""Of a place."""


def write(code: Process) -> list[str]:
    """Write them into a module; their names."""
    for number, name in enumerate(METHODS, 1):
        _write(code.function(name, PTR, [PTR, PTR, I64, PTR]), name, number)
    return [*METHODS]


def _write(emit: Writer, name: str, number: int) -> None:
    """`PyObject *name(words, arguments, count, names of keywords)`; `number` is the word with the method in Python."""
    words, arguments, count, keywords = emit.arguments
    first = emit.process.layout.words_at
    slow = emit.label("slow")
    if emit.process.layout.reads_numbers:
        place = emit.load(words, first, PTR, align=8)
        _leave_unless(emit, slow, emit.compare(emit.address(keywords), "==", 0))
        value_at = emit.load(place, 8 * VALUE_AT, align=8)
        _leave_unless(emit, slow, emit.compare(value_at, "!=", 0))
        epoch = emit.load(emit.load(place, 8 * EPOCH_AT, align=8), 0, order="monotonic", align=8)
        _leave_unless(emit, slow, emit.compare(epoch, "==", emit.load(place, 8 * EPOCH, align=8)))
        amount = _amount(emit, slow, arguments, count, has_default=name != "set")
        if name == "set":
            emit.store(emit.llvm.bitcast(amount, I64), value_at, order="monotonic", align=8)
        else:
            _add(emit, value_at, amount if name == "inc" else emit.llvm.fneg(amount))
        emit.ret(python.none(emit))
    else:
        emit.jump(slow)
    emit.here(slow)
    method = emit.load(words, first + 8 * number, PTR, align=8)
    emit.ret(emit.call("PyObject_Vectorcall", PTR, method, arguments, count, keywords))


def _leave_unless(emit: Writer, slow: Any, condition: Any) -> None:
    with emit.unless(condition, likely=False):
        emit.jump(slow)


def _amount(emit: Writer, slow: Any, arguments: Any, count: Any, *, has_default: bool) -> Any:
    """Emit: the only argument, if it is a float or an int; or 1."""
    known = emit.label("amount", DOUBLE)
    if has_default:
        with emit.unless(count):
            emit.jump(known, DOUBLE(1.0))
    _leave_unless(emit, slow, emit.compare(count, "==", 1))
    given = emit.load(arguments, type=PTR)
    kind = python.type_of(emit, given)
    with emit.if_(emit.compare(kind, "==", emit.symbol("PyFloat_Type")), likely=True):
        emit.jump(known, emit.load(given, emit.process.layout.header, DOUBLE))
    _leave_unless(emit, slow, emit.compare(kind, "==", emit.symbol("PyLong_Type")))
    whole = emit.call("PyFloat_AsDouble", DOUBLE, given)
    with emit.unless(emit.llvm.fcmp_ordered("==", whole, DOUBLE(-1.0)), likely=True):
        emit.jump(known, whole)
    with emit.if_(emit.call("PyErr_Occurred", PTR), likely=False):  # it is too large
        emit.call("PyErr_Clear", VOID)
        emit.jump(slow)
    emit.jump(known, whole)
    (amount,) = emit.here(known)
    return amount


def _add(emit: Writer, value_at: Any, amount: Any) -> None:
    again, done = emit.label("again", I64), emit.label("done")
    emit.jump(again, emit.load(value_at, 0, order="monotonic", align=8))
    (before,) = emit.here(again)
    after = emit.llvm.bitcast(emit.llvm.fadd(emit.llvm.bitcast(before, DOUBLE), amount), I64)
    with emit.if_(emit.exchange_if(value_at, before, after), likely=True):
        emit.jump(done)
    emit.jump(again, emit.load(value_at, 0, order="monotonic", align=8))
    emit.here(done)
