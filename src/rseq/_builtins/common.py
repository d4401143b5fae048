"""Machine code that all builtins share, made once in a process: what is not hot.

A builtin reads the arguments that are usual. Everything else it hands over with what is `about` it, words in memory:

    0    what converts arguments, or says what is wrong with them: `converter(words)(*arguments, **keywords)` is a tuple
    8    what raises for a code (codes.py): `refuse(code)`
    16   how many parameters there are
    24   their names, in order

The builtin then is called with that tuple, and reads it as any other arguments. `about` stands in place of names of
keywords, so that nothing is converted twice.

An exception that is set when a builtin hands over is CPython's own complaint about an argument, and is dropped: it is
found again. One with a traceback comes from Python code, of an object or of a signal handler, and stays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rseq._builtins.payload import FREED, NOT_COPIED
from rseq._codegen import python
from rseq._codegen.codes import HAS_RAISED, RAISED
from rseq._codegen.writer import DOUBLE, I32, I64, NULL, PTR, VOID, Process, Writer

VIEW_BYTES = 80
"""The size of a Py_buffer: `buf` is at 0, `obj` at 8, `len` at 16, `format` at 40."""

_WITH_FORMAT = 0x8 | 0x4  # pybuffer.h: PyBUF_ND | PyBUF_FORMAT
_LONG_SUBCLASS = 1 << 24  # object.h: Py_TPFLAGS_LONG_SUBCLASS


def items_of(emit: Writer, given: Any) -> Any:
    """Emit: where the items of a tuple begin, which the process is asked for."""
    return emit.offset(given, emit.address(emit.symbol("rseq_items_at")))


def write(code: Process) -> list[str]:
    """Write them into a module; their names."""
    for name, returns, parameters, body in _FUNCTIONS:
        emit = code.function(name, returns, parameters, "nounwind", "noinline", "optnone")  # LLVM has nothing to gain
        emit.function.linkage = "hidden"
        body(emit, *emit.arguments)
    return [name for name, *_ in _FUNCTIONS]


# ---- arguments


def _write_in_order(emit: Writer, count: Any, keywords: Any, about: Any) -> None:
    """How many arguments there are, if those with names are in order behind the others; else -1."""
    total, wanted = emit.add(count, emit.call("PyTuple_Size", I64, keywords)), emit.load(about, 16)
    again = emit.label("again", I64)
    with emit.if_(emit.compare(total, ">", wanted)):
        emit.ret(-1)
    emit.jump(again, count)
    (number,) = emit.here(again)
    with emit.if_(emit.compare(number, "==", total)):
        emit.ret(total)
    keyword = emit.call("PyTuple_GetItem", PTR, keywords, emit.sub(number, count))
    name = emit.load(emit.offset(about, emit.add(emit.mul(number, 8), 24)), type=PTR)
    with emit.if_(emit.compare(keyword, "!=", name)):
        emit.ret(-1)
    emit.jump(again, emit.add(number, 1))


def _write_int(emit: Writer, given: Any, place: Any) -> None:
    _write_whole(emit, "PyLong_AsLongLong", given, place)


def _write_unsigned(emit: Writer, given: Any, place: Any) -> None:
    _write_whole(emit, "PyLong_AsUnsignedLongLong", given, place)


def _write_whole(emit: Writer, convert: str, given: Any, place: Any) -> None:
    """Put an int of any size, or of a class of ints, at `place`; 1 if that could be done."""
    flags = emit.call("PyType_GetFlags", I64, python.type_of(emit, given))
    with emit.unless(emit.and_(flags, _LONG_SUBCLASS)):
        emit.ret(0)
    number = emit.call(convert, I64, given)
    emit.store(number, place)
    _return_unless_raised(emit, emit.compare(number, "==", -1))


def _write_float(emit: Writer, given: Any, place: Any) -> None:
    """Put a float, of any class of floats, or an int at `place`, as a double; 1 if that could be done."""
    kind = python.type_of(emit, given)
    is_other = emit.compare(kind, "!=", emit.symbol("PyLong_Type"))
    with emit.if_(is_other), emit.unless(emit.call("PyType_IsSubtype", I32, kind, emit.symbol("PyFloat_Type"))):
        emit.ret(0)
    number = emit.call("PyFloat_AsDouble", DOUBLE, given)
    emit.store(number, place)
    _return_unless_raised(emit, emit.llvm.fcmp_ordered("==", number, DOUBLE(-1.0)))


def _return_unless_raised(emit: Writer, doubtful: Any) -> None:
    with emit.unless(doubtful):
        emit.ret(1)
    emit.ret(emit.fit(emit.compare(emit.call("PyErr_Occurred", PTR), "==", NULL), I32))


def _write_ask(emit: Writer, given: Any, view: Any, access: Any) -> None:
    """Fill the view if that is a buffer, and its format has no O in it, which may mean objects; 1 if it is filled."""
    is_plain = emit.compare(python.type_of(emit, given), "==", emit.symbol("PyByteArray_Type"))
    flags = emit.choose(is_plain, access, emit.or_(access, _WITH_FORMAT))
    with emit.if_(emit.call("PyObject_GetBuffer", I32, given, view, flags), likely=False):
        emit.store(NULL, view, 8)
        emit.ret(0)
    form = emit.load(view, 40, PTR)
    with emit.unless(form):  # bytes
        emit.ret(1)
    with emit.unless(emit.call("strchr", PTR, form, I32(ord("O"))), likely=True):
        emit.ret(1)
    emit.call("PyBuffer_Release", VOID, view)
    emit.ret(0)


def _write_hand_over(
    emit: Writer, payload: Any, arguments: Any, count: Any, keywords: Any, about: Any, again: Any
) -> None:
    """Call `again`, the builtin, with what the arguments are converted to; NULL with an exception if they cannot be."""
    is_converted = emit.compare(keywords, "==", about)
    _drop_complaint(emit, is_converted)
    with emit.if_(emit.and_(emit.truth(keywords), emit.compare(keywords, "!=", about))):
        total = emit.run(emit.module.globals["rseq_in_order"], count, keywords, about)
        with emit.if_(emit.compare(total, ">=", 0, signed=True), likely=True):
            emit.ret(emit.call_at(again, PTR, payload, arguments, total, NULL))
    with emit.if_(is_converted, likely=False):
        python.fail(emit, "PyExc_SystemError", "what was converted for machine code is not what it reads")
    words = emit.call("PyLong_FromUnsignedLongLong", PTR, emit.add(emit.address(payload), emit.process.layout.words_at))
    _return_if_null(emit, words)
    convert = emit.call("PyObject_CallOneArg", PTR, emit.load(about, type=PTR), words)
    python.let_go(emit, words)
    _return_if_null(emit, convert)
    converted = emit.call("PyObject_Vectorcall", PTR, convert, arguments, count, keywords)
    python.let_go(emit, convert)
    _return_if_null(emit, converted)
    wanted = emit.load(about, 16)
    is_tuple = emit.compare(python.type_of(emit, converted), "==", emit.symbol("PyTuple_Type"))
    with emit.if_(
        emit.and_(is_tuple, emit.compare(emit.load(converted, emit.process.layout.header), "==", wanted)), likely=True
    ):
        result = emit.call_at(again, PTR, payload, items_of(emit, converted), wanted, about)
        python.let_go(emit, converted)
        emit.ret(result)
    python.let_go(emit, converted)
    python.fail(emit, "PyExc_SystemError", "what was converted for machine code is not what it reads")


def _drop_complaint(emit: Writer, is_converted: Any) -> None:
    """Emit: return NULL if an exception is set that stays."""
    kind, error, traceback = (emit.slot(PTR) for _ in range(3))
    with emit.if_(emit.call("PyErr_Occurred", PTR), likely=False):
        with emit.if_(is_converted):
            emit.ret(NULL)
        emit.call("PyErr_Fetch", VOID, kind, error, traceback)
        held = [emit.load(place, type=PTR) for place in (kind, error, traceback)]
        with emit.if_(held[2]):
            emit.call("PyErr_Restore", VOID, *held)
            emit.ret(NULL)
        python.let_go(emit, *held[:2])


def _return_if_null(emit: Writer, thing: Any) -> None:
    with emit.unless(thing, likely=False):
        emit.ret(NULL)


# ---- calls of Python


def _write_refuse(emit: Writer, about: Any, code: Any) -> None:
    """Raise the exception for a code; NULL."""
    with emit.if_(emit.compare(code, "==", RAISED)):
        emit.ret(NULL)
    number = emit.call("PyLong_FromLongLong", PTR, emit.fit(code, I64))
    _return_if_null(emit, number)
    result = emit.call("PyObject_CallOneArg", PTR, emit.load(about, 8, PTR), number)
    python.let_go(emit, number, result)
    emit.ret(NULL)


def _write_call(emit: Writer, function: Any, *words: Any) -> None:
    """Call a function of Python with two numbers; its answer, or HAS_RAISED, if an exception is set, now or before."""
    with emit.if_(emit.call("PyErr_Occurred", PTR)):
        emit.ret(HAS_RAISED)
    given = emit.call("Py_BuildValue", PTR, emit.text("KK"), *words, fixed=1)
    with emit.unless(given):
        emit.ret(HAS_RAISED)
    result = emit.call("PyObject_CallObject", PTR, function, given)
    python.let_go(emit, given)
    with emit.unless(result):
        emit.ret(HAS_RAISED)
    answer = emit.call("PyLong_AsUnsignedLongLong", I64, result)
    python.let_go(emit, result)
    emit.ret(answer)


# ---- payloads


def _write_dealloc(emit: Writer, payload: Any) -> None:
    held = emit.load(payload, emit.process.layout.kept_at, PTR), python.type_of(emit, payload)
    emit.call("PyObject_Free", VOID, payload)
    python.let_go(emit, *held)  # the type too: an object of a type that was made at run time holds a reference to it
    emit.ret()


def _write_reduce(emit: Writer, payload: Any, protocol: Any) -> None:
    python.fail(
        emit,
        "PyExc_TypeError",
        "a builtin is bound to memory of this process and cannot be pickled; pass the storage, made in an "
        "rseq.Segment, and bind to it in the process that uses it",
    )


_FUNCTIONS: tuple[tuple[str, Any, list[Any], Callable[..., None]], ...] = (
    ("rseq_in_order", I64, [I64, PTR, PTR], _write_in_order),
    ("rseq_int", I32, [PTR, PTR], _write_int),
    ("rseq_unsigned", I32, [PTR, PTR], _write_unsigned),
    ("rseq_float", I32, [PTR, PTR], _write_float),
    ("rseq_ask", I32, [PTR, PTR, I32], _write_ask),
    ("rseq_hand_over", PTR, [PTR, PTR, I64, PTR, PTR, PTR], _write_hand_over),
    ("rseq_refuse", PTR, [PTR, I32], _write_refuse),
    ("rseq_call", I64, [PTR, I64, I64], _write_call),
    (FREED, VOID, [PTR], _write_dealloc),
    (NOT_COPIED, PTR, [PTR, PTR], _write_reduce),
)
