"""Places in memory: fields, elements of arrays and buffers, rows; and which indices need a check."""

from __future__ import annotations

import ast
import math
from typing import NamedTuple

from rseq._language import ir
from rseq._language.parser.expressions import integer, kind_of, operand
from rseq._language.parser.names import is_known, python_value, static
from rseq._language.parser.scope import Meaning, Scope
from rseq._language.types import (
    MAX_RECORD_BYTES,
    SCALARS,
    Array,
    Buffer,
    Field,
    Index,
    Pointer,
    RecordType,
    Scalar,
    Word,
)


def attribute(scope: Scope, node: ast.Attribute, into: str | None) -> Meaning:
    """An attribute: a constant of a module, a class or an enum, or a field."""
    if is_known(scope, node.value):
        return python_value(scope, static(scope, node), node)
    return subscript(scope, node, into)


def subscript(scope: Scope, node: ast.Subscript | ast.Attribute, into: str | None) -> Meaning:
    """Emit a load of an element, or of a field."""
    place = address(scope, node)
    return scope.emit(ir.Load(scope.target(into, place.type), place, scope.span(node))).target


def place(scope: Scope, node: ast.expr) -> ir.Address:
    """`address`, for a plain store."""
    found = address(scope, node)
    require_own(scope, found, node)
    return found


def require_own(scope: Scope, address: ir.Address, node: ast.expr) -> None:
    """Refuse a plain store to another lane's record, to which its own sequences store, and to what is only read."""
    type = None if address.base is None else address.base.type
    if isinstance(type, Pointer) and type.lane:
        message = f"{ast.unparse(node)} is in another CPU's lane"
        why = "its own CPU stores there with plain instructions, and may be doing so now"
        fix = "use rseq.store_release() for a word that only others store to"
        raise scope.refuse(node, "store-in-other-lane", message, fix, why)
    require_writable(scope, address.base, node)


def require_writable(scope: Scope, base: ir.Value | None, node: ast.expr) -> None:
    """Refuse a store to a buffer that is only read."""
    if base is not None and base.type == Buffer(writable=False):
        message = f"{base.name} is read-only"
        raise scope.refuse(node, "buffer-as-value", message, f"declare it {base.name}: bytearray")


def address(scope: Scope, node: ast.expr) -> ir.Address:
    """Emit what computes the address of a field or an element."""
    if isinstance(node, ast.Subscript):
        return _element(scope, node)
    if not isinstance(node, ast.Attribute):
        raise scope.refuse(node, "not-in-the-language", "expected a field, such as cpu.count", "name a field")
    return _field_address(scope, node, *field_of(scope, node))


def _field_address(scope: Scope, node: ast.Attribute, base: ir.Value | None, field: Field) -> ir.Address:
    text = ast.unparse(node)
    if isinstance(field.type, Array):
        shape = field.type.shape
        message = f"{text} is an array of {' by '.join(map(str, shape))}; it has no value as a whole"
        raise scope.refuse(node, "array-as-value", message, f"use an element: {text}[{', '.join('0' * len(shape))}]")
    return ir.Address(base, field.offset, None, 1, field.type, text, field.prepared, field.type.size)


def field_of(scope: Scope, node: ast.Attribute) -> tuple[ir.Value | None, Field]:
    """Emit what computes where a record is; that, and the field of it."""
    return _field_in(scope, node, _record(scope, node.value))


def _field_in(scope: Scope, node: ast.Attribute, holder: _Holder) -> tuple[ir.Value | None, Field]:
    name = f"{holder.path}{node.attr}"
    if name in holder.record.fields:
        return holder.base, holder.record.fields[name]
    inside = holder.record.part(name)
    if inside is not None:
        text = ast.unparse(node)
        message = f"{text} is a {inside.__name__}, a record; it has no value as a whole"
        raise scope.refuse(node, "array-as-value", message, f"use a field: {text}.{next(iter(inside.fields))}")
    own = holder.record.part(holder.path[:-1]) if holder.path else holder.record
    assert own is not None
    message = f"record {own.__name__} has no field {node.attr!r}"
    raise scope.refuse(node, "no-such-field", message, f"its fields are {', '.join(own.parts)}")


