"""From a Python object to its value in compiled code, and back: arguments, globals, results, attributes."""

from __future__ import annotations

import operator
import signal
import types as python_types
from collections.abc import Sequence
from contextlib import suppress
from functools import cache, partial
from typing import Any

from numba.core import cgutils, errors, types
from numba.core.imputils import lower_constant
from numba.core.types import containers
from numba.core.typing.templates import AttributeTemplate, infer_getattr
from numba.extending import NativeValue, box, lower_builtin, lower_getattr_generic, overload, typeof_impl, unbox

from rseq._arch.base import IndexMode
from rseq._builtins.bind import Bound, bound_to
from rseq._codegen.python import let_go
from rseq._codegen.writer import I32, I64, VOID, Writer
from rseq._language import ir
from rseq._language.compiled import Compiled
from rseq._numba.digests import code_of, digest
from rseq._numba.environment import NumbaEnvironment
from rseq._numba.items import constant_items, dynamic, unbox_items
from rseq._numba.types import BoundSequenceType, Storage, StructureType, names_of, row_names
from rseq._percpu.memory import Memory
from rseq._percpu.segment import Place
from rseq._percpu.storage import PerCPU
from rseq._percpu.thread_code import say_what_was_noted
from rseq._percpu.threads import table_of
from rseq._structures.structure import Structure, bound_of, hot_methods, rows_of, storage_of

_pinned: list[object] = []
"""The globals of compiled code, whose memory must stay."""


@lower_builtin(operator.is_, StructureType, StructureType)
def _is_same(context: Any, builder: Any, sig: Any, args: Sequence[Any]) -> Any:
    pairs = zip(sig.args, args, strict=True)
    one, other = (cgutils.create_struct_proxy(type)(context, builder, value=value).owner for type, value in pairs)
    return builder.icmp_unsigned("==", one, other)


@typeof_impl.register(Structure)
def _typeof_structure(thing: Structure, context: Any) -> StructureType:
    return StructureType.of(thing)


@typeof_impl.register(Compiled)
def _typeof_unbound(thing: Any, context: Any) -> None:
    bind = f"bound = {thing.__name__}.bind(storage)"
    raise ValueError(f"it runs on per-CPU storage: bind it outside of @njit, as in {bind}, and call bound(…) inside")


@typeof_impl.register(PerCPU)
def _typeof_storage(thing: Any, context: Any) -> None:
    raise ValueError("per-CPU storage is used by sequences that are bound to it, outside of @njit: add.bind(storage)")


@typeof_impl.register(python_types.BuiltinFunctionType)
def _typeof_builtin(thing: Any, context: Any) -> BoundSequenceType | None:
    bound = _bound(thing)
    return _bound_type(bound.code, bound.title, bound.index, len(bound.shape)) if bound else None


@cache
def _bound_type(code: Compiled, title: str, index: IndexMode, dimensions: int) -> BoundSequenceType:
    return BoundSequenceType(digest(code), title, index, dimensions)


def _bound(builtin: Any) -> Bound | None:
    """What a builtin is bound to, if it is ours: a sequence's own, or a structure's method."""
    owner, name = builtin.__self__, builtin.__name__
    if not issubclass(type(owner), Structure):
        return bound_to(builtin)
    return bound_of(owner, name) if name in hot_methods(owner) else None


def _words(thing: Any) -> tuple[int, ...]:
    """What the native value of `thing` consists of."""
    if issubclass(type(thing), Structure):
        storage = storage_of(thing)
        return (*storage.memory.place, id(thing), _refused_at(storage.memory), *storage.shape, *rows_of(thing))
    held = _bound(thing)
    assert held is not None, "its type was found"
    return (*held.memory.place, id(thing), _refused_at(held.memory), *held.shape, *held.rows)


def _refused_at(memory: Memory) -> int:
    """Where refusals are counted: in the spare lane."""
    place = memory.refusals.place
    return place.base + place.stride * place.lanes


