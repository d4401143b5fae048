"""Counters, arrays and bound sequences inside `@njit` functions, inlined as critical sections.

    @numba.njit(nogil=True)
    def count(hits, items):
        for item in items:
            hits.add(item, 1)

Numba finds this module through its extension entry point; `import rseq` does not import Numba. The
same sequences are lowered by the same code as for builtins; only the `Environment` differs: in
Numba's modules functions of the process are ordinary symbols, and so is `__rseq_offset`.

A structure is a value of its storage's place (base, stride, lanes, lock), its Python object, and the
dimensions. As an argument it may be used in functions compiled with `cache=True`: what a sequence means, the code
generator itself, and whether this process has the lanes' numbers are part of its type, so machine
code is reused only where it is the same. As a global it is a constant of this process: Numba then
refuses to cache, and the memory lives as long as the process. The value holds no reference to its
object, which the caller of compiled code keeps alive; so it cannot go into a list, a dict, a class, a
structref or a generator, which may outlive it. For the same reason, do not make a structure inside `objmode` and hand
it out of the block.

Numba loads its extensions when it first compiles or calls something, and not under a lock: a thread that
comes second may find no types of ours yet (a TypingError, "non-precise type pyobject"). Where several
threads may be first, `import rseq.numba` before they start.

With `fastmath` the caller's arithmetic is fast and ours exact: NaN, infinities and the zeros' signs mean what they
always mean in sequences, routines and inline functions, also if the caller's own arithmetic has made them.

Arguments are converted as Numba converts: integers of other widths wrap around. A float for an integer
is refused when the function is compiled.

An index out of range raises IndexError, whether bounds checking is on or not; nothing is counted then,
in no element. Numba drops what a worker thread of a parallel loop raises, and the rest of that thread's part
with it. So a call in a `prange` loop, or in another thread that Numba made, is left out and counted in the
storage's `refused`; it is told by the name of the function that Numba makes of a loop's body, or, in a function that
the body calls, by a thread that Python does not know. If the call has a result, there is none to go on with, and a
routine may be there to take a lock: such a call is counted, and raises. In a function that the body calls, the calling
thread raises: the call ends in a SystemError whose cause is the IndexError.

While compiled code that holds the GIL waits for the spare lane's lock, it keeps the GIL. That cannot
deadlock: whoever has the lock needs the GIL for nothing until the lock is free again.

Compiled code that does not hold the GIL asks Python for nothing, so that it may run while the interpreter ends, and
beside sub-interpreters. That a lock was taken over from a thread that has ended is said after the call.
"""

from __future__ import annotations

import hashlib
import inspect
import operator
import signal
import sys
import types as python_types
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import fields
from functools import cache, partial
from importlib import resources
from typing import Any

import llvmlite.binding as llvm
import llvmlite.ir as ll
from numba.core import cgutils, errors, types
from numba.core.datamodel import models
from numba.core.imputils import lower_constant
from numba.core.types import containers as _tuples
from numba.core.types import misc as _misc
from numba.core.typing import signature
from numba.core.typing.templates import AttributeTemplate, infer_getattr
from numba.extending import (
    NativeValue,
    box,
    lower_builtin,
    lower_getattr_generic,
    register_model,
    typeof_impl,
    unbox,
)

from rseq._arch import host
from rseq._arch.base import IndexMode
from rseq._builtins.arguments import parameter_names
from rseq._builtins.bind import Bound, UnsupportedError, bound_to
from rseq._codegen.codes import (
    FAILED,
    FIRST_CHECK,
    I32,
    I64,
    LANE_VIEW,
    LANE_VIEW_TEXT,
    NO_THREAD,
    NO_THREAD_TEXT,
    NOTHING,
    PTR,
    RAISED,
    REFUSED,
    SAME_ROW,
)
from rseq._codegen.environment import Environment, Lane
from rseq._codegen.lower import WAIT_FOREVER, Unit
from rseq._codegen.writer import I8, VOID, Writer
from rseq._language import ir
from rseq._language.compiled import Compiled
from rseq._language.types import Buffer, Pointer, Scalar
from rseq._numba.index import refuse_none_of
from rseq._once import once
from rseq._percpu.memory import Memory
from rseq._percpu.thread_code import Refused, say_what_was_noted, symbols
from rseq._percpu.threads import thread_id
from rseq._structures.structure import Structure, bound_of, hot_methods, notes_of, storage_of
from rseq._thread.registration import lanes_offset

