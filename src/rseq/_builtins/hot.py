"""Machine code behind the hot methods of a structure, and behind its `with`: one module for each kind.

A hot method jumps to the machine code of the very object (method.py).

Between taking and entering the block of a `with`, and between leaving it and giving back, is no gap. A Python function
may be interrupted anywhere: a signal handler that raises (Ctrl-C) in `__enter__` after the lock was
taken, or in `__exit__` before it was given back, leaves it taken for ever. CPython runs handlers between its own
instructions only, so machine code has no such place.

    __enter__   result = take(); remember it for this thread
    __exit__    take the same out; give back(result)

A thread's place in the payload is the one that its number names. It has it to itself while it is inside:

    | number of the thread's state, 0: free | what `threading` calls it | result | for each of PLACES

The number is that of Python's thread state, which no later thread of the interpreter has again. If another thread has
the place, or the thread is inside already, (result, who, what the thread has entered before) goes into the object's
dict by that number. While anything is in the dict, whoever enters goes there as well: so what a thread has in the dict
it has entered after what is in its place.

A method that takes a key finds the key's row in the dict, which has nothing else then, and goes on as hot methods do.
"""

from __future__ import annotations

from typing import Any

from rseq._builtins.method import PLACES, Context, Keyed, Kind
from rseq._codegen import python
from rseq._codegen.writer import I32, I64, NULL, PTR, VOID, Label, Process, Writer

_NUMBER_AT, _DICT_AT = 0, 1
"""Words of a payload."""

_PLACE_BYTES, _IDENT_AT, _RESULT_AT = 24, 8, 16
"""Of the places of those who are inside."""


def write(code: Process, kind: Kind) -> list[str]:
    """Write them into a module; their names."""
    for name in kind.hot:
        _write_jump(_Method(code, kind, name, PTR, I64, PTR))
    if kind.context is not None:
        _write_enter(_Method(code, kind, "__enter__", PTR), kind.context)
        _write_exit(_Method(code, kind, "__exit__", PTR, I64), kind.context)
    if kind.keyed is not None:
        _write_keyed(_Method(code, kind, kind.keyed.method, PTR, I64, PTR), kind.keyed)
    return [*kind.methods]


class _Method:
    """A function that a method descriptor calls: `PyObject *name(owner, arguments …)`. `emit` is where it goes on.

    It begins by loading the owner's payload, and raises TypeError if there is none, or one of another kind.
    """

    def __init__(self, code: Process, kind: Kind, name: str, *arguments: Any) -> None:
        self.kind, self.name = kind, name
        emit = self.emit = code.function(name, PTR, [PTR, *arguments])
        self.owner, *self.arguments = emit.arguments
        self.payload = emit.load(self.owner, code.layout.header, PTR, align=8)  # its first slot
        with emit.unless(self.payload, likely=False):
            python.fail(emit, "PyExc_TypeError", "this object was made without calling __init__")
        with emit.if_(emit.compare(self.word(_NUMBER_AT), "!=", kind.number), likely=False):
            text = f"this object was not made as a {kind.name}, though its class is one by now: use its own methods"
            python.fail(emit, "PyExc_TypeError", text)

    def word(self, position: int, type: Any = I64) -> Any:
        """Emit: word number `position` of the payload."""
        return self.emit.load(self.payload, self.emit.process.layout.words_at + 8 * position, type, align=8)

    def place(self, number: Any) -> Any:
        """Emit: where the payload has room for the thread with that number."""
        first = self.emit.offset(self.payload, self.emit.process.layout.words_at + 8 * self.kind.inside)
        return self.emit.offset(first, self.emit.mul(self.emit.and_(number, PLACES - 1), _PLACE_BYTES))

    def call(self, name: str, *given: Any) -> Any:
        """Emit a call of the hot method `name`, with arguments, their number, and keywords."""
        rest = self.emit.offset(self.payload, 8 * self.kind.storage)
        return self.emit.call_at(self.word(self.kind.entry(name), PTR), PTR, rest, *given)


def _write_jump(method: _Method) -> None:
    method.emit.ret(method.call(method.name, *method.arguments))


_KEYS = "PyUnicode_Type", "PyLong_Type", "PyBytes_Type"
"""Exact types of keys whose hash and comparison run no code of anybody's."""


def _write_keyed(method: _Method, keyed: Keyed) -> None:
    """`method(key, n)`: call the hot method with the row of the key, or the Python method for all that is unusual."""
    emit = method.emit
    arguments, count, keywords = method.arguments
    found, other = emit.label("found"), emit.label("other")
    is_usual = emit.compare(emit.sub(count, 1), "<", 2)
    with emit.if_(emit.or_(emit.truth(keywords), emit.compare(is_usual, "==", 0)), likely=False):
        emit.jump(other)
    key = emit.load(arguments, type=PTR)
    _jump_if_plain(emit, key, found, other)
    emit.here(found)
    row = _looked_up(emit, method.word(_DICT_AT, PTR), key)
    with emit.unless(row, likely=False):
        with emit.if_(emit.call("PyErr_Occurred", PTR), likely=False):
            emit.ret(NULL)
        emit.jump(other)
    given, second = emit.slot(PTR, 2), emit.label("second", PTR)
    with emit.if_(emit.compare(count, "==", 1), likely=True):
        emit.jump(second, NULL)
    n = emit.load(arguments, 8, PTR)
    with emit.if_(emit.compare(python.type_of(emit, n), "!=", emit.symbol("PyLong_Type")), likely=False):
        emit.jump(other)
    emit.jump(second, n)
    (n,) = emit.here(second)
    emit.store(row, given)
    emit.store(n, given, 8)
    python.keep(emit, row)  # whoever gets hold of the dict may empty it
    result = method.call(keyed.hot, given, count, NULL)
    python.let_go(emit, row)
    emit.ret(result)
    emit.here(other)
    function = emit.call("PyObject_GetAttrString", PTR, method.owner, emit.text(keyed.other))
    _return_if_null(emit, function)
    result = emit.call("PyObject_Vectorcall", PTR, function, arguments, count, keywords)
    python.let_go(emit, function)
    emit.ret(result)


