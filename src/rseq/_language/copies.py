"""`rseq.copy(dst, src, nbytes)`: both places have as many bytes, or the function leaves before it touches them."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from rseq._language import ir
from rseq._language.advice import as_integer
from rseq._language.conditions import Conditions
from rseq._language.expressions import kind_of
from rseq._language.types import MAX_RECORD_BYTES, SCALARS, Array, Scalar

__all__ = ["Copies"]

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


class Copies(Conditions):
    """The part of the parser that reads copies."""

    def copy(self, node: ast.Call) -> None:
        """Emit a copy, with the checks that it needs."""
        scope, (target_node, source_node, count_node) = self.scope, node.args
        target, source = self._room(target_node), self._room(source_node)
        self.require_writable(target.address, target_node)
        nbytes = self._count(count_node)
        limit = min(target.most, source.most)
        if limit == MAX_RECORD_BYTES and not scope.is_routine:
            fix = "copy to or from an array of a record, whose length is known"
            raise scope.refuse(node, "copy-unbounded", "nothing bounds the length of this copy", fix)
        for room, place in ((target, target_node), (source, source_node)):
            self._require_room(room, nbytes, place, count_node)
        scope.emit(ir.Copy(target.address, source.address, nbytes, limit, scope.span(node)))

    def _count(self, node: ast.expr) -> ir.Operand:
        """The number of bytes in 64 bits; a negative one is far too large, since it is compared as unsigned."""
        count = self.operand(node)
        if not isinstance(count.type, Scalar) or not count.type.is_integer:
            raise self.scope.refuse(
                node, "types-differ", f"a length is an integer; got {kind_of(count)}", as_integer(count.type)
            )
        if isinstance(count, ir.Const) and count.number < 0:
            raise self.scope.refuse(node, "index-out-of-range", f"a copy of {count} bytes", "use 0 or more")
        return (
            count if isinstance(count, ir.Value) and count.type.size == 8 else self._convert(count, _COUNT, node, None)
        )

    def _require_room(self, room: _Room, nbytes: ir.Operand, place: ast.expr, node: ast.expr) -> None:
        where = ast.unparse(place)
        limit = f"the {room.nbytes} that" if isinstance(room.nbytes, int) else "what"
        fault = f"{ast.unparse(node)} bytes are more than {limit} {where} has"
        if nbytes == room.nbytes:
            return  # all of a buffer
        if isinstance(nbytes, ir.Const) and nbytes.number <= room.least:
            return
        if isinstance(nbytes, ir.Const) and isinstance(room.nbytes, int):
            if nbytes.number > room.nbytes:
                message = f"{where} has {room.nbytes} bytes; a copy of {nbytes} does not fit"
                raise self.scope.refuse(node, "index-out-of-range", message, "copy less")
            return
        span = self.scope.span(node)
        if isinstance(nbytes, ir.Const):
            held = self.scope.temporary(_COUNT)
            self.scope.emit(ir.Set(held, nbytes, span))
            nbytes = held
        self.scope.emit(self._new_check(nbytes, room.nbytes, where, node, fault=fault, inclusive=True))

    # ---- places

    def _room(self, node: ast.expr) -> _Room:
        if isinstance(node, ast.Subscript):
            return self._room_from(self._room(node.value), node)
        if isinstance(node, ast.Name) and (buffer := self.buffer(node.id)) is not None:
            address = ir.Address(buffer, 0, None, 1, _BYTE, node.id, False, MAX_RECORD_BYTES)
            return _Room(address, ir.length_of(buffer), MAX_RECORD_BYTES)
        if isinstance(node, ast.Attribute):
            base, field = self._field(node)
            if isinstance(field.type, Array):
                size, width, text = field.type.size, field.type.element.size, ast.unparse(node)
                address = ir.Address(base, field.offset, None, width, _BYTE, text, field.prepared, size)
                return _Room(address, size, size)
        message = f"{ast.unparse(node)} is no place to copy from or to"
        fix = "name an array of a record, an element to begin at, or a buffer: cpu.slots, cpu.slots[at], data"
        raise self.scope.refuse(node, "not-in-the-language", message, fix)

    def _room_from(self, room: _Room, node: ast.Subscript) -> _Room:
        """From element `[at]` on. Of a place, `scale` is until here the size of an element."""
        whole, text, width = room.address, ast.unparse(node), room.address.scale
        at = self.operand(node.slice)
        if not isinstance(at.type, Scalar) or not at.type.is_integer:
            raise self.scope.refuse(
                node, "types-differ", f"an index is an integer; got {kind_of(at)}", as_integer(at.type)
            )
        if isinstance(at, ir.Const) and isinstance(room.nbytes, int):
            skipped = int(at.number) * width
            if not 0 <= skipped <= room.nbytes:
                message = f"index {at} is out of range for {whole.text}, which has {room.nbytes // width} elements"
                raise self.scope.refuse(node, "index-out-of-range", message, f"use 0 … {room.nbytes // width}")
            left = room.nbytes - skipped
            offset = whole.offset + skipped
            return _Room(ir.Address(whole.base, offset, None, width, _BYTE, text, whole.prepared, left), left, left)
        index = self._any_index(node.slice) if isinstance(at, ir.Const) else at
        wide = self._wide(index, node)
        length = room.nbytes // width if isinstance(room.nbytes, int) else room.nbytes
        most = self.most(wide)
        if most is None or not isinstance(length, int) or most > length:
            limit = f", which has {length} elements" if isinstance(length, int) else ""
            fault = f"{ast.unparse(node.slice)} is out of range for {whole.text}{limit}"
            self.scope.emit(self._new_check(wide, length, whole.text, node.slice, fault=fault, inclusive=True))
        if not isinstance(room.nbytes, int):
            address = ir.Address(whole.base, whole.offset, wide, width, _BYTE, text, whole.prepared, whole.size)
            return _Room(address, self._rest(room.nbytes, wide, width, node), room.most)
        wide, added = self.split(wide, room.nbytes // width)
        skipped = added * width
        offset, size = whole.offset + skipped, whole.size - skipped
        address = ir.Address(whole.base, offset, wide, width, _BYTE, text, whole.prepared, size)
        least = 0 if most is None else max(room.nbytes - most * width, 0)
        return _Room(address, self._rest(room.nbytes - skipped, wide, width, node), room.most - skipped, least)

    def _wide(self, index: ir.Value, node: ast.Subscript) -> ir.Value:
        """The index in 64 bits; a negative one is far too large, since it is compared as unsigned."""
        if index.type.size == 8:
            return index
        wide = self._convert(index, _COUNT, node, None)
        assert isinstance(wide, ir.Value)
        return wide

    def _rest(self, nbytes: int | ir.Value, index: ir.Value, width: int, node: ast.Subscript) -> ir.Value:
        """The bytes from element `index` on."""
        scope, span = self.scope, self.scope.span(node)
        skipped = index
        if width > 1:
            skipped = scope.temporary(_COUNT)
            scope.emit(ir.Arithmetic(skipped, "*", index, ir.Const(width, _COUNT), span))
        rest = scope.temporary(_COUNT)
        whole = ir.Const(nbytes, _COUNT) if isinstance(nbytes, int) else nbytes
        scope.emit(ir.Arithmetic(rest, "-", whole, skipped, span))
        return rest