__all__ = ["BoundSequenceType", "StructureType"]

_RUNNING_STATE = "PyThreadState_GetUnchecked" if sys.version_info >= (3, 13) else "_PyThreadState_UncheckedGet"
_IS_OF_THREAD = sys.version_info >= (3, 12)  # before, it is the state of the thread that has the GIL, whichever that is

_LOOP_BODY = "__numba_parfor_gufunc"
"""In the names of the functions that Numba makes of the bodies of parallel loops."""

_codes: dict[str, Compiled] = {}
_pinned: list[object] = []


@cache
def _digest(code: Compiled) -> str:
    """A name for a sequence's machine code, the same in every process: cached code must not outlive its meaning."""
    body, record = code.body, code.body.record
    text = [_generator(), code.kind, repr((record.size, record.fields, body.parameters, body.result))]
    text += [repr((body.release, body.acquire, body.maybe, sorted(body.defaults.items())))]
    text += [_meaning(op) for op in (*body.checks, *body.ops)]
    digest = hashlib.sha256("\n".join(text).encode()).hexdigest()[:20]
    _codes.setdefault(digest, code)
    return digest


def _meaning(op: ir.Op) -> str:
    """All of an operation but where it was written."""
    parts = [getattr(op, field.name) for field in fields(op) if field.name != "span"]
    return repr((type(op).__name__, [_digest(part) if isinstance(part, Compiled) else part for part in parts]))


@cache
def _generator() -> str:
    """The version of the code generator: its source, or its bytecode, wherever the package lies."""
    folders = [
        resources.files("rseq"),
        *(resources.files(f"rseq.{name}") for name in ("_arch", "_arch.machines", "_language", "_codegen")),
    ]
    files = [file for folder in folders for file in folder.iterdir() if file.name.endswith((".py", ".pyc"))]
    texts = sorted((file.name, file.read_bytes()) for file in files if file.name.partition(".")[0] != "_texts")
    return hashlib.sha256(b"".join(text for _, text in texts)).hexdigest()


@cache
def _has_lanes(index: IndexMode) -> bool:
    """Whether code may pick lanes by `index` in this process; if not, all of it runs on the spare lane."""
    return lanes_offset(index) is not None


# ---- types


class _Storage(types.Type):
    """A place of per-CPU memory, with the number of dimensions of its array of records.

    `name` is what messages show; types are told apart by what their machine code depends on.
    """

    def __init__(self, name: str, digest: str, index: IndexMode, dimensions: int) -> None:
        self.index: IndexMode = index
        self.dimensions = dimensions
        self.has_lanes = _has_lanes(index)
        self.digest = digest
        traits = [f"{dimensions}d"] if dimensions else []
        traits += [index] if index != "cpu_id" else []
        super().__init__(f"{name}[{', '.join(traits)}]" if traits else name)
        self.mark = f"{self.name}, machine code {digest}, {dimensions} dimensions, by {index}, {self.has_lanes}"

    @property
    def key(self) -> str:
        """What equality and Numba's cache compare."""
        return self.mark

    @property
    def mangling_args(self) -> tuple[str, tuple[()]]:
        """What symbols are called."""
        return f"{self.name}.{self.digest}{'' if self.has_lanes else '.spare'}", ()


class StructureType(_Storage):
    """The type of a structure; `methods` are the digests and titles of its hot methods."""

    def __init__(self, kind: str, index: IndexMode, dimensions: int, methods: Mapping[str, tuple[str, str]]) -> None:
        self.methods = dict(methods)
        digest = hashlib.sha256(repr(sorted(methods.items())).encode()).hexdigest()[:20]
        super().__init__(f"rseq.{kind}", digest, index, dimensions)

    @classmethod
    def of(cls, thing: Structure) -> StructureType:
        """The type of a structure."""
        hot, notes = hot_methods(thing), notes_of(thing)
        known = cls, type(thing).__name__, hot  # a class, and its methods, may be replaced
        if known not in notes:
            bound = {name: bound_of(thing, name) for name in hot}
            methods = {name: (_digest(one.code), one.title) for name, one in bound.items()}
            storage = storage_of(thing)
            notes[known] = cls(type(thing).__name__, storage.index, len(storage.shape), methods)
        made: StructureType = notes[known]
        return made