def array_of(scope: Scope, node: ast.Attribute) -> Array | None:
    """The type of the array that `node` names, if it is one. Routines, too, may ask for that of the lane's record."""
    if (path := _in_lane(scope, node)) is not None:
        field = scope.output.record.fields.get(path)
    else:
        field = None if is_known(scope, node.value) else field_of(scope, node)[1]
    return field.type if field is not None and isinstance(field.type, Array) else None


def _in_lane(scope: Scope, node: ast.expr) -> str | None:
    """What is written after the lane's name, if that is all there is: `point.x` of `cpu.point.x`."""
    path: list[str] = []
    while isinstance(node, ast.Attribute):
        path.insert(0, node.attr)
        node = node.value
    name = ".".join(path)
    is_here = name in scope.output.record.fields
    return name if isinstance(node, ast.Name) and node.id == scope.lane and is_here else None


# ---- records


class _Holder(NamedTuple):
    """What has fields: where the outermost record is, and how the one is called in there that is meant, with a dot."""

    base: ir.Value | None
    record: RecordType
    path: str = ""


def _record(scope: Scope, node: ast.expr) -> _Holder:
    """Emit what computes where a record is."""
    if isinstance(node, ast.Name) and node.id == scope.lane:
        if scope.is_routine:
            message = "a routine is not on a CPU, so it has no lane of its own"
            raise scope.refuse(node, "lane-in-routine", message, "touch the lane in a sequence, and call that")
        return _Holder(None, scope.output.record)
    found: ir.Operand
    if isinstance(node, ast.Attribute) and not is_known(scope, node.value):
        holder = _record(scope, node.value)
        if holder.record.part(f"{holder.path}{node.attr}") is not None:
            return holder._replace(path=f"{holder.path}{node.attr}.")
        place = _field_address(scope, node, *_field_in(scope, node, holder))
        found = scope.emit(ir.Load(scope.temporary(place.type), place, scope.span(node))).target
    else:
        found = operand(scope, node)
    match found:
        case ir.Value(type=Index(target=record)) as index:
            return _Holder(_row(scope, index, record, node), record)
        case ir.Value(type=Pointer(target=RecordType() as record)) as pointer:
            return _Holder(pointer, record)
        case _:
            text, is_pointer = ast.unparse(node), isinstance(found, ir.Value) and isinstance(found.type, Pointer)
            fix = f"use its element: {text}[0]" if is_pointer else "only the lane, a ptr[T] and an index[T] have fields"
            raise scope.refuse(node, "no-such-field", f"{text} is {kind_of(found)}, which has no fields", fix)


def _row(scope: Scope, index: ir.Value, record: RecordType, node: ast.expr) -> ir.Value:
    """Emit what finds the row that an index means, or leaves with an IndexError: a pointer that is not None."""
    span, known = scope.span(node), scope.row_of(index)
    if known is not None:
        return known
    rows, narrow = scope.output.rows_of(record), SCALARS["u32"]
    less = ir.Arithmetic(scope.temporary(narrow), "-", index, ir.Const(1, narrow), span)
    number = scope.emit(less).target  # None is 0, so that it becomes the largest number
    text = ast.unparse(node)
    fault = f"{text} is no row of the array of {record.__name__}: it is None or out of range"
    scope.emit(new_check(scope, number, rows.length, record.__name__, node, fault=fault))
    offset, scale = _scaled(scope, number, record.size, node)
    row = scope.temporary(Pointer(record))
    place = ir.Address(rows.first, 0, offset, scale, row.type, f"the row {text}", False, record.size)
    scope.emit(ir.Locate(row, place, span))
    scope.know_row(index, row)
    return row


