"""`rseq.copy(dst, src, nbytes)`: both places have as many bytes, or the function leaves before it touches them."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from rseq._language import ir
from rseq._language.parser.expressions import convert, integer
from rseq._language.parser.memory import AN_INTEGER, field_of, in_register, new_check, require_own
from rseq._language.parser.scope import Scope
from rseq._language.types import MAX_RECORD_BYTES, SCALARS, Array

_BYTE, _COUNT = SCALARS["u8"], SCALARS["u64"]


@dataclass(frozen=True)
class _Room:
    """A place to copy from or to, and how many bytes it has from there on."""

    address: ir.Address
    nbytes: int | ir.Value
    most: int
    """What `nbytes` is at most."""
    least: int = 0
    """What it is at least."""
    dimensions: int = 1


def copy(scope: Scope, node: ast.Call, into: str | None) -> None:
    """Emit a copy, with the checks that it needs."""
    target_node, source_node, count_node = node.args
    target, source = _room(scope, target_node), _room(scope, source_node)
    require_own(scope, target.address, target_node)
    nbytes = _count(scope, count_node)
    limit = min(target.most, source.most)
    if limit == MAX_RECORD_BYTES and not scope.is_routine:
        fix = "copy to or from an array of a record, whose length is known"
        raise scope.refuse(node, "copy-unbounded", "nothing bounds the length of this copy", fix)
    for room, place in ((target, target_node), (source, source_node)):
        _require_room(scope, room, nbytes, place, count_node)
    scope.emit(ir.Copy(target.address, source.address, nbytes, limit, scope.span(node)))


def _count(scope: Scope, node: ast.expr) -> ir.Operand:
    count = integer(scope, node, "a length is an integer")
    if isinstance(count, ir.Const) and count.number < 0:
        raise scope.refuse(node, "index-out-of-range", f"a copy of {count} bytes", "use 0 or more")
    return _wide(scope, count, node)


def _require_room(scope: Scope, room: _Room, nbytes: ir.Operand, place: ast.expr, node: ast.expr) -> None:
    where = ast.unparse(place)
    limit = f"the {room.nbytes} that" if isinstance(room.nbytes, int) else "what"
    fault = f"{ast.unparse(node)} bytes are more than {limit} {where} has"
    if nbytes == room.nbytes:
        return  # all of a buffer
    if isinstance(nbytes, ir.Const):
        if nbytes.number <= room.least:
            return
        if isinstance(room.nbytes, int):
            if nbytes.number > room.nbytes:
                message = f"{where} has {room.nbytes} bytes; a copy of {nbytes} does not fit"
                raise scope.refuse(node, "index-out-of-range", message, "copy less")
            return
        nbytes = scope.emit(ir.Set(scope.temporary(_COUNT), nbytes, scope.span(node))).target
    scope.emit(new_check(scope, nbytes, room.nbytes, where, node, fault=fault, inclusive=True))


# ---- places


def _room(scope: Scope, node: ast.expr) -> _Room:
    if isinstance(node, ast.Subscript):
        return _room_from(scope, _room(scope, node.value), node)
    if (buffer := scope.buffer(node)) is not None:
        address = ir.Address(buffer, 0, None, 1, _BYTE, buffer.name, False, MAX_RECORD_BYTES)
        return _Room(address, ir.length_of(buffer), MAX_RECORD_BYTES)
    if isinstance(node, ast.Attribute):
        base, field = field_of(scope, node)
        if isinstance(field.type, Array):
            size, width, text = field.type.size, field.type.element.size, ast.unparse(node)
            address = ir.Address(base, field.offset, None, width, _BYTE, text, field.prepared, size)
            return _Room(address, size, size, dimensions=len(field.type.shape))
    message = f"{ast.unparse(node)} is no place to copy from or to"
    fix = "name an array of a record, an element to begin at, or a buffer: cpu.slots, cpu.slots[at], data"
    raise scope.refuse(node, "not-in-the-language", message, fix)


def _room_from(scope: Scope, room: _Room, node: ast.Subscript) -> _Room:
    """From element `[at]` on. Of a place, `scale` is until here the size of an element."""
    whole, width, text = room.address, room.address.scale, ast.unparse(node)
    if room.dimensions > 1:
        message = f"{whole.text} has {room.dimensions} dimensions, and a copy begins at its first element"
        raise scope.refuse(node, "not-in-the-language", message, f"copy to or from {whole.text} as a whole")
    at = integer(scope, node.slice, AN_INTEGER, node)
    if isinstance(at, ir.Const) and isinstance(room.nbytes, int):
        return _room_from_constant(scope, room, room.nbytes, int(at.number), node)
    index = in_register(scope, node.slice) if isinstance(at, ir.Const) else at
    wide = _wide(scope, index, node)
    assert isinstance(wide, ir.Value)
    nbytes, skipped, least = room.nbytes, 0, 0
    most = _checked_start(scope, wide, room, node)
    if isinstance(nbytes, int):
        least = 0 if most is None else max(nbytes - most * width, 0)
        wide, added = scope.output.split(wide, nbytes // width)
        skipped = added * width
        nbytes -= skipped
    offset, size = whole.offset + skipped, whole.size - skipped
    address = ir.Address(whole.base, offset, wide, width, _BYTE, text, whole.prepared, size)
    return _Room(address, _rest(scope, nbytes, wide, width, node), room.most - skipped, least)


def _room_from_constant(scope: Scope, room: _Room, nbytes: int, at: int, node: ast.Subscript) -> _Room:
    whole, width, text = room.address, room.address.scale, ast.unparse(node)
    skipped = at * width
    if not 0 <= skipped <= nbytes:
        message = f"index {at} is out of range for {whole.text}, which has {nbytes // width} elements"
        raise scope.refuse(node, "index-out-of-range", message, f"use 0 … {nbytes // width}")
    left = nbytes - skipped
    address = ir.Address(whole.base, whole.offset + skipped, None, width, _BYTE, text, whole.prepared, left)
    return _Room(address, left, left)


def _checked_start(scope: Scope, index: ir.Value, room: _Room, node: ast.Subscript) -> int | None:
    """Check where a copy begins, unless it is masked; the most that it can be, if that is known."""
    array, width = room.address.text, room.address.scale
    length = room.nbytes // width if isinstance(room.nbytes, int) else room.nbytes
    most = scope.output.most(index)
    if most is None or not isinstance(length, int) or most > length:
        limit = f", which has {length} elements" if isinstance(length, int) else ""
        fault = f"{ast.unparse(node.slice)} is out of range for {array}{limit}"
        scope.emit(new_check(scope, index, length, array, node.slice, fault=fault, inclusive=True))
    return most


def _wide(scope: Scope, number: ir.Operand, node: ast.expr) -> ir.Operand:
    """A number in 64 bits; a negative one is far too large, since it is compared as unsigned."""
    is_wide = isinstance(number, ir.Value) and number.type.size == 8
    return number if is_wide else convert(scope, number, _COUNT, node, None)


def _rest(scope: Scope, nbytes: int | ir.Value, index: ir.Value, width: int, node: ast.Subscript) -> ir.Value:
    """The bytes from element `index` on."""
    span, skipped = scope.span(node), index
    if width > 1:
        size = ir.Const(width, _COUNT)
        skipped = scope.emit(ir.Arithmetic(scope.temporary(_COUNT), "*", index, size, span)).target
    whole = ir.Const(nbytes, _COUNT) if isinstance(nbytes, int) else nbytes
    return scope.emit(ir.Arithmetic(scope.temporary(_COUNT), "-", whole, skipped, span)).target