class BoundSequenceType(_Storage, types.Callable):
    """The type of a sequence or routine bound to storage: callable with its parameters, the index first."""

    def __init__(self, digest: str, title: str, index: IndexMode, dimensions: int) -> None:
        self.title = title
        super().__init__(f"rseq.bound {title}", digest, index, dimensions)

    @property
    def code(self) -> Compiled:
        """The sequence or routine."""
        return _codes[self.digest]

    def get_call_type(self, context: Any, args: Sequence[Any], kws: Mapping[str, Any]) -> Any:
        """Numba's signature for a call with these argument types."""
        wanted = self._parameter_types()
        pysig = self._pysig(list(wanted))
        try:
            given = pysig.bind(*args, **kws)
        except TypeError as error:
            raise errors.TypingError(f"{self.title}{pysig}: {error}") from None
        for name, type in given.arguments.items():
            if isinstance(wanted[name], Buffer):
                wanted[name] = self._buffer_type(name, type, wanted[name])
            else:
                self._check_type(context, name, type, wanted[name])
        result = self.code.body.result
        returns = types.none if result is None else self._numba_type(result)
        if self.code.body.maybe:
            returns = types.misc.Optional(returns)
        return signature(returns, *wanted.values(), recvr=self).replace(pysig=pysig)

    def _pysig(self, names: Sequence[str]) -> inspect.Signature:
        kind, defaults = inspect.Parameter.POSITIONAL_OR_KEYWORD, self.code.body.defaults
        empty = inspect.Parameter.empty
        return inspect.Signature([inspect.Parameter(name, kind, default=defaults.get(name, empty)) for name in names])

    def _parameter_types(self) -> dict[str, Any]:
        index = types.intp if self.dimensions == 1 else _tuples.UniTuple(types.intp, self.dimensions)
        wanted = [index] if self.dimensions else []
        wanted += [self._numba_type(value.type) for value in self.code.body.given]
        return dict(zip(parameter_names(self.code, self.dimensions), wanted, strict=True))

    def _buffer_type(self, name: str, given: Any, wanted: Buffer) -> Any:
        """A buffer parameter takes what Numba knows as contiguous memory: arrays, bytes, memoryviews; and records."""
        is_buffer = isinstance(given, types.common.Buffer) and given.layout == "C"
        if isinstance(given, types.Record):
            return given
        if not is_buffer or (wanted.writable and not given.mutable):
            kind = "a writable contiguous array" if wanted.writable else "a contiguous array or bytes, or a record"
            raise errors.TypingError(f"{self.title}(): {name} is {kind}, got {given}")
        return given

    def _numba_type(self, type: Scalar | Pointer | Buffer) -> Any:
        if isinstance(type, Buffer):
            return type
        if isinstance(type, Pointer):
            raise errors.TypingError(
                f"{self.title}() has a {type!r}, which is not available inside Numba; call it from Python"
            )
        names = {"i": "int", "u": "uint", "f": "float"}
        return types.boolean if type.kind == "bool" else getattr(types, names[type.name[0]] + type.name[1:])

    def _check_type(self, context: Any, name: str, given: Any, wanted: Any) -> None:
        parts = list(zip(given, wanted, strict=False)) if _is_tuple_of(given, wanted) else [(given, wanted)]
        for have, want in parts:
            narrows = isinstance(have, types.Float) and not isinstance(want, types.Float)
            narrows |= isinstance(have, types.Number) and isinstance(want, types.Boolean)
            if narrows or context.can_convert(have, want) is None:
                raise errors.TypingError(f"{self.title}(): {name} is {_called(wanted)}, got {given}; convert it first")

    def get_call_signatures(self) -> tuple[list[Any], bool]:
        """The one signature."""
        return [], True

    def get_impl_key(self, sig: Any) -> type:
        """One implementation serves all bound sequences."""
        return BoundSequenceType


def _is_tuple_of(given: Any, wanted: Any) -> bool:
    return isinstance(given, _tuples.BaseTuple) and isinstance(wanted, _tuples.UniTuple) and len(given) == wanted.count


