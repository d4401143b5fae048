"""Signatures: the record, the parameters with their types and defaults, and the result of a function."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from rseq._language import ir
from rseq._language.advice import shown
from rseq._language.annotations import OwnName, evaluated_annotations
from rseq._language.errors import Diagnostic, Refused
from rseq._language.source import Source
from rseq._language.types import Buffer, Maybe, Numbers, Pointer, Record, RecordType, Scalar, Word, resolve, u8

_T = TypeVar("_T")
_Operand = TypeVar("_Operand", bound=ir.Operand)


def with_lengths(values: Iterable[_Operand]) -> tuple[_Operand | ir.Value, ...]:
    """`values`, each buffer followed by its length."""
    found: list[_Operand | ir.Value] = []
    for one in values:
        found.append(one)
        if isinstance(one, ir.Value) and isinstance(one.type, Buffer):
            found.append(ir.length_of(one))
    return tuple(found)


class Nothing(Record):
    """The record of a function that has none."""

    nothing: u8


@dataclass(frozen=True)
class Signature:
    """What a function takes and returns. `parameters` come after the record, of which the name is `lane`."""

    source: Source
    lane: str = ""
    record: RecordType | None = None
    parameters: tuple[ir.Value, ...] = ()
    result: Scalar | Pointer | None = None
    more: tuple[Scalar, ...] = ()
    """The results behind that, of a tuple."""
    maybe: bool = False
    """None is a result, too."""
    defaults: dict[str, int | float] = field(default_factory=dict)
    refusals: tuple[Diagnostic, ...] = ()
    unknown: frozenset[str] = frozenset()
    """The parameters whose types have been refused, and "return" if the result's has."""


def signature(source: Source, kind: str) -> Signature:
    """What the signature of a "sequence", a "routine" or an "inline function" says; the latter needs no record.

    Raises: Refused - it has no record, or parameters that the language does not have. What else is wrong with it is in
    `refusals`.
    """
    nodes = _parameters(source)
    annotations = _annotations(source)
    for name, where in [*((node.arg, node) for node in nodes), ("return", source.tree)]:
        if isinstance(own := annotations.get(name), OwnName):
            message = f"record {own} is not there yet, as this is in its body"
            raise _refuse(source, where, message, f"write the {kind} below the class")
    record = resolve(annotations.get(nodes[0].arg)) if nodes else None
    if not isinstance(record, RecordType) or not record.fields:
        record = None
    if record is None and kind != "inline function":
        raise _no_record(source, kind, nodes[0] if nodes else None, annotations)
    lane, nodes = ("", nodes) if record is None else (nodes[0].arg, nodes[1:])
    refusals: list[Diagnostic] = []
    types = {node.arg: _unless_refused(refusals, _parameter_type, source, node, annotations) for node in nodes}
    result = _unless_refused(refusals, _result_type, source, annotations)
    parameters = tuple(ir.Value(name, type) for name, type in types.items() if type is not None)
    defaults = _unless_refused(refusals, _defaults, source, parameters) if not refusals else {}
    unknown = {name for name, type in types.items() if type is None}
    if result is None and annotations.get("return") is not None:
        unknown.add("return")
    kept, more, maybe = parted(result)
    return Signature(
        source, lane, record, parameters, kept, more, maybe, defaults or {}, tuple(refusals), frozenset(unknown)
    )


def parted(
    result: Scalar | Pointer | Maybe | Numbers | None,
) -> tuple[Scalar | Pointer | None, tuple[Scalar, ...], bool]:
    """The first result, those behind it, and whether None is one, too."""
    if isinstance(result, Numbers):
        return result.types[0], result.types[1:], result.maybe
    return (result.type, (), True) if isinstance(result, Maybe) else (result, (), False)


def _unless_refused(refusals: list[Diagnostic], read: Callable[..., _T], *arguments: Any) -> _T | None:
    """What `read` makes of a part of the signature, or None, with the reason in `refusals`: the rest is read, too."""
    try:
        return read(*arguments)
    except Refused as refused:
        refusals += refused.diagnostics
        return None


def _parameters(source: Source) -> list[ast.arg]:
    """The parameters, which are all passed by position or by name."""
    arguments = source.tree.args
    odd = [*filter(None, (arguments.vararg, arguments.kwarg)), *arguments.kwonlyargs]
    if odd:
        message = "* and ** parameters are not in the language"
        raise _refuse(source, odd[0], message, "name each one, without a * before them")
    if arguments.posonlyargs:
        message = "`/` is not in the language: each parameter is passed by position or by name"
        raise _refuse(source, arguments.posonlyargs[-1], message, "leave the / out")
    return arguments.args


