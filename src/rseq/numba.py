"""Counters, arrays and bound sequences inside `@njit` functions, inlined as critical sections.

    @numba.njit(nogil=True)
    def count(hits, items):
        for item in items:
            hits.add(item, 1)

Numba finds this module through its extension entry point; `import rseq` does not import Numba. The
same sequences are lowered by the same code as for builtins; only the `Environment` differs: in
Numba's modules functions of the process are ordinary symbols, and so is `__rseq_offset`.

A structure is a value of its storage's place (base, stride, lanes, lock, then the dimensions). As an
argument it may be used in functions compiled with `cache=True`. As a global it is a constant of this
process: Numba then refuses to cache, and the memory lives as long as the process.

An index out of range raises IndexError, whether bounds checking is on or not; in a `prange` loop
Numba cannot raise from a thread other than the caller's, so there it is not counted and nothing is
raised in those threads. No other counter is ever touched.
"""

from __future__ import annotations

import hashlib
import inspect
import types as python_types
from collections.abc import Mapping, Sequence
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
    lower_builtin,
    lower_getattr_generic,
    register_model,
    typeof_impl,
    unbox,
)

from .arch import host
from .arch.base import IndexMode
from .language.compiled import Compiled
from .language.types import Pointer, Scalar
from .native.bind import Binding, Bound, Payload, UnsupportedError
from .native.codes import FAILED, FIRST_CHECK, I32, I64
from .native.lower import WAIT_FOREVER, Environment, Lane, Unit
from .structures.structure import Structure
from .thread import rseq_offset

__all__ = ["BoundSequenceType", "StructureType"]

_PLACE_WORDS = len(Lane._fields)

_codes: dict[str, Compiled] = {}
_pinned: list[object] = []


def _digest(code: Compiled) -> str:
    """A name for what a sequence does, the same in every process: cached machine code must not outlive its meaning."""
    text = [code.kind, str(code.body), str(code.body.record.fields)]
    text += [_digest(op.callee) for op in code.body.ops if hasattr(op, "callee")]
    digest = hashlib.sha256("\n".join(text).encode()).hexdigest()
    _codes.setdefault(digest, code)
    return digest


# ---- types


class _Storage(types.Type):
    """A place of per-CPU memory, with the number of dimensions of its array of records."""

    def __init__(self, name: str, index: IndexMode, dimensions: int) -> None:
        self.index: IndexMode = index
        self.dimensions = dimensions
        super().__init__(name)


class StructureType(_Storage):
    """The type of a structure; `methods` are its hot methods and the digests of their sequences."""

    def __init__(self, kind: str, index: IndexMode, dimensions: int, methods: tuple[tuple[str, str], ...]) -> None:
        self.methods = dict(methods)
        super().__init__(f"rseq.{kind}[{index}, {dimensions}d, {methods}]", index, dimensions)


class BoundSequenceType(_Storage, types.Callable):
    """The type of a sequence or routine bound to storage: callable with its parameters, the index first."""

    def __init__(self, digest: str, title: str, index: IndexMode, dimensions: int) -> None:
        self.digest = digest
        self.title = title
        super().__init__(f"rseq.bound[{title}, {digest}, {index}, {dimensions}d]", index, dimensions)

    @property
    def code(self) -> Compiled:
        """The sequence or routine."""
        return _codes[self.digest]

    def get_call_type(self, context: Any, args: Sequence[Any], kws: Mapping[str, Any]) -> Any:
        """Numba's signature for a call with these argument types."""
        pysig = self._pysig()
        try:
            given = pysig.bind(*args, **kws)
        except TypeError as error:
            raise errors.TypingError(f"{self.title}(): {error}") from None
        wanted = self._parameter_types()
        for name, type in given.arguments.items():
            self._check_type(context, name, type, wanted[name])
        result = self.code.body.result
        returns = types.none if result is None else _numba_type(result)
        return signature(returns, *wanted.values(), recvr=self).replace(pysig=pysig)

    def _pysig(self) -> inspect.Signature:
        kind, body = inspect.Parameter.POSITIONAL_OR_KEYWORD, self.code.body
        names = [inspect.Parameter("index", kind)] if self.dimensions else []
        for value in body.parameters:
            default = body.defaults.get(value.name, inspect.Parameter.empty)
            names.append(inspect.Parameter(value.name, kind, default=default))
        return inspect.Signature(names)

    def _parameter_types(self) -> dict[str, Any]:
        index = types.intp if self.dimensions == 1 else _tuples.UniTuple(types.intp, self.dimensions)
        wanted = {"index": index} if self.dimensions else {}
        return wanted | {value.name: _numba_type(value.type) for value in self.code.body.parameters}

    def _check_type(self, context: Any, name: str, given: Any, wanted: Any) -> None:
        parts = list(zip(given, wanted, strict=False)) if _is_tuple_of(given, wanted) else [(given, wanted)]
        for have, want in parts:
            narrows = isinstance(have, types.Float) and not isinstance(want, types.Float)
            if narrows or context.can_convert(have, want) is None:
                raise errors.TypingError(f"{self.title}(): {name} is {wanted}, got {given}; convert it first")

    def get_call_signatures(self) -> tuple[list[Any], bool]:
        """The one signature."""
        return [], True

    def get_impl_key(self, sig: Any) -> type:
        """One implementation serves all bound sequences."""
        return BoundSequenceType