def _scaled(scope: Scope, number: ir.Value, size: int, node: ast.expr) -> tuple[ir.Value, int]:
    """`number * size` as a register, and what an address multiplies it by."""
    if size in (1, 2, 4, 8):
        return number, size
    wide, span = SCALARS["u64"], scope.span(node)
    offset = scope.emit(ir.Convert(scope.temporary(wide), number, span)).target
    shift = size.bit_length() - 1
    target = scope.temporary(wide)
    if size == 1 << shift:
        scope.emit(ir.Arithmetic(target, "<<", offset, ir.Const(shift, wide), span))
    else:
        scope.emit(ir.Arithmetic(target, "*", offset, ir.Const(size, wide), span))
    return target, 1


# ---- elements


def _element(scope: Scope, node: ast.Subscript) -> ir.Address:
    if (buffer := scope.buffer(node.value)) is not None:
        return _byte(scope, buffer, node)
    array, indices = _indices(node)
    if not isinstance(array, ast.Attribute):
        return _pointed_number(scope, node)
    base, field = field_of(scope, array)
    if not isinstance(field.type, Array):
        message = f"{ast.unparse(array)} is {field.type}, which has no elements"
        raise scope.refuse(node, "no-elements", message, "leave out the brackets")
    element, length, text = field.type.element, field.type.length, ast.unparse(node)
    index = _place_in(scope, array, field.type.shape, indices, node)
    if isinstance(index, int):
        offset = field.offset + index * element.size
        return ir.Address(base, offset, None, 1, element, text, field.prepared, element.size)
    index, added = scope.output.split(index, length)
    skipped = added * element.size
    offset, size = field.offset + skipped, field.type.size - skipped
    return ir.Address(base, offset, index, element.size, element, text, field.prepared, size)


def _indices(node: ast.Subscript) -> tuple[ast.expr, list[ast.expr]]:
    """The array, and all indices: of `cpu.m[i, j]`, and of `cpu.m[i][j]`, which means the same."""
    given = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
    if not isinstance(node.value, ast.Subscript):
        return node.value, given
    array, before = _indices(node.value)
    return array, before + given


def _place_in(
    scope: Scope, array: ast.expr, shape: tuple[int, ...], indices: list[ast.expr], node: ast.expr
) -> ir.Value | int:
    """Which element it is that the indices mean, each of which is checked: a constant, or a register."""
    text = ast.unparse(array)
    if len(indices) != len(shape):
        if len(shape) == 1:
            message, fix = f"{text} has one dimension; got {len(indices)} indices", f"use one index: {text}[0]"
            raise scope.refuse(node, "no-elements", message, fix)
        message = (
            f"{text} has {len(shape)} dimensions; got {len(indices)} {'index' if len(indices) == 1 else 'indices'}"
        )
        raise scope.refuse(node, "array-as-value", message, f"use an element: {text}[{', '.join('0' * len(shape))}]")
    if len(shape) == 1:
        return constant_or_checked(scope, indices[0], shape[0], text)
    places = [
        constant_or_checked(scope, index, length, f"{text}, in dimension {axis}")
        for axis, (index, length) in enumerate(zip(indices, shape, strict=True))
    ]
    return _flat(scope, places, shape, node)


def _flat(scope: Scope, places: list[ir.Value | int], shape: tuple[int, ...], node: ast.expr) -> ir.Value | int:
    """Emit the sum of indices that have been checked, each times the elements that it skips."""
    span, constant, skipped = scope.span(node), 0, math.prod(shape)
    kind = _type_of_sum([place.type for place in places if isinstance(place, ir.Value)], skipped)
    total: ir.Value | None = None
    for place, length in zip(places, shape, strict=True):
        skipped //= length
        if isinstance(place, int):
            constant += place * skipped
            continue
        part = place
        if part.type != kind:
            part = scope.emit(ir.Convert(scope.temporary(kind), part, span)).target
        if skipped > 1:
            part = scope.emit(ir.Arithmetic(scope.temporary(kind), "*", part, ir.Const(skipped, kind), span)).target
        if total is not None:
            part = scope.emit(ir.Arithmetic(scope.temporary(kind), "+", total, part, span)).target
        total = part
    if total is None or not constant:
        return constant if total is None else total
    return scope.emit(ir.Arithmetic(scope.temporary(kind), "+", total, ir.Const(constant, kind), span)).target