def _called(type: Any) -> str:
    return f"a tuple of {type.count} {type.dtype}" if isinstance(type, _tuples.UniTuple) else str(type)


@register_model(StructureType)
@register_model(BoundSequenceType)
class _PlaceModel(models.StructModel):
    def __init__(self, manager: Any, type: _Storage) -> None:
        super().__init__(manager, type, [(name, types.uint64) for name in _names(type)])

    def as_data(self, builder: Any, value: Any) -> Any:
        """Called where a value goes into a list, a dict, a jitclass or a generator: there it may outlive its memory.

        It is called too where a tuple is returned, which is as harmless as returning the value alone.
        """
        if _returning:
            return value
        raise errors.TypingError(
            f"{self._fe_type} cannot be kept in a list, a dict, a class or a generator, which may outlive it; "
            "pass it as an argument, in a tuple if there are several"
        )

    def get_return_type(self) -> Any:
        """A function may return it to a compiled caller, which has the object that it came from."""
        return self.get_value_type()

    def as_return(self, builder: Any, value: Any) -> Any:
        """See `get_return_type`."""
        return value

    def from_return(self, builder: Any, value: Any) -> Any:
        """See `get_return_type`."""
        return value


_returning: list[object] = []
"""Not empty while a tuple's return is compiled, which Numba does in one thread at a time."""


@contextmanager
def _return_of(tuple_: object) -> Iterator[None]:
    _returning.append(tuple_)
    try:
        yield
    finally:
        _returning.pop()


@register_model(_tuples.Tuple)
class _TupleModel(models.TupleModel):
    def as_return(self, builder: Any, value: Any) -> Any:
        """Numba's own, which puts the elements into memory for it."""
        with _return_of(self):
            return super().as_return(builder, value)


@register_model(_tuples.UniTuple)
class _UniTupleModel(models.UniTupleModel):
    def as_return(self, builder: Any, value: Any) -> Any:
        """See `_TupleModel`."""
        with _return_of(self):
            return super().as_return(builder, value)


@register_model(_tuples.StructRefPayload)
class _StructRefModel(models.StructPayloadModel):
    """Numba's own, which asks nobody before it puts a value into an object that may outlive it."""

    def __init__(self, manager: Any, type: Any) -> None:
        for name, member in type.field_dict.items():
            if _holds_storage(member):
                raise errors.TypingError(
                    f"{member} cannot be kept in a structref, which may outlive it: its field "
                    f"{name!r} would. Pass it as an argument, in a tuple if there are several"
                )
        super().__init__(manager, type)


def _holds_storage(type: Any) -> bool:
    if isinstance(type, types.misc.Optional):
        return _holds_storage(type.type)
    return isinstance(type, _Storage) or (isinstance(type, _tuples.BaseTuple) and any(map(_holds_storage, type)))


@lower_builtin(operator.is_, StructureType, StructureType)
def _is_same(context: Any, builder: Any, sig: Any, args: Sequence[Any]) -> Any:
    pairs = zip(sig.args, args, strict=True)
    one, other = (cgutils.create_struct_proxy(type)(context, builder, value=value).owner for type, value in pairs)
    return builder.icmp_unsigned("==", one, other)


@typeof_impl.register(Structure)
def _typeof_structure(thing: Structure, context: Any) -> StructureType:
    return StructureType.of(thing)


@typeof_impl.register(python_types.BuiltinFunctionType)
def _typeof_builtin(thing: Any, context: Any) -> BoundSequenceType | None:
    bound = _bound(thing)
    return _bound_type(bound.code, bound.title, bound.index, len(bound.shape)) if bound else None


@cache
def _bound_type(code: Compiled, title: str, index: IndexMode, dimensions: int) -> BoundSequenceType:
    return BoundSequenceType(_digest(code), title, index, dimensions)


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
        return (*storage.memory.place, id(thing), _refused_at(storage.memory), *storage.shape)
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
def _unbox(type: _Storage, thing: Any, c: Any) -> NativeValue:
    value = cgutils.create_struct_proxy(type)(c.context, c.builder)
    asks = _asks(type)
    read = _checked_words_and_number if asks else _checked_words
    reader = c.pyapi.unserialize(c.pyapi.serialize_object(read))
    mark = c.pyapi.string_from_string(c.context.insert_const_string(c.builder.module, type.mark))
    words = c.pyapi.call_function_objargs(reader, [thing, mark])
    with c.builder.if_then(cgutils.is_not_null(c.builder, words), likely=True):
        for position, name in enumerate(_names(type)):
            item = c.pyapi.tuple_getitem(words, position)
            setattr(value, name, c.pyapi.long_as_ulonglong(item))
    c.pyapi.decref(words)
    c.pyapi.decref(mark)
    c.pyapi.decref(reader)
    say = partial(_say_what_was_noted, c) if asks else None
    return NativeValue(value._getvalue(), is_error=cgutils.is_null(c.builder, words), cleanup=say)