def _is_tuple_of(given: Any, wanted: Any) -> bool:
    return isinstance(given, _tuples.BaseTuple) and isinstance(wanted, _tuples.UniTuple) and len(given) == wanted.count


def _numba_type(type: Scalar | Pointer) -> Any:
    if isinstance(type, Pointer):
        raise errors.TypingError(f"{type!r} is not available inside Numba; pass row numbers instead")
    names = {"i": "int", "u": "uint", "f": "float"}
    return types.boolean if type.kind == "bool" else getattr(types, names[type.name[0]] + type.name[1:])


@register_model(StructureType)
@register_model(BoundSequenceType)
class _PlaceModel(models.StructModel):
    def __init__(self, manager: Any, type: _Storage) -> None:
        names = [*Lane._fields, *(f"length{axis}" for axis in range(type.dimensions))]
        super().__init__(manager, type, [(name, types.uint64) for name in names])


@typeof_impl.register(Structure)
def _typeof_structure(thing: Structure, context: Any) -> StructureType:
    methods = tuple((name, _digest(thing.bound(name).code)) for name in thing.hot)
    return StructureType(type(thing).__name__, thing.storage.index, len(thing.storage.shape), methods)


@typeof_impl.register(python_types.BuiltinFunctionType)
def _typeof_builtin(thing: Any, context: Any) -> BoundSequenceType | None:
    if not isinstance(thing.__self__, (Payload, Structure)):
        return None
    bound = _bound(thing)
    return BoundSequenceType(_digest(bound.code), bound.title, bound.index, len(bound.shape))


def _bound(builtin: Any) -> Bound:
    """What a builtin is bound to: a sequence's own, or a structure's method."""
    if isinstance(builtin.__self__, Structure):
        return builtin.__self__.bound(builtin.__name__)
    binding = builtin.__module__
    assert isinstance(binding, Binding)
    return binding.bound


def _words(thing: Any) -> tuple[int, ...]:
    """What the native value of `thing` consists of."""
    held = thing.storage if isinstance(thing, Structure) else _bound(thing)
    return (*held.memory.place, *held.shape)


@unbox(StructureType)
@unbox(BoundSequenceType)
def _unbox(type: _Storage, thing: Any, c: Any) -> NativeValue:
    value = cgutils.create_struct_proxy(type)(c.context, c.builder)
    reader = c.pyapi.unserialize(c.pyapi.serialize_object(_words))
    words = c.pyapi.call_function_objargs(reader, [thing])
    for position, name in enumerate(_names(type)):
        item = c.pyapi.tuple_getitem(words, position)
        setattr(value, name, c.pyapi.long_as_ulonglong(item))
    c.pyapi.decref(words)
    c.pyapi.decref(reader)
    return NativeValue(value._getvalue(), is_error=cgutils.is_not_null(c.builder, c.pyapi.err_occurred()))


@lower_constant(StructureType)
@lower_constant(BoundSequenceType)
def _constant(context: Any, builder: Any, type: _Storage, thing: Any) -> Any:
    """A global: an address of this process, so Numba must not cache it, and the memory must stay."""
    _pinned.append(thing)
    value = cgutils.create_struct_proxy(type)(context, builder)
    for name, word in zip(_names(type), _words(thing), strict=True):
        is_address = name in ("base", "lock")
        number = ll.Constant(I64, word)
        setattr(value, name, _dynamic(context, builder, word) if is_address else number)
    return value._getvalue()


def _dynamic(context: Any, builder: Any, address: int) -> Any:
    return builder.ptrtoint(context.add_dynamic_addr(builder, address, info="per-CPU memory"), I64)


def _names(type: _Storage) -> list[str]:
    return [*Lane._fields, *(f"length{axis}" for axis in range(type.dimensions))]


@infer_getattr
class _Methods(AttributeTemplate):
    key = StructureType

    def generic_resolve(self, type: StructureType, attribute: str) -> BoundSequenceType | None:
        digest = type.methods.get(attribute)
        if digest is None:
            return None
        kind = type.name.split("[")[0].removeprefix("rseq.")
        return BoundSequenceType(digest, f"{kind}.{attribute}", type.index, type.dimensions)