def _type_of_sum(types: list[Word], length: int) -> Scalar:
    """What an index of `length` elements is computed in: what all indices are, if that holds it."""
    first = types[0] if types else SCALARS["i64"]
    if isinstance(first, Scalar) and all(type == first for type in types) and first.maximum >= length:
        return first
    return SCALARS["i32" if length <= SCALARS["i32"].maximum else "i64"]


def _byte(scope: Scope, buffer: ir.Value, node: ast.Subscript) -> ir.Address:
    """An element of a buffer, a u8, checked against the buffer's length."""
    index = in_register(scope, node.slice)
    scope.emit(new_check(scope, index, ir.length_of(buffer), buffer.name, node.slice))
    return ir.Address(buffer, 0, index, 1, SCALARS["u8"], ast.unparse(node), False, MAX_RECORD_BYTES)


def _pointed_number(scope: Scope, node: ast.Subscript) -> ir.Address:
    pointer, text = operand(scope, node.value), ast.unparse(node.value)
    if not isinstance(pointer, ir.Value) or not isinstance(pointer.type, Pointer):
        raise scope.refuse(node, "no-elements", f"{text} has no elements", "leave out the brackets")
    target = pointer.type.target
    if not isinstance(target, Scalar):
        raise scope.refuse(node, "no-elements", f"{pointer.type} points to a record", "use a field of it")
    if not isinstance(constant_or_checked(scope, node.slice, 1, text), int):
        raise scope.refuse(node, "no-elements", f"{pointer.type} points to one number", "use index 0")
    return ir.Address(pointer, 0, None, 1, target, ast.unparse(node), False, target.size)


# ---- indices

AN_INTEGER = "an index is an integer"


def in_register(scope: Scope, node: ast.expr) -> ir.Value:
    """An index in a register, also where it is a constant."""
    index = integer(scope, node, AN_INTEGER)
    if isinstance(index, ir.Value):
        return index
    return scope.emit(ir.Set(scope.temporary(index.type), index, scope.span(node))).target


def constant_or_checked(scope: Scope, node: ast.expr, length: int, array: str) -> ir.Value | int:
    """An index of an array of `length` elements: a constant that is one of them, or a register that is checked."""
    index = integer(scope, node, AN_INTEGER)
    if isinstance(index, ir.Value):
        _check_element(scope, index, length, array, node)
        return index
    if not 0 <= index.number < length:
        message = f"index {index.number} is out of range for {array}, which has {length} elements"
        fix = f"use 0 … {length - 1}" if length > 1 else "use 0"
        raise scope.refuse(node, "index-out-of-range", message, fix)
    return int(index.number)


def _check_element(scope: Scope, index: ir.Value, length: int, array: str, node: ast.expr) -> None:
    """Check an index: before the section if it is a parameter and used on every path, inside it otherwise.

    One that is masked needs no check.
    """
    output = scope.output
    if (most := output.most(index)) is not None and most < length:
        return
    if any(one.index == index and isinstance(one.length, int) and one.length <= length for one in output.checks):
        return
    check = new_check(scope, index, length, array, node)
    straight = all(op.here is None and op.goes_to is None and not op.ends for op in output.ops)
    if straight and index in output.parameters and not output.is_routine:
        output.checks.append(check)
    else:
        scope.emit(check)


def new_check(
    scope: Scope,
    index: ir.Value,
    length: int | ir.Value,
    array: str,
    node: ast.expr,
    *,
    fault: str = "",
    inclusive: bool = False,
) -> ir.Check:
    """A check with the next number; an index that is `inclusive` may be `length` itself."""
    if inclusive and isinstance(length, int):
        length, inclusive = length + 1, False
    written, number = ast.unparse(node), scope.output.fault_number
    return ir.Check(index, length, array, written, number, scope.span(node), fault, inclusive)