def _jump_if_plain(emit: Writer, key: Any, plain: Any, other: Any) -> None:
    """Emit: go to `plain` if the key is one that may be looked up, or a tuple of such; else to `other`."""
    kind = python.type_of(emit, key)
    with emit.if_(_is_one_of(emit, kind, _KEYS), likely=True):
        emit.jump(plain)
    with emit.if_(emit.compare(kind, "!=", emit.symbol("PyTuple_Type"))):
        emit.jump(other)
    size, again = emit.call("PyTuple_Size", I64, key), emit.label("again", I64)
    emit.jump(again, 0)
    (number,) = emit.here(again)
    with emit.if_(emit.compare(number, "==", size)):
        emit.jump(plain)
    part = emit.call("PyTuple_GetItem", PTR, key, number)
    with emit.unless(_is_one_of(emit, python.type_of(emit, part), _KEYS)):
        emit.jump(other)
    emit.jump(again, emit.add(number, 1))


def _is_one_of(emit: Writer, kind: Any, names: tuple[str, ...]) -> Any:
    first, *rest = (emit.compare(kind, "==", emit.symbol(name)) for name in names)
    for one in rest:
        first = emit.or_(first, one)
    return first


def _write_enter(method: _Method, context: Context) -> None:
    emit = method.emit
    number, ident = _thread_state(emit), emit.call("PyThread_get_thread_ident", I64)
    result = method.call(context.take, NULL, I64(0), NULL)
    _return_if_null(emit, result)
    none, entered, place = emit.symbol("_Py_NoneStruct"), method.word(_DICT_AT, PTR), method.place(number)
    is_empty = emit.compare(emit.call("PyDict_Size", I64, entered), "==", 0)
    with emit.if_(is_empty, likely=True), emit.if_(emit.exchange_if(place, 0, number), likely=True):
        emit.store(ident, place, _IDENT_AT, align=8)
        emit.store(result, place, _RESULT_AT, align=8)
        given = result if context.gives else none
        python.keep(emit, given)
        emit.ret(given)
    thread = emit.call("PyLong_FromUnsignedLongLong", PTR, number)
    who = emit.call("PyLong_FromUnsignedLongLong", PTR, ident)
    with emit.unless(emit.and_(emit.truth(thread), emit.truth(who)), likely=False):
        _give_back_and_fail(method, context, result, thread, who)
    before = _looked_up(emit, entered, thread)
    before = emit.choose(before, before, none)
    entry = emit.call("PyTuple_Pack", PTR, 3, result, who, before, fixed=1)
    with emit.if_(entry, likely=True), emit.unless(_put(emit, entered, thread, entry), likely=True):
        python.let_go(emit, thread, who, entry)
        if not context.gives:
            python.let_go(emit, result)
            python.keep(emit, none)
        emit.ret(result if context.gives else none)
    _give_back_and_fail(method, context, result, thread, who, entry)


def _give_back_and_fail(method: _Method, context: Context, result: Any, *held: Any) -> None:
    """Emit: there was no memory to remember it."""
    method.emit.call("PyErr_Clear", VOID)
    python.let_go(method.emit, _give_back(method, context, result), *held, result)
    method.emit.ret(method.emit.call("PyErr_NoMemory", PTR))


def _write_exit(method: _Method, context: Context) -> None:
    emit, entered, number = method.emit, method.word(_DICT_AT, PTR), _thread_state(method.emit)
    in_place, outside = emit.label("in_place"), emit.label("outside")
    with emit.unless(emit.call("PyDict_Size", I64, entered), likely=True):
        emit.jump(in_place)
    _write_exit_by_dict(method, context, number, in_place, outside)
    emit.here(in_place)
    place = method.place(number)
    with emit.if_(emit.compare(emit.load(place, align=8, order="monotonic"), "!=", number), likely=False):
        emit.jump(outside)
    result = emit.load(place, _RESULT_AT, PTR, align=8)
    emit.store(I64(0), place, order="release")
    answer = _give_back(method, context, result)
    python.let_go(emit, result)
    emit.ret(answer)
    emit.here(outside)
    python.fail(emit, "PyExc_RuntimeError", context.outside)


def _write_exit_by_dict(method: _Method, context: Context, number: Any, in_place: Label, outside: Label) -> None:
    """Emit: leave what the dict has for the thread; it may have nothing."""
    emit, entered = method.emit, method.word(_DICT_AT, PTR)
    thread = emit.call("PyLong_FromUnsignedLongLong", PTR, number)
    _return_if_null(emit, thread)
    entry, other = _looked_up(emit, entered, thread), emit.label("other")
    with emit.unless(entry, likely=False):
        python.let_go(emit, thread)
        emit.jump(in_place)
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
    emit.jump(outside)


def _thread_state(emit: Writer) -> Any:
    """Emit the number of the thread's state."""
    return emit.call("PyThreadState_GetID", I64, emit.call("PyThreadState_Get", PTR))


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