@lower_getattr_generic(StructureType)
def _method(context: Any, builder: Any, type: StructureType, value: Any, attribute: str) -> Any:
    return value  # a bound sequence is the same place


# ---- calls


class _NumbaEnvironment(Environment):
    """Code in Numba's modules."""

    has_rseq = rseq_offset() is not None

    def __init__(self, module: Any) -> None:
        architecture = host()
        if architecture is None:
            raise UnsupportedError("rseq has no code generator for this machine's architecture")
        self.architecture = architecture
        self.module = module

    def call(self, builder: Any, name: str, type: ll.FunctionType, arguments: Sequence[Any]) -> Any:
        return builder.call(cgutils.get_or_insert_function(self.module, type, name), arguments)

    def offset(self, builder: Any) -> Any:
        """Loaded from libc's variable: it differs between processes, and the code may be cached."""
        name = "__rseq_offset"
        if name not in self.module.globals:
            variable = ll.GlobalVariable(self.module, I64, name)
            variable.linkage = "external"
        offset = builder.load(self.module.globals[name])
        offset.set_metadata("invariant.load", self.module.add_metadata([]))
        return offset

    def spare(self, unit: Unit, builder: Any, code: Compiled, lane: Lane, arguments: Sequence[Any]) -> Any:
        return builder.call(unit.spare(code), [*lane, ll.Constant(I64, WAIT_FOREVER), *arguments])


def _unit(module: Any, index: IndexMode) -> Unit:
    units: dict[str, Unit] = module.__dict__.setdefault("_rseq_units", {})
    if index not in units:
        units[index] = Unit(module, _NumbaEnvironment(module), index, prefix=f"rseq.{index}.")
    return units[index]


@lower_builtin(BoundSequenceType, _misc.VarArg(types.Any))
def _call(context: Any, builder: Any, sig: Any, args: Sequence[Any]) -> Any:
    bound: BoundSequenceType = sig.args[0]  # the receiver
    place = cgutils.create_struct_proxy(bound)(context, builder, value=args[0])
    given = list(args[1:])
    lane = Lane(*(getattr(place, name) for name in Lane._fields))
    if bound.dimensions:
        lane = lane._replace(base=_row(context, builder, bound, place, given.pop(0)))
    arguments = [_argument(builder, v, p) for v, p in zip(given, bound.code.body.parameters, strict=True)]
    unit = _unit(builder.module, bound.index)
    area = unit.environment.area(builder)

    def fail(code: Any) -> None:
        _raise(context, builder, bound, unit, code)

    result = unit.run(builder, bound.code, area, lane, arguments, fail)
    if result is None:
        return context.get_dummy_value()
    kind = bound.code.body.result
    assert kind is not None
    return builder.trunc(result, ll.IntType(1)) if kind.kind == "bool" else result


def _argument(builder: Any, value: Any, parameter: Any) -> Any:
    return builder.zext(value, ll.IntType(8)) if parameter.type.kind == "bool" else value


def _row(context: Any, builder: Any, bound: BoundSequenceType, place: Any, index: Any) -> Any:
    """The address of the record that an index means; out of range raises."""
    flat: Any = ll.Constant(I64, 0)
    for axis in range(bound.dimensions):
        part = index if bound.dimensions == 1 else builder.extract_value(index, axis)
        length = getattr(place, f"length{axis}")
        with builder.if_then(builder.icmp_unsigned(">=", part, length), likely=False):
            text = f"{bound.title}(): the index is out of range for axis {axis}"
            context.call_conv.return_user_exc(builder, IndexError, (text,))
        flat = builder.add(builder.mul(flat, length), part)
    return builder.add(place.base, builder.mul(flat, ll.Constant(I64, bound.code.body.record.size)))


def _raise(context: Any, builder: Any, bound: BoundSequenceType, unit: Unit, code: Any) -> None:
    with builder.if_then(builder.icmp_unsigned("==", code, ll.Constant(I32, FAILED))):
        text = f"{bound.title}(): the spare lane's lock is held by this thread already"
        context.call_conv.return_user_exc(builder, RuntimeError, (text,))
    for number, check in enumerate(unit.checks):
        with builder.if_then(builder.icmp_unsigned("==", code, ll.Constant(I32, FIRST_CHECK + number))):
            text = f"{bound.title}(): index out of range for {check.text}, which has {check.length} elements"
            context.call_conv.return_user_exc(builder, IndexError, (text,))
    context.call_conv.return_user_exc(builder, IndexError, (f"{bound.title}(): index out of range",))


def _init() -> None:
    """Numba calls this when it starts. Sequences are inline assembly, which needs LLVM's assembly parser."""
    llvm.initialize_native_asmparser()