def _annotations(source: Source) -> dict[str, object]:
    try:
        return evaluated_annotations(source.function) if source.annotations is None else source.annotations
    except Exception as error:  # noqa: BLE001 - whatever the user's annotation raises
        message = f"an annotation cannot be evaluated: {error}"
        fix = "define its names before the function" if isinstance(error, NameError) else "write another type there"
        raise _refuse(source, source.tree, message, fix) from None


def _no_record(source: Source, kind: str, node: ast.arg | None, annotations: dict[str, object]) -> Refused:
    """The exception for a first parameter, `node`, that is no record; None if there is no parameter."""
    given = annotations.get(node.arg) if node is not None else None
    where, message = node or source.tree, f"the first parameter of a {kind} is this CPU's record"
    if isinstance(given, type) and not isinstance(given, RecordType) and given.__module__ != "builtins":
        name = given.__name__
        fix = f"derive it from rseq.Record, as in class {name}(rseq.Record):"
        return _refuse(source, where, f"{message}, and the class {name} is no rseq.Record", fix)
    return _refuse(source, where, message, "annotate it with a subclass of rseq.Record, as in cpu: Cell")


def _parameter_type(source: Source, node: ast.arg, annotations: dict[str, object]) -> Word:
    if node.arg not in annotations:
        message = f"parameter {node.arg!r} has no type"
        raise _refuse(source, node, message, f"annotate it, as in {node.arg}: i64")
    meaning = resolve(annotations[node.arg])
    if not isinstance(meaning, (Scalar, Pointer, Buffer)):
        given = annotations[node.arg]
        message = f"parameter {node.arg!r} is {given!r}; expected a number, a ptr[T], an index[T] or a buffer"
        raise _refuse(source, node, message, "use i8 … u64, f32, f64, bool, ptr[T], index[T], bytes or bytearray")
    return meaning


def _result_type(source: Source, annotations: dict[str, object]) -> Scalar | Pointer | Maybe | Numbers | None:
    given = annotations.get("return")
    if given is None:
        return None
    meaning = resolve(given)
    if not isinstance(meaning, (Scalar, Pointer, Maybe, Numbers)):
        message = f"the result is {given!r}; expected a number, a ptr[T], an index[T], a tuple of numbers or None"
        fix = "annotate it, as in -> i64, -> i64 | None, or -> tuple[i64, i64]"
        raise _refuse(source, source.tree.returns or source.tree, message, fix)
    return meaning


def _defaults(source: Source, parameters: tuple[ir.Value, ...]) -> dict[str, int | float]:
    given, nodes = source.function.__defaults__ or (), source.tree.args.defaults
    if len(given) > len(parameters):
        raise _refuse(source, nodes[0], "this CPU's record has no default", "leave it out")
    with_default = parameters[len(parameters) - len(given) :]
    return {
        parameter.name: _default(source, parameter, value, node)
        for parameter, value, node in zip(with_default, given, nodes, strict=True)
    }


def _default(source: Source, parameter: ir.Value, value: object, node: ast.expr) -> int | float:
    if not isinstance(parameter.type, Scalar):
        message = f"a {parameter.type!r} has no default, and {parameter.name!r} has {shown(value)}"
        raise _refuse(source, node, message, f"leave it out, and pass {_nothing(parameter)} in the call")
    number = _number(value, parameter.type)
    if number is None:
        message = f"the default {shown(value)} of {parameter.name!r} is no {parameter.type}"
        raise _refuse(source, node, message, "use a number that fits")
    return number


def _nothing(parameter: ir.Value) -> str:
    """What one passes who has nothing to pass."""
    type = parameter.type
    return 'b""' if type == Buffer(writable=False) else "a bytearray" if isinstance(type, Buffer) else "None"


def _number(value: object, type: Scalar) -> int | float | None:
    """A default as a number of its type, floats rounded; None if it does not fit."""
    if not isinstance(value, (int, float)) or isinstance(value, bool) != (type.kind == "bool"):
        return None
    try:
        number = type.wrap(value)
        if math.isinf(number) and not math.isinf(value):
            return None
    except (OverflowError, ValueError):  # infinity or NaN as an integer, an int larger than floats
        return None
    return number if type.is_float or number == value else None


def _refuse(source: Source, node: ast.AST, message: str, fix: str) -> Refused:
    return Refused(Diagnostic("signature", message, ((source.span(node), ""),), "", fix))
