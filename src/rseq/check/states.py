"""What lanes hold before an operation is interrupted, and what operations are called with: a few cases of each.

Numbers are taken where decisions change: around the constants that the operations compare with and the lengths
of arrays, 0, 1 and the ends of each type. The two lanes of a case differ, so that one taken for the other
shows. Elements of arrays are all different. What is random is the same in each run.

Rows belong to somebody: each operation that is called with rows has its own, and each lane has some that its
pointers may lead to. Two lanes never share one, and no list of them has a circle.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest
from random import Random
from typing import Any

from ..language import ir
from ..language.pointers import required_rows
from ..language.types import Array, Buffer, Index, Pointer, RecordType, Scalar
from .code import Bytes, Operation
from .machine import LANES, Layout

__all__ = ["CPUS", "Arguments", "Cases", "row_size"]

CPUS = 2
ROWS_PER_CALL = 2
ROWS_PER_LANE = 2
_GAP = 16

Arguments = tuple[int | float, ...]


@dataclass
class Cases:
    """The cases of operations on one record, for runs in which `calls` operations take part."""

    operations: Sequence[Operation]
    calls: int
    order: str = "<"

    def __post_init__(self) -> None:
        self._states: dict[int, list[bytes]] = {}

    @property
    def record(self) -> RecordType:
        """What the operations work on."""
        return self.operations[0].record

    @cached_property
    def stride(self) -> int:
        """Bytes from lane to lane; between two records is a gap that nothing should write to."""
        return -(-(self.record.size + _GAP) // 64) * 64

    @cached_property
    def targets(self) -> list[Any]:
        """What pointers lead to: records and numbers, those that are reached through others too."""
        found: list[Any] = []
        pending = [target for operation in self.operations for target in operation.rows]
        pending += _pointed_to(self.record)
        while pending:
            target = pending.pop()
            if target not in found:
                found.append(target)
                pending += _pointed_to(target) if isinstance(target, RecordType) else []
        return found

    @property
    def rows_of_each(self) -> int:
        """The number of rows of each target."""
        return self.calls * ROWS_PER_CALL + CPUS * ROWS_PER_LANE

    @cached_property
    def layout(self) -> Layout:
        """Where all of it is."""
        rows = (CPUS + 1) * self.stride  # the last lane is the spare one, which only routines look at
        nbytes = rows + sum(map(self._array_size, self.targets))
        return Layout(self.stride, CPUS, LANES + rows, nbytes)

    def _array_size(self, target: Any) -> int:
        return -(-self.rows_of_each * row_size(target) // 8) * 8

    def row(self, target: Any, number: int) -> int:
        """The address of a row."""
        before = self.targets[: self.targets.index(target)]
        return self.layout.rows + sum(map(self._array_size, before)) + number * row_size(target)

    def indexed(self, target: Any, row: int) -> int:
        """What an index holds for the row at address `row`; 0 for None, which is 0 too."""
        return (row - self.row(target, 0)) // row_size(target) + 1 if row else 0

    def _lane_row(self, target: Any, lane: int, number: int) -> int:
        return self.row(target, self.calls * ROWS_PER_CALL + lane * ROWS_PER_LANE + number)

    # ---- numbers

    @cached_property
    def constants(self) -> list[int]:
        """The numbers at which the operations decide."""
        found = {1}
        for operation in self.operations:
            for op in (*operation.body.ops, *operation.body.checks):
                if isinstance(op, ir.BranchIf):
                    found |= {number for side in (op.left, op.right) for number in _whole(side)}
                elif isinstance(op, ir.Check) and isinstance(op.length, int):
                    found.add(op.length)
                elif isinstance(op, ir.Arithmetic) and op.operator in ("<<", ">>"):
                    found |= {1 << number for number in _whole(op.right) if 1 < number < 64}  # where a part begins
        found |= {field.type.length for field in self.record.fields.values() if isinstance(field.type, Array)}
        return sorted(found)

    def numbers(self, type: Scalar) -> list[int | float]:
        """Numbers of a type where decisions change."""
        if type.kind == "bool":
            return [0, 1]
        near = [number + step for number in self.constants for step in (-1, 0, 1)]
        if type.is_float:
            return [0.0, 1.5, -0.0, *map(float, near), float("inf"), float("-inf"), -2.25e10]
        kept = sorted({number for number in near if type.minimum <= number <= type.maximum})
        return [0, *(number for number in kept if number), type.maximum, type.minimum]

    # ---- memory

    def states(self, count: int) -> list[bytes]:
        """Contents of lanes and rows, `count` of them at most."""
        if count not in self._states:
            self._states[count] = self._made_states(count)
        return self._states[count]

    def _made_states(self, count: int) -> list[bytes]:
        boundaries = self._boundaries()
        alone = [_Fill.alone(boundaries[0], position) for position in self._numbers_in_lane()]
        equal = [_Fill.of(boundary) for boundary in boundaries]
        telling = [fill for pair in zip_longest(alone, equal) for fill in pair if fill is not None]
        random = [_Fill.random(self, seed) for seed in range(1, 1 + count)]
        chosen = [_Fill.zero(), random[0], *telling[: max(count - 4, 1)], _Fill.full(), *random[1:]]
        memories = dict.fromkeys(
            self._memory(fill, chosen[(position + 1) % len(chosen)]) for position, fill in enumerate(chosen)
        )
        return list(memories)[:count]

    def _numbers_in_lane(self) -> list[int]:
        """Which of the record's fields are single numbers."""
        fields = enumerate(self.record.fields.values())
        return [position for position, field in fields if isinstance(field.type, Scalar) and not field.prepared]

    def _boundaries(self) -> list[int]:
        """The constants and what is beside them, the largest and therefore most telling first."""
        return list(dict.fromkeys(number + step for number in reversed(self.constants) for step in (0, -1, 1)))

    def _memory(self, fill: _Fill, other: _Fill) -> bytes:
        memory = bytearray(self.layout.nbytes)
        for lane, content in enumerate((fill, other)):
            self._write_record(memory, lane * self.stride, self.record, content, lane, content.first_row)
            for target in self.targets:
                for number in range(ROWS_PER_LANE):
                    at = self._lane_row(target, lane, number) - LANES
                    if isinstance(target, RecordType):
                        self._write_record(memory, at, target, content, lane, number + 1)
                    else:
                        struct.pack_into(self.order + target.code, memory, at, content.number(target, number))
        self._fill_buffers(memory)
        return bytes(memory)

    def _fill_buffers(self, memory: bytearray) -> None:
        """The buffers that operations are called with: all bytes are different."""
        if Bytes in self.targets:
            start = self.row(Bytes, 0) - LANES
            for place in range(self.calls * ROWS_PER_CALL * row_size(Bytes)):
                memory[start + place] = (place + 1) & 255

    def _write_record(
        self, memory: bytearray, at: int, record: RecordType, fill: _Fill, lane: int, first_row: int
    ) -> None:
        for position, field in enumerate(record.fields.values()):
            element = field.type.element if isinstance(field.type, Array) else field.type
            for number in range(field.type.length if isinstance(field.type, Array) else 1):
                value: int | float
                if isinstance(element, Pointer):
                    has_row = not fill.is_zero and first_row + number < ROWS_PER_LANE
                    value = self._lane_row(element.target, lane, first_row + number) if has_row else 0
                    if isinstance(element, Index):
                        value = self.indexed(element.target, int(value))
                elif isinstance(field.type, Array):
                    value = fill.element(element, number, lane)
                else:
                    value = fill.number(element, position)
                struct.pack_into(self.order + element.code, memory, at + field.offset + number * element.size, value)

    # ---- arguments

    def arguments(self, operation: Operation, call: int, count: int) -> list[Arguments]:
        """What `operation` is called with as the run's call number `call`, `count` tuples at most."""
        choices = [list(self._choices(operation, value, call)) for value in operation.body.parameters]
        longest = max(map(len, choices), default=1)
        tuples = (
            tuple(options[(turn + position) % len(options)] for position, options in enumerate(choices))
            for turn in range(longest)
        )
        different = list(dict.fromkeys(tuples))
        return [*different[:1], *self._with_one_row(operation, different[0]), *different[1:]][:count]

    def _with_one_row(self, operation: Operation, arguments: Arguments) -> list[Arguments]:
        """The same arguments with one row for all pointers of a type and one buffer, if it has several of one."""
        first: dict[Any, int | float] = {}
        pairs = zip(operation.body.parameters, arguments, strict=True)
        one = tuple(
            first.setdefault(v.type if isinstance(v.type, Pointer) else Buffer, given)
            if isinstance(v.type, (Pointer, Buffer))
            else given
            for v, given in pairs
        )
        return [one] if one != arguments else []

    def _choices(self, operation: Operation, value: ir.Value, call: int) -> Iterable[int | float]:
        if isinstance(value.type, (Pointer, Buffer)):
            return self._row_choices(operation, value, value.type, call)
        if any(isinstance(op, (ir.OtherLane, ir.Fence)) and op.number == value for op in operation.body.ops):
            return (0, 1, CPUS)
        if ir.is_length(value):
            return (0, Bytes.size, 2, 5 + call, 9 + call)  # copies move long and short data in different ways
        if value not in operation.body.given:
            return (self._of_array(operation, value),)
        lengths = [c.length for c in operation.body.checks if c.index == value and isinstance(c.length, int)]
        if lengths:
            return (call % lengths[0], lengths[0] - 1, lengths[0])
        own = 5 + 2 * call if not value.type.is_float else 1.25 + call
        if value.type.kind == "bool":
            return (1, 0)
        numbers = self.numbers(value.type)
        ends = (float("inf"), float("-inf")) if value.type.is_float else (numbers[-2],)
        return (own, *ends, *numbers[1:4], numbers[-1])

    def _row_choices(self, operation: Operation, value: ir.Value, type: Pointer | Buffer, call: int) -> Iterator[int]:
        if isinstance(type, Buffer):
            buffers = [one for one in operation.body.parameters if isinstance(one.type, Buffer)]
            yield self.row(Bytes, call * ROWS_PER_CALL + buffers.index(value) % ROWS_PER_CALL)
            return
        same = [one for one in operation.body.parameters if one.type == type]
        row = self.row(type.target, call * ROWS_PER_CALL + same.index(value) % ROWS_PER_CALL)
        yield self.indexed(type.target, row) if isinstance(type, Index) else row
        if value not in required_rows(operation.body):
            yield 0
        if isinstance(type, Index):
            yield self.rows_of_each + 1

    def _of_array(self, operation: Operation, value: ir.Value) -> int:
        """Where the rows are that an index is followed into, or how many."""
        (rows,) = (rows for rows in operation.body.rows if value in (rows.first, rows.length))
        return self.row(rows.target, 0) if value == rows.first else self.rows_of_each


