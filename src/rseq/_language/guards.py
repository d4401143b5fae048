"""Rows that are found in memory are kept apart from the caller's buffers: each is compared when it is found.

A buffer may be a view of an array of rows. Then what a sequence stores in the one is read in the other, and a restart
would read what was left there. Which row is found is known only inside the section, so the section compares, and
leaves with a ValueError, without a commit. The lane is compared before the section, see `_codegen/lower.py`.
"""

from __future__ import annotations

from collections.abc import Iterator

from rseq._language import ir
from rseq._language.places import Place
from rseq._language.restarts import Restarts
from rseq._language.types import SCALARS, Pointer


def guarded(body: ir.Body, restarts: Restarts) -> ir.Body:
    """`body`, with a comparison behind each operation that finds a row which must be no part of a buffer."""
    pairs = set(_pairs(restarts))
    if not pairs:
        return body
    ops: list[ir.Op] = []
    count = len(body.faults)
    for op in body.ops:
        ops.append(op)
        for row, buffer in sorted(pairs, key=lambda pair: (pair[0].name, pair[1].name)):
            if row in op.results:
                ops += _comparison(row, buffer, count, op)
                count += 1
    return body.with_ops(tuple(ops))


def _pairs(restarts: Restarts) -> Iterator[tuple[ir.Value, ir.Value]]:
    """The pointers that are found, and the buffers: one is read, and the other is stored to."""
    places = restarts.places
    for stored in restarts.preparations:
        for read in places.read.values():
            row, buffer = (read, stored) if stored.is_buffer else (stored, read)
            base, of = row.address.base, buffer.address.base
            if buffer.is_buffer and _is_found(row) and base is not None and of is not None:
                yield base, of


def _is_found(place: Place) -> bool:
    return not place.address.in_lane and not place.is_buffer and None in place.origins


def _comparison(row: ir.Value, buffer: ir.Value, number: int, op: ir.Op) -> list[ir.Op]:
    """Leave unless the row ends before the buffer begins, or begins where it has ended."""
    assert isinstance(row.type, Pointer)
    byte, span = SCALARS["u8"], op.span
    end, behind = (ir.Value(f"%{name}{number}", Pointer(byte)) for name in ("buffer_end", "row_end"))
    apart, length, size = f"apart{number}", ir.length_of(buffer), row.type.target.size
    sentence = f"{buffer.name} is a view of a row that {row.type} leads to: pass a copy"
    return [
        ir.Locate(end, ir.Address(buffer, 0, length, 1, byte, f"the end of {buffer}", False, 0), span),
        ir.BranchIf(row, ">=", end, apart, span),
        ir.Locate(behind, ir.Address(row, size, None, 1, byte, f"the end of {row}", False, 0), span),
        ir.BranchIf(behind, "<=", buffer, apart, span),
        ir.Raise("ValueError", sentence, number, span),
        ir.Label(apart, span),
    ]