def _checked_words(thing: Any, mark: str) -> tuple[int, ...]:
    """The same, for a value of the type with that mark. Raises: TypeError - `thing` is something else."""
    typeof = _typeof_structure if issubclass(type(thing), Structure) else typeof_impl
    found = getattr(typeof(thing, None), "mark", "no such thing")
    if found != mark:
        raise TypeError(f"expected {mark}; got {thing!r}: {found}")
    return _words(thing)


@unbox(StructureType)
@unbox(BoundSequenceType)
def _unbox(type: Storage, thing: Any, c: Any) -> NativeValue:
    value = cgutils.create_struct_proxy(type)(c.context, c.builder)
    asks = _asks(type)
    read = _checked_words_and_number if asks else _checked_words
    reader = c.pyapi.unserialize(c.pyapi.serialize_object(read))
    mark = c.pyapi.string_from_string(c.context.insert_const_string(c.builder.module, type.mark))
    words = c.pyapi.call_function_objargs(reader, [thing, mark])
    with c.builder.if_then(cgutils.is_not_null(c.builder, words), likely=True):
        for position, name in enumerate(names_of(type)):
            item = c.pyapi.tuple_getitem(words, position)
            setattr(value, name, c.pyapi.long_as_ulonglong(item))
    is_error = cgutils.is_null(c.builder, words)
    if isinstance(type, StructureType) and type.items:
        is_error = unbox_items(type, thing, value, is_error, c)
    c.pyapi.decref(words)
    c.pyapi.decref(mark)
    c.pyapi.decref(reader)
    say = partial(_say_what_was_noted, c) if asks else None
    return NativeValue(value._getvalue(), is_error=is_error, cleanup=say)


def _asks(type: Storage) -> bool:
    """Whether its code asks for the calling thread's number."""
    digests = [own for own, _ in type.methods.values()] if isinstance(type, StructureType) else [type.digest]
    return any(_asks_for_number(code_of[own]) for own in digests)


@cache
def _asks_for_number(code: Compiled) -> bool:
    body = code.body
    return any(isinstance(op, ir.Thread) for op in body.ops) or any(map(_asks_for_number, body.callees))


def _checked_words_and_number(thing: Any, mark: str) -> tuple[int, ...]:
    """The same for code that asks for the thread's number: it gets one now, with the name that Python has for it."""
    words = _checked_words(thing, mark)
    with suppress(RuntimeError, OSError, MemoryError):  # compiled code says that it could not be had, if it needs it
        table_of(Place(*words[: len(Place._fields)]).lock).thread_id()
    return words


def _say_what_was_noted(c: Any) -> None:
    """Emit, after the call and with the GIL: say what the called code noted down, if it did.

    Ctrl-C that comes meanwhile is raised after the call; other exceptions are reported.
    """
    emit = Writer(c.builder, NumbaEnvironment(c.builder.module, has_rseq=False))
    noted, said = (emit.load(emit.symbol(name)) for name in ("rseq_thread_noted", "rseq_thread_said"))
    is_new = emit.and_(emit.compare(c.pyapi.err_occurred(), "==", 0), emit.compare(noted, "!=", said))
    with emit.if_(is_new, likely=False):
        function = c.pyapi.unserialize(c.pyapi.serialize_object(say_what_was_noted))
        answer = c.pyapi.call_function_objargs(function, [])
        with emit.unless(answer, likely=False):
            _raise_later(emit, function)
        let_go(emit, answer, function)


def _raise_later(emit: Writer, function: Any) -> None:
    kind = emit.symbol("PyExc_KeyboardInterrupt")  # Numba gives the exception's type itself this name
    with emit.if_else(emit.call("PyErr_ExceptionMatches", I32, kind)) as (then, otherwise):
        with then:
            emit.call("PyErr_Clear", VOID)
            emit.call("PyErr_SetInterruptEx", I32, I32(signal.SIGINT.value))
        with otherwise:
            emit.call("PyErr_WriteUnraisable", VOID, function)