def _asks(type: _Storage) -> bool:
    """Whether its code asks for the calling thread's number."""
    digests = [digest for digest, _ in type.methods.values()] if isinstance(type, StructureType) else [type.digest]
    return any(_asks_for_number(_codes[digest]) for digest in digests)


@cache
def _asks_for_number(code: Compiled) -> bool:
    called = [op.callee for op in code.body.ops if isinstance(op, ir.Call)]
    return any(isinstance(op, ir.Thread) for op in code.body.ops) or any(map(_asks_for_number, called))


def _checked_words_and_number(thing: Any, mark: str) -> tuple[int, ...]:
    """The same for code that asks for the thread's number: it gets one now, with the name that Python has for it."""
    with suppress(RuntimeError, OSError, MemoryError):  # compiled code says that it could not be had, if it needs it
        thread_id()
    return _checked_words(thing, mark)


def _say_what_was_noted(c: Any) -> None:
    """Emit, after the call and with the GIL: say what the called code noted down, if it did.

    Ctrl-C that comes meanwhile is raised after the call; other exceptions are reported.
    """
    builder, names = c.builder, ("rseq_thread_noted", "rseq_thread_said")
    noted, said = (builder.load(_external(builder.module, name, I64), typ=I64) for name in names)
    no_error = cgutils.is_null(builder, c.pyapi.err_occurred())
    with builder.if_then(builder.and_(no_error, builder.icmp_unsigned("!=", noted, said)), likely=False):
        function = c.pyapi.unserialize(c.pyapi.serialize_object(say_what_was_noted))
        answer = c.pyapi.call_function_objargs(function, [])
        with builder.if_then(cgutils.is_null(builder, answer), likely=False):
            _raise_later(c, function)
        c.pyapi.decref(answer)  # NULL is no harm
        c.pyapi.decref(function)


def _raise_later(c: Any, function: Any) -> None:
    builder = c.builder

    def call(name: str, returns: Any, *arguments: Any) -> Any:
        type = ll.FunctionType(returns, [argument.type for argument in arguments])
        return builder.call(cgutils.get_or_insert_function(builder.module, type, name), arguments)

    kind = c.pyapi.get_c_object("PyExc_KeyboardInterrupt")
    is_ctrl_c = builder.icmp_signed("!=", call("PyErr_ExceptionMatches", I32, kind), ll.Constant(I32, 0))
    with builder.if_else(is_ctrl_c) as (then, otherwise):
        with then:
            call("PyErr_Clear", ll.VoidType())
            call("PyErr_SetInterruptEx", I32, ll.Constant(I32, signal.SIGINT.value))
        with otherwise:
            call("PyErr_WriteUnraisable", ll.VoidType(), function)


@box(StructureType)
@box(BoundSequenceType)
def _box(type: _Storage, value: Any, c: Any) -> Any:
    """The very object that the value came from, which whoever called compiled code still holds."""
    place = cgutils.create_struct_proxy(type)(c.context, c.builder, value=value)
    owner = c.builder.inttoptr(place.owner, c.pyapi.pyobj)
    name = type.title.rpartition(".")[2] if isinstance(type, BoundSequenceType) else ""
    reader = c.pyapi.unserialize(c.pyapi.serialize_object(_python_object))
    text = c.pyapi.unserialize(c.pyapi.serialize_object(name))
    thing = c.pyapi.call_function_objargs(reader, [owner, text])
    c.pyapi.decref(text)
    c.pyapi.decref(reader)
    return thing


def _python_object(owner: Any, method: str) -> Any:
    return getattr(owner, method) if method and isinstance(owner, Structure) else owner


