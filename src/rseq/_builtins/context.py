"""`with` in machine code: between taking and entering the block, and between leaving it and giving back, is no gap.

A Python function may be interrupted anywhere: a signal handler that raises (Ctrl-C) in `__enter__` after the lock was
taken, or in `__exit__` before it was given back, leaves it taken for ever. CPython runs handlers between its own
instructions only, so machine code has no such place.

    __enter__   result = take(); put (result, who, what the thread has entered before) into the object's dict
    __exit__    take the same out; give back(result)

The dict's keys are the numbers of Python's thread states, which no later thread of the interpreter has again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import llvmlite.ir as ll

from rseq._builtins.method import DICT_AT, Context, Kind, MethodWriter
from rseq._codegen.codes import I8, I32, I64, PTR
from rseq._codegen.small_int import TYPE

__all__ = ["enter", "leave"]

_METH_NOARGS, _METH_FASTCALL = 0x0004, 0x0080
_VOID = ll.VoidType()


def enter(kind: Kind, context: Context) -> tuple[int, int]:
    """`__enter__` of a kind: the function's address, and how it is called."""
    writer = MethodWriter("enter", ("arguments",), kind)
    builder = writer.builder
    thread = _thread_state(writer)
    who = writer.call("PyLong_FromUnsignedLongLong", PTR, [writer.call("PyThread_get_thread_ident", I64, [])])
    _leave_if(writer, builder.or_(writer.is_null(thread), writer.is_null(who)), [thread, who])
    result = writer.call_entry(context.take, [writer.null, I64(0), writer.null])
    _leave_if(writer, writer.is_null(result), [thread, who])
    none = writer.object_at("_Py_NoneStruct")
    entered = writer.word(DICT_AT, PTR)
    before = _looked_up(writer, entered, thread)
    before = builder.select(writer.is_null(before), none, before)
    entry = writer.call("PyTuple_Pack", PTR, [I64(3), result, who, before], more=True)
    with builder.if_then(builder.not_(writer.is_null(entry)), likely=True):
        kept = _put(writer, entered, thread, entry)
        with builder.if_then(builder.icmp_signed("==", kept, I32(0)), likely=True):
            _let_go(writer, [thread, who, entry])
            if not context.gives:
                _let_go(writer, [result])
                writer.call("Py_IncRef", _VOID, [none])
            builder.ret(result if context.gives else none)
    writer.call("PyErr_Clear", _VOID, [])  # there was no memory to remember it
    _let_go(writer, [_give_back(writer, context, result), thread, who, entry, result])
    builder.ret(writer.call("PyErr_NoMemory", PTR, []))
    return writer.address(), _METH_NOARGS


def leave(kind: Kind, context: Context) -> tuple[int, int]:
    """The same for `__exit__`."""
    writer = MethodWriter("exit", ("arguments", "count"), kind)
    builder = writer.builder
    entered, thread = writer.word(DICT_AT, PTR), _thread_state(writer)
    _leave_if(writer, writer.is_null(thread), [])
    entry = _looked_up(writer, entered, thread)
    with builder.if_then(writer.is_null(entry), likely=False):
        _let_go(writer, [thread])
        writer.fail("PyExc_RuntimeError", context.outside)
    kind = builder.load(builder.gep(entry, [I64(TYPE)], source_etype=I8), typ=PTR)
    with builder.if_then(builder.icmp_unsigned("!=", kind, writer.object_at("PyTuple_Type")), likely=False):
        _let_go(writer, [thread])  # somebody has put it there
        writer.fail("PyExc_RuntimeError", context.outside)
    writer.call("Py_IncRef", _VOID, [entry])
    result, before = (writer.call("PyTuple_GetItem", PTR, [entry, I64(place)]) for place in (0, 2))
    _leave_if(writer, builder.or_(writer.is_null(result), writer.is_null(before)), [thread, entry])
    is_last = builder.icmp_unsigned("==", before, writer.object_at("_Py_NoneStruct"))
    with builder.if_else(is_last) as (then, otherwise):
        with then:
            writer.call("PyDict_DelItem", I32, [entered, thread])
        with otherwise:
            _put(writer, entered, thread, before)
    answer = _give_back(writer, context, result)
    _let_go(writer, [thread, entry])
    builder.ret(answer)
    return writer.address(), _METH_FASTCALL


def _thread_state(writer: MethodWriter) -> Any:
    """Emit the number of the thread's state, an int; NULL with an exception if there is no memory."""
    number = writer.call("PyThreadState_GetID", I64, [writer.call("PyThreadState_Get", PTR, [])])
    return writer.call("PyLong_FromUnsignedLongLong", PTR, [number])


def _looked_up(writer: MethodWriter, entered: Any, thread: Any) -> Any:
    return writer.call("PyDict_GetItemWithError", PTR, [entered, thread])


def _put(writer: MethodWriter, entered: Any, thread: Any, entry: Any) -> Any:
    return writer.call("PyDict_SetItem", I32, [entered, thread, entry])


def _give_back(writer: MethodWriter, context: Context, result: Any) -> Any:
    """Emit a call of the method that gives back what `result` names; what that returns."""
    with writer.builder.goto_entry_block():
        arguments = writer.builder.alloca(PTR)
    writer.builder.store(result, arguments)
    return writer.call_entry(context.give_back, [arguments, I64(1), writer.null])


def _let_go(writer: MethodWriter, things: Sequence[Any]) -> None:
    for thing in things:  # NULL is no harm
        writer.call("Py_DecRef", _VOID, [thing])


def _leave_if(writer: MethodWriter, condition: Any, things: Sequence[Any]) -> None:
    """Emit: return NULL, an exception is set, and let go of `things`."""
    with writer.builder.if_then(condition, likely=False):
        _let_go(writer, things)
        writer.builder.ret(writer.null)