@box(StructureType)
@box(BoundSequenceType)
def _box(type: Storage, value: Any, c: Any) -> Any:
    """The very object that the value came from, which whoever called compiled code still holds."""
    place = cgutils.create_struct_proxy(type)(c.context, c.builder, value=value)
    owner = c.builder.inttoptr(place.owner, c.pyapi.pyobj)
    name = type.title.rpartition(".")[2] if isinstance(type, BoundSequenceType) else ""
    reader = c.pyapi.unserialize(c.pyapi.serialize_object(_python_object))
    text = c.pyapi.unserialize(c.pyapi.serialize_object(name))
    thing = c.pyapi.call_function_objargs(reader, [owner, text])
    c.pyapi.decref(text)
    c.pyapi.decref(reader)
    c.context.nrt.decref(c.builder, type, value)  # it has nothing but a pool's items
    return thing


def _python_object(owner: Any, method: str) -> Any:
    return getattr(owner, method) if method and isinstance(owner, Structure) else owner


@lower_constant(StructureType)
@lower_constant(BoundSequenceType)
def _constant(context: Any, builder: Any, type: Storage, thing: Any) -> Any:
    """A global: an address of this process, so Numba must not cache it, and the memory must stay."""
    _pinned.append(thing)
    value = cgutils.create_struct_proxy(type)(context, builder)
    for name, word in zip(names_of(type), _words(thing), strict=True):
        is_address = name in ("base", "lock", "owner", "refused") or name in row_names(type)[::2]
        number = I64(word)
        setattr(value, name, builder.ptrtoint(dynamic(context, builder, word), I64) if is_address else number)
    if isinstance(type, StructureType) and type.items:
        value.items = constant_items(context, builder, type, thing)
    return value._getvalue()


@infer_getattr
class _Methods(AttributeTemplate):
    key = StructureType

    def generic_resolve(self, type: StructureType, attribute: str) -> Any:
        if attribute == "shape" and type.dimensions:
            return containers.UniTuple(types.intp, type.dimensions)
        if attribute not in type.methods:
            only = f", only {', '.join(type.methods)}" if type.methods else ""
            raise errors.TypingError(
                f"{type.name} has no {attribute} inside of @njit{only}: ask for it in Python, before the call or after "
                "it, and pass what compiled code needs as an argument"
            )
        return _method_type(type, attribute)


def _method_type(type: StructureType, name: str) -> BoundSequenceType:
    return BoundSequenceType(*type.methods[name], type.index, type.dimensions)


@overload(operator.getitem, strict=False)
def _element(thing: Any, index: Any) -> None:
    if isinstance(thing, StructureType) and thing.dimensions:
        raise errors.TypingError(
            f"{thing.name} is not indexed inside of @njit, where `x[i] += n` would lose what others add: write "
            "x.add(i, n), and read the sums outside"
        )


@lower_getattr_generic(StructureType)
def _method(context: Any, builder: Any, type: StructureType, value: Any, attribute: str) -> Any:
    if attribute == "shape":
        return _shape_of(context, builder, type, value)
    if not type.items:
        return value  # a bound sequence is the same place
    place, wanted = cgutils.create_struct_proxy(type)(context, builder, value=value), _method_type(type, attribute)
    bound = cgutils.create_struct_proxy(wanted)(context, builder)
    for name in names_of(wanted):
        setattr(bound, name, getattr(place, name))
    return bound._getvalue()


def _shape_of(context: Any, builder: Any, type: StructureType, value: Any) -> Any:
    words = cgutils.create_struct_proxy(type)(context, builder, value=value)
    lengths = [getattr(words, f"length{axis}") for axis in range(type.dimensions)]
    return cgutils.pack_array(builder, lengths)


@overload(len, strict=False)  # Numba compares annotations, too
def _length(thing: Any) -> Any:
    if isinstance(thing, StructureType) and thing.dimensions:
        return lambda thing: thing.shape[0]
    return None