@lower_constant(StructureType)
@lower_constant(BoundSequenceType)
def _constant(context: Any, builder: Any, type: _Storage, thing: Any) -> Any:
    """A global: an address of this process, so Numba must not cache it, and the memory must stay."""
    _pinned.append(thing)
    value = cgutils.create_struct_proxy(type)(context, builder)
    for name, word in zip(_names(type), _words(thing), strict=True):
        is_address = name in ("base", "lock", "owner", "refused") or name in _row_names(type)[::2]
        number = ll.Constant(I64, word)
        setattr(value, name, _dynamic(context, builder, word) if is_address else number)
    return value._getvalue()


def _dynamic(context: Any, builder: Any, address: int) -> Any:
    return builder.ptrtoint(context.add_dynamic_addr(builder, address, info="per-CPU memory and its owner"), I64)


def _names(type: _Storage) -> list[str]:
    lengths = [f"length{axis}" for axis in range(type.dimensions)]
    return [*Lane._fields, "owner", "refused", *lengths, *_row_names(type)]


def _row_names(type: _Storage) -> list[str]:
    """What the arrays that an index is followed into are called: first row and length of each."""
    count = len(type.code.body.rows) if isinstance(type, BoundSequenceType) else 0
    return [f"{what}{number}" for number in range(count) for what in ("rows", "rows_length")]


@infer_getattr
class _Methods(AttributeTemplate):
    key = StructureType

    def generic_resolve(self, type: StructureType, attribute: str) -> BoundSequenceType | None:
        if attribute not in type.methods:
            return None
        return BoundSequenceType(*type.methods[attribute], type.index, type.dimensions)


@lower_getattr_generic(StructureType)
def _method(context: Any, builder: Any, type: StructureType, value: Any, attribute: str) -> Any:
    return value  # a bound sequence is the same place


# ---- calls


class _NumbaEnvironment(Environment):
    """Code in Numba's modules."""

    def __init__(self, module: Any, has_rseq: bool) -> None:
        architecture = host()
        if architecture is None:
            raise UnsupportedError("rseq has no code generator for this machine's architecture")
        super().__init__(architecture, module, has_rseq)

    def call(self, builder: Any, name: str, type: ll.FunctionType, arguments: Sequence[Any]) -> Any:
        return builder.call(cgutils.get_or_insert_function(self.module, type, name), arguments)

    def address(self, builder: Any, name: str) -> Any:
        return _external(self.module, name, I8)

    def offset(self, emit: Writer) -> Any:
        """Loaded from libc's variable: it differs between processes, and the code may be cached."""
        return self.variable(emit, "__rseq_offset", I64)

    def variable(self, emit: Writer, name: str, type: Any) -> Any:
        value = emit.load(_external(self.module, name, type), type=type)
        value.set_metadata("invariant.load", self.module.add_metadata([]))
        return value

    def sched_yield(self, emit: Writer, fail: Callable[[], None]) -> None:
        """Whoever is waited for may need the GIL, so it is given up where this thread has it."""
        with emit.if_else(self._has_gil(emit)) as (with_gil, without):
            with with_gil:
                state = emit.call("PyEval_SaveThread", PTR)
                emit.call("sched_yield", I32)
                emit.call("PyEval_RestoreThread", VOID, state)
                with emit.if_(emit.call("PyErr_CheckSignals", I32), likely=False):
                    fail()
            with without:
                emit.call("sched_yield", I32)

    def _has_gil(self, emit: Writer) -> Any:
        """Emit: is the calling thread's Python state the one that runs?

        It reads two words, at any time, also while the interpreter ends and after. PyGILState_Check() would not do: it
        says yes to all threads for ever once there was a sub-interpreter, and at the end.
        """
        running = emit.call(_RUNNING_STATE, PTR)
        if _IS_OF_THREAD:
            return emit.truth(running)
        own = emit.call("PyGILState_GetThisThreadState", PTR)
        return emit.and_(emit.truth(running), emit.compare(running, "==", own))

    def spare(
        self, emit: Writer, code: Compiled, lane: Lane, arguments: Sequence[Any], function: Callable[[], Any]
    ) -> Any:
        return emit.run(function(), *lane, WAIT_FOREVER, *arguments)


