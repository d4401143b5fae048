"""Machine code behind the hot methods of a structure, and behind its `with`: one module for each kind.

A hot method jumps to the machine code of the very object (method.py).

Between taking and entering the block of a `with`, and between leaving it and giving back, is no gap. A Python function
may be interrupted anywhere: a signal handler that raises (Ctrl-C) in `__enter__` after the lock was
taken, or in `__exit__` before it was given back, leaves it taken for ever. CPython runs handlers between its own
instructions only, so machine code has no such place.

    __enter__   result = take(); put (result, who, what the thread has entered before) into the object's dict
    __exit__    take the same out; give back(result)

The dict's keys are the numbers of Python's thread states, which no later thread of the interpreter has again.
"""

from __future__ import annotations

from typing import Any

from rseq._builtins.method import Context, Kind
from rseq._codegen import python
from rseq._codegen.writer import I32, I64, NULL, PTR, VOID, Process, Writer

_NUMBER_AT, _DICT_AT = 0, 1
"""Words of a payload."""


def write(code: Process, kind: Kind) -> list[str]:
    """Write them into a module; their names."""
    for name in kind.hot:
        _write_jump(_Method(code, kind, name, PTR, I64, PTR))
    if kind.context is not None:
        _write_enter(_Method(code, kind, "__enter__", PTR), kind.context)
        _write_exit(_Method(code, kind, "__exit__", PTR, I64), kind.context)
    return [*kind.methods]


class _Method:
    """A function that a method descriptor calls: `PyObject *name(owner, arguments …)`. `emit` is where it goes on.

    It begins by loading the owner's payload, and raises TypeError if there is none, or one of another kind.
    """

    def __init__(self, code: Process, kind: Kind, name: str, *arguments: Any) -> None:
        self.kind, self.name = kind, name
        emit = self.emit = code.function(name, PTR, [PTR, *arguments])
        owner, *self.arguments = emit.arguments
        self.payload = emit.load(owner, code.layout.header, PTR, align=8)  # its first slot
        with emit.unless(self.payload, likely=False):
            python.fail(emit, "PyExc_TypeError", "this object was made without calling __init__")
        with emit.if_(emit.compare(self.word(_NUMBER_AT), "!=", kind.number), likely=False):
            text = f"this object was not made as a {kind.name}, though its class is one by now: use its own methods"
            python.fail(emit, "PyExc_TypeError", text)

    def word(self, position: int, type: Any = I64) -> Any:
        """Emit: word number `position` of the payload."""
        return self.emit.load(self.payload, self.emit.process.layout.words_at + 8 * position, type, align=8)

    def call(self, name: str, *given: Any) -> Any:
        """Emit a call of the hot method `name`, with arguments, their number, and keywords."""
        rest = self.emit.offset(self.payload, 8 * self.kind.storage)
        return self.emit.call_at(self.word(self.kind.entry(name), PTR), PTR, rest, *given)


def _write_jump(method: _Method) -> None:
    method.emit.ret(method.call(method.name, *method.arguments))


def _write_enter(method: _Method, context: Context) -> None:
    emit, thread = method.emit, _thread_state(method.emit)
    who = emit.call("PyLong_FromUnsignedLongLong", PTR, emit.call("PyThread_get_thread_ident", I64))
    for thing in (thread, who):
        _return_if_null(emit, thing, thread, who)
    result = method.call(context.take, NULL, I64(0), NULL)
    _return_if_null(emit, result, thread, who)
    none, entered = emit.symbol("_Py_NoneStruct"), method.word(_DICT_AT, PTR)
    before = _looked_up(emit, entered, thread)
    before = emit.choose(before, before, none)
    entry = emit.call("PyTuple_Pack", PTR, 3, result, who, before, fixed=1)
    with emit.if_(entry, likely=True), emit.unless(_put(emit, entered, thread, entry), likely=True):
        python.let_go(emit, thread, who, entry)
        if not context.gives:
            python.let_go(emit, result)
            python.keep(emit, none)
        emit.ret(result if context.gives else none)
    emit.call("PyErr_Clear", VOID)  # there was no memory to remember it
    python.let_go(emit, _give_back(method, context, result), thread, who, entry, result)
    emit.ret(emit.call("PyErr_NoMemory", PTR))


def _write_exit(method: _Method, context: Context) -> None:
    emit, entered, thread = method.emit, method.word(_DICT_AT, PTR), _thread_state(method.emit)
    _return_if_null(emit, thread)
    entry, other = _looked_up(emit, entered, thread), emit.label("other")
    with emit.unless(entry, likely=False):
        emit.jump(other)
    kind = python.type_of(emit, entry)
    with emit.if_(emit.compare(kind, "!=", emit.symbol("PyTuple_Type")), likely=False):
        emit.jump(other)  # somebody has put it there
    python.keep(emit, entry)
    result, before = (emit.call("PyTuple_GetItem", PTR, entry, place) for place in (0, 2))
    for thing in (result, before):
        _return_if_null(emit, thing, thread, entry)
    is_last = emit.compare(before, "==", emit.symbol("_Py_NoneStruct"))
    with emit.if_else(is_last) as (then, otherwise):
        with then:
            emit.call("PyDict_DelItem", I32, entered, thread)
        with otherwise:
            _put(emit, entered, thread, before)
    answer = _give_back(method, context, result)
    python.let_go(emit, thread, entry)
    emit.ret(answer)
    emit.here(other)
    python.let_go(emit, thread)
    python.fail(emit, "PyExc_RuntimeError", context.outside)


def _thread_state(emit: Writer) -> Any:
    """Emit the number of the thread's state, an int; NULL with an exception if there is no memory."""
    number = emit.call("PyThreadState_GetID", I64, emit.call("PyThreadState_Get", PTR))
    return emit.call("PyLong_FromUnsignedLongLong", PTR, number)


def _looked_up(emit: Writer, entered: Any, thread: Any) -> Any:
    return emit.call("PyDict_GetItemWithError", PTR, entered, thread)


def _put(emit: Writer, entered: Any, thread: Any, entry: Any) -> Any:
    return emit.call("PyDict_SetItem", I32, entered, thread, entry)


def _give_back(method: _Method, context: Context, result: Any) -> Any:
    """Emit a call of the method that gives back what `result` names; what that returns."""
    arguments = method.emit.slot(PTR)
    method.emit.store(result, arguments)
    return method.call(context.give_back, arguments, I64(1), NULL)


def _return_if_null(emit: Writer, thing: Any, *held: Any) -> None:
    """Emit: if `thing` is NULL, release `held` and return NULL; the exception is set already."""
    with emit.unless(thing, likely=False):
        python.let_go(emit, *held)
        emit.ret(NULL)
