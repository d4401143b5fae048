"""What is looked at before a sequence or routine runs: bounds, rows that may not be None or the same, buffers.

A bounds check has a number in the unit, which is told with its code (codes.FIRST_CHECK).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from rseq._codegen.codes import FIRST_CHECK, LANE_VIEW, NO_ROW, SAME_ROW, extended
from rseq._codegen.environment import Lane
from rseq._codegen.writer import I32, Writer
from rseq._language import ir
from rseq._language.compiled import Compiled
from rseq._language.pointers import required_rows
from rseq._language.types import Buffer, Index, Pointer

Fail = Callable[[Any], None]
"""Emits what happens with a code that is not OK, and leaves the function, or this part of it."""


class Checks:
    """The bounds checks of a unit, in the order of their numbers, and how what sequences are given is looked at."""

    def __init__(self) -> None:
        self._checks: list[ir.Fault] = []
        self._first: dict[int, int] = {}

    def __iter__(self) -> Iterator[ir.Fault]:
        return iter(self._checks)

    def first(self, code: Compiled) -> int:
        """The number of the first bounds check of `code`."""
        if id(code) not in self._first:
            self._first[id(code)] = len(self._checks)
            self._checks += code.body.faults
        return self._first[id(code)]

    def code_of(self, code: Compiled, fault: ir.Fault) -> Any:
        """The code of a check that fails, or of what is raised."""
        return I32(FIRST_CHECK + self.first(code) + fault.number)

    def require(self, emit: Writer, code: Compiled, check: ir.Check, index: Any, length: Any, fail: Fail) -> None:
        """Emit one bounds check, of an index and a length in 64 bits."""
        fails = emit.compare(index, ">" if check.inclusive else ">=", length)
        with emit.if_(fails, likely=False):
            fail(self.code_of(code, check))

    def parameters(self, emit: Writer, code: Compiled, arguments: Sequence[Any], fail: Fail) -> None:
        """Emit what is checked of the arguments of `code`: bounds, and that a pointer is a row, and whose."""
        body, values = code.body, dict(zip(code.body.parameters, arguments, strict=True))
        self.first(code)
        for check in body.checks:
            index = extended(emit, values[check.index], check.index.type)
            length = values[check.length] if isinstance(check.length, ir.Value) else check.length
            self.require(emit, code, check, index, length, fail)
        for row in required_rows(body):
            with emit.unless(values[row], likely=False):
                fail(I32(NO_ROW))
        for one, other in body.apart:
            with emit.if_(_overlap(emit, body, (one, other), values), likely=False):
                fail(I32(SAME_ROW))


def check_buffers(emit: Writer, code: Compiled, lane: Lane, arguments: Sequence[Any], fail: Fail) -> None:
    """Emit: fail if a buffer is a view of the record in any lane. Nearly all buffers are far from all lanes."""
    values = dict(zip(code.body.parameters, arguments, strict=True))
    buffers = [value for value in code.body.parameters if isinstance(value.type, Buffer)]
    if not buffers:
        return
    size = code.body.record.size
    end = emit.add(emit.add(lane.base, emit.mul(lane.stride, lane.lanes)), size)
    for buffer in buffers:
        start, length = values[buffer], values[ir.length_of(buffer)]
        begins_before_end = emit.compare(start, "<", end)
        is_near = emit.and_(begins_before_end, emit.compare(lane.base, "<", emit.add(start, length)))
        with emit.if_(is_near, likely=False):
            place = emit.urem(emit.sub(start, lane.base), lane.stride)
            in_record = emit.compare(place, "<", size)
            reaches_next = emit.compare(emit.add(place, length), ">", lane.stride)
            begins_before = emit.compare(start, "<", lane.base)
            with emit.if_(emit.or_(begins_before, emit.or_(in_record, reaches_next))):
                fail(I32(LANE_VIEW))


def _overlap(emit: Writer, body: ir.Body, pair: tuple[ir.Value, ir.Value], values: dict[ir.Value, Any]) -> Any:
    """Emit: do the rows or buffers of two parameters overlap? None and what is empty overlap with nothing."""
    (one, one_end, has_one), (other, other_end, has_other) = (_extent(emit, body, value, values) for value in pair)
    crossed = emit.and_(emit.compare(one, "<", other_end), emit.compare(other, "<", one_end))
    return emit.and_(emit.and_(has_one, has_other), crossed)


def _extent(emit: Writer, body: ir.Body, value: ir.Value, values: dict[ir.Value, Any]) -> tuple[Any, Any, Any]:
    """Emit: where the memory of a pointer, an index or a buffer begins and ends, and if there is any."""
    start = extended(emit, values[value], value.type)
    if not isinstance(value.type, Pointer):
        size = values[ir.length_of(value)]
        return start, emit.add(start, size), emit.truth(size)
    is_any, size = emit.truth(start), value.type.target.size
    if isinstance(value.type, Index):
        start = emit.add(values[body.rows_of(value.type).first], emit.mul(emit.sub(start, 1), size))
    return start, emit.add(start, size), is_any