def _external(module: Any, name: str, type: Any) -> Any:
    """The process's variable `name`, in a module."""
    if name not in module.globals:
        ll.GlobalVariable(module, type, name).linkage = "external"
    return module.globals[name]


def _unit(module: Any, bound: BoundSequenceType) -> Unit:
    units: dict[str, Unit] = module.__dict__.setdefault("_rseq_units", {})
    name = bound.index if bound.has_lanes else f"{bound.index}.spare"
    if name not in units:
        environment = _NumbaEnvironment(module, bound.has_lanes)
        units[name] = Unit(module, environment, bound.index, prefix=f"rseq.{name}.")
    return units[name]


@lower_builtin(BoundSequenceType, _misc.VarArg(types.Any))
def _call(context: Any, builder: Any, sig: Any, args: Sequence[Any]) -> Any:
    bound: BoundSequenceType = sig.args[0]  # the receiver
    place = cgutils.create_struct_proxy(bound)(context, builder, value=args[0])
    given = list(args[1:])
    lane = Lane(*(getattr(place, name) for name in Lane._fields))
    done = builder.append_basic_block("done") if _may_be_left_out(bound.code) else None
    leave_out = partial(_leave_out, builder, place.refused, done)
    if bound.dimensions:
        lane = lane._replace(base=_row(context, builder, bound, place, given.pop(0), leave_out))
    kinds = sig.args[-len(given) :] if given else []
    triples = zip(given, kinds, bound.code.body.given, strict=True)
    arguments = [part for triple in triples for part in _argument(context, builder, *triple)]
    arguments += [getattr(place, name) for name in _row_names(bound)]
    unit = _unit(builder.module, bound)
    emit = Writer(builder, unit.environment)
    area = unit.environment.area(emit)

    known = builder.append_basic_block("known") if bound.code.body.maybe else None
    nothing: list[Any] = []

    def fail(code: Any) -> None:
        if known is not None:
            with builder.if_then(builder.icmp_unsigned("==", code, ll.Constant(I32, NOTHING)), likely=True):
                nothing.append((context.make_optional_none(builder, sig.return_type.type), builder.block))
                builder.branch(known)
        _raise(context, builder, bound, unit, code, leave_out)

    result = unit.run(emit, bound.code, area, lane, arguments, fail)
    if done is not None:
        builder.branch(done)
        builder.position_at_end(done)
    if result is None:
        return context.get_dummy_value()
    kind = bound.code.body.result
    assert kind is not None
    value = builder.trunc(result, ll.IntType(1)) if kind.kind == "bool" else result
    if known is None:
        return value
    some = context.make_optional_value(builder, sig.return_type.type, value)
    found = builder.block
    builder.branch(known)
    builder.position_at_end(known)
    either = builder.phi(some.type)
    either.add_incoming(some, found)
    for none, block in nothing:
        either.add_incoming(none, block)
    return either


def _argument(context: Any, builder: Any, value: Any, type: Any, parameter: ir.Value) -> list[Any]:
    """What a value is as an argument of a sequence; a buffer is its address and its length in bytes."""
    if isinstance(parameter.type, Buffer):
        if isinstance(type, types.Record):
            return [builder.ptrtoint(value, I64), ll.Constant(I64, type.size)]
        array = cgutils.create_struct_proxy(type)(context, builder, value=value)
        return [builder.ptrtoint(array.data, I64), builder.mul(array.nitems, array.itemsize)]
    if parameter.type.is_float:
        return [_frozen(builder, value)]
    return [builder.zext(value, ll.IntType(8)) if parameter.type.kind == "bool" else value]


def _frozen(builder: Any, value: Any) -> Any:
    """The value as it is, whatever LLVM would conclude from where it comes from: with fastmath, that it is no NaN."""
    instruction = ll.Instruction(builder.block, value.type, "freeze", [value])
    builder._insert(instruction)
    return instruction


def _may_be_left_out(code: Compiled) -> bool:
    """Whether what comes behind a call can do without it: it needs no result, and no lock that a routine has taken."""
    return code.kind == "sequence" and code.body.result is None