class _Fill:
    """How records are filled."""

    def __init__(self, number: Any, element: Any, *, is_zero: bool = False, first_row: int = 0) -> None:
        self.number, self.element, self.is_zero, self.first_row = number, element, is_zero, first_row

    @classmethod
    def zero(cls) -> _Fill:
        """Nothing but zeros."""
        return cls(lambda type, position: 0, lambda type, number, lane: 0, is_zero=True)

    @classmethod
    def full(cls) -> _Fill:
        """The largest number everywhere, and lists of one row."""
        last = ROWS_PER_LANE - 1
        return cls(lambda type, position: _largest(type), lambda type, number, lane: _largest(type), first_row=last)

    @classmethod
    def of(cls, boundary: int) -> _Fill:
        """One number in all fields, as far as it fits; elements differ."""
        return cls(lambda type, position: type.wrap(boundary), _element)

    @classmethod
    def alone(cls, boundary: int, field: int) -> _Fill:
        """A number in one field, zeros in the others; elements differ."""
        return cls(lambda type, position: type.wrap(boundary if position == field else 0), _element)

    @classmethod
    def random(cls, cases: Cases, seed: int) -> _Fill:
        """Numbers where decisions change, picked at random."""
        dice = Random(seed)
        return cls(lambda type, position: dice.choice(cases.numbers(type)), _element)


def _element(type: Any, number: int, lane: int) -> int | float:
    value: int | float = type.wrap(10 + 100 * lane + 3 * number)
    return value


def _largest(type: Any) -> int | float:
    return 1e300 if type.is_float and type.size == 8 else 1e30 if type.is_float else type.maximum


def _whole(side: ir.Operand) -> list[int]:
    if isinstance(side, ir.Const) and not side.type.is_float and abs(side.number) < 1 << 63:
        return [int(side.number)]
    return []


def row_size(target: Any) -> int:
    """Bytes from row to row; those of a record lie side by side, as in an rseq.array."""
    return int(target.size) if isinstance(target, RecordType) else -(-int(target.size) // 8) * 8


def _pointed_to(record: RecordType) -> list[Any]:
    types = (getattr(field.type, "element", field.type) for field in record.fields.values())
    return [type.target for type in types if isinstance(type, Pointer)]