def _leave_out(builder: Any, refused: Any, done: Any) -> None:
    """Emit, before an exception that Numba would drop: count the call, and go on at `done`, if there is one."""
    if getattr(builder, "_in_try_block", False):
        return  # what is caught is not dropped
    if _LOOP_BODY in builder.function.name:
        _count_refusal(builder, refused)
        if done is not None:
            builder.branch(done)
            builder.position_at_end(builder.append_basic_block("unreached"))
        return
    own = cgutils.get_or_insert_function(builder.module, ll.FunctionType(PTR, []), "PyGILState_GetThisThreadState")
    with builder.if_then(builder.icmp_unsigned("==", builder.call(own, []), ll.Constant(PTR, None)), likely=False):
        _count_refusal(builder, refused)
        if done is not None:
            builder.branch(done)


def _count_refusal(builder: Any, refused: Any) -> None:
    builder.atomic_rmw("add", builder.inttoptr(refused, PTR), ll.Constant(I64, 1), "monotonic")


def _row(
    context: Any, builder: Any, bound: BoundSequenceType, place: Any, index: Any, leave_out: Callable[[], None]
) -> Any:
    """The address of the record that an index means; out of range raises."""
    flat: Any = ll.Constant(I64, 0)
    for axis in range(bound.dimensions):
        part = index if bound.dimensions == 1 else builder.extract_value(index, axis)
        length = getattr(place, f"length{axis}")
        with builder.if_then(builder.icmp_unsigned(">=", part, length), likely=False):
            leave_out()
            text = f"{bound.title}(): the index is out of range for axis {axis}"
            context.call_conv.return_user_exc(builder, IndexError, (text,))
        flat = builder.add(builder.mul(flat, length), part)
    return builder.add(place.base, builder.mul(flat, ll.Constant(I64, bound.code.body.record.size)))


def _raise(
    context: Any, builder: Any, bound: BoundSequenceType, unit: Unit, code: Any, leave_out: Callable[[], None]
) -> None:
    with builder.if_then(builder.icmp_unsigned("==", code, ll.Constant(I32, FAILED))):
        text = f"{bound.title}(): the spare lane's lock is held by this thread already"
        context.call_conv.return_user_exc(builder, RuntimeError, (text,))
    with builder.if_then(builder.icmp_unsigned("==", code, ll.Constant(I32, RAISED))):
        context.call_conv.return_exc(builder)
    with builder.if_then(builder.icmp_unsigned("==", code, ll.Constant(I32, REFUSED))):
        context.call_conv.return_user_exc(builder, Refused, ())
    with builder.if_then(builder.icmp_unsigned("==", code, ll.Constant(I32, NO_THREAD))):
        context.call_conv.return_user_exc(builder, RuntimeError, (f"{bound.title}(): {NO_THREAD_TEXT}",))
    leave_out()
    with builder.if_then(builder.icmp_unsigned("==", code, ll.Constant(I32, SAME_ROW))):
        context.call_conv.return_user_exc(builder, ValueError, (f"{bound.title}(): {bound.code.body.same_row}",))
    with builder.if_then(builder.icmp_unsigned("==", code, ll.Constant(I32, LANE_VIEW))):
        context.call_conv.return_user_exc(builder, ValueError, (f"{bound.title}(): {LANE_VIEW_TEXT}",))
    for number, check in enumerate(unit.checks):
        with builder.if_then(builder.icmp_unsigned("==", code, ll.Constant(I32, FIRST_CHECK + number))):
            text = f"{bound.title}(): {check.sentence}"
            kind = ValueError if check.exception == "ValueError" else IndexError
            context.call_conv.return_user_exc(builder, kind, (text,))
    context.call_conv.return_user_exc(builder, IndexError, (f"{bound.title}(): index out of range",))


def _call_of(type: _Storage) -> str:
    """What messages call the call of a bound sequence, or of a function that was given a structure."""
    return f"{type.title}()" if isinstance(type, BoundSequenceType) else f"a function that was given a {type.name}"


def _init() -> None:
    """Numba calls this when it starts, where the package is installed. Nothing happens the second time."""
    _prepare()


@once
def _prepare() -> None:
    """Sequences are inline assembly, which needs LLVM's assembly parser, and refer to machine code of this process."""
    llvm.initialize_native_asmparser()
    if host() is not None:
        for name, address in symbols().items():
            llvm.add_symbol(name, address)
    refuse_none_of((BoundSequenceType, StructureType), _call_of)


_prepare()
