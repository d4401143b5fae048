"""Where lanes, rows and buffers are, what they begin with, and the numbers that operations are called with first.

A record may say what memory begins with: `starts(lanes)` gets the lanes as a NumPy array, as zeros, and fills them; as
a generator it does so again before each `yield`. Without it, lanes begin as zeros. It may say which lanes there can be:
`reachable(lane)` gets a lane as a NumPy record, and what it says no to is not tried.

Numbers are taken where decisions change: around the constants that the operations compare with and the lengths
of arrays, 0, 1 and the ends of each type; and two fields that are compared differ by these. The two lanes differ,
so that one taken for the other shows. Elements of arrays are all different. What is random is the same in each run.
What is made of all this, see `search`.

Rows belong to somebody: each operation that is called with rows has its own, and each lane has some that its
pointers may lead to. Two lanes never share one, and no list of them has a circle.
"""

from __future__ import annotations

import inspect
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest
from random import Random
from typing import Any, NamedTuple

from rseq._check.code import Bytes, Operation
from rseq._check.flow import Flow
from rseq._check.machine import LANES, Layout
from rseq._check.said import said_of
from rseq._language import ir
from rseq._language.pointers import required_rows
from rseq._language.types import Array, Buffer, Index, Pointer, RecordType, Scalar
from rseq._once import load

CPUS = 2
ROWS_PER_CALL = 2
ROWS_PER_LANE = 2
_GAP = 16

RANDOM_STATES = 8

Arguments = tuple[int | float, ...]


class Pick(NamedTuple):
    """One of the choices that there are for a parameter; which number that is depends on the call."""

    number: int


Given = tuple[Pick | int | float, ...]
"""Arguments, before it is known whose they are."""

IN_LANE = -1
"""Instead of a call's number: rows that belong to the first lane."""


@dataclass
class Cases:
    """The cases of operations on one record, for runs in which `calls` operations take part."""

    operations: Sequence[Operation]
    calls: int
    order: str = "<"
    first: int = 0
    """The lane of the CPU on which operations are interrupted: what that lane holds is what matters."""

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

    @cached_property
    def led(self) -> set[bytes]:
        """Memories that the operations were seen to lead to."""
        return set()

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

    def starts(self) -> list[bytes]:
        """What memory begins with, as the record says it, or zeros; the other lane has something else in it.

        Raises: ValueError - what it begins with cannot be, as the record says it.
        """
        begin = getattr(self.record, "starts", None)
        if not callable(begin):
            started = [self._memory(_Fill.zero(), other) for other in (_Fill.random(self, 1), _Fill.zero())]
            return self._begun("a lane of zeros", [one for one in started if self.can_be(one)][:1])
        load("numpy")
        import numpy as np

        order: Any = self.order
        lanes = np.zeros(CPUS + 1, self.record.dtype.newbyteorder(order))
        filled = begin(lanes)
        found = []
        for _ in filled if inspect.isgenerator(filled) else [None]:
            memory = bytearray(self._memory(_Fill.zero(), _Fill.zero()))
            for lane in range(CPUS + 1):
                memory[lane * self.stride : lane * self.stride + self.record.size] = lanes[lane].tobytes()
            found.append(bytes(memory))
        return self._begun("a lane as starts() fills it", found if all(map(self.can_be, found)) else [])

    def _begun(self, what: str, found: list[bytes]) -> list[bytes]:
        if not found:
            name = self.record.__name__
            raise ValueError(
                f"{name}: {what} cannot be, says {name}.reachable(); say in {name}.starts(lanes) what lanes begin with"
            )
        return found

    def can_be(self, shared: bytes) -> bool:
        """True if the lanes can be as they are, as far as the record says which can."""
        if not hasattr(self.record, "reachable"):
            return True
        lanes = (shared[lane * self.stride :][: self.record.size] for lane in range(CPUS))
        return all(self._is_reachable(lane) for lane in lanes)

    def _is_reachable(self, lane: bytes) -> bool:
        if lane not in self._reachable:
            self._reachable[lane] = bool(said_of("reachable", self.record, lane, self.order))
        return self._reachable[lane]

    @cached_property
    def _reachable(self) -> dict[bytes, bool]:
        return {}

    def filled(self) -> list[bytes]:
        """Memory with numbers at which operations decide, whether or not they ever leave it so, unless it cannot be."""
        boundaries = self._boundaries()
        alone = [_Fill.of({position: boundaries[0]}) for position in self._numbers_in_lane()]
        equal = [_Fill.of({}, boundary) for boundary in boundaries]
        random = [_Fill.random(self, seed) for seed in range(1, 1 + RANDOM_STATES)]
        telling = [fill for pair in zip_longest(alone, equal, random) for fill in pair if fill is not None]
        chosen = [_Fill.zero(), random[0], _Fill.of({}, -1), _Fill.full(), *telling, *self._differing()]
        pairs = ((fill, chosen[(position + 1) % len(chosen)]) for position, fill in enumerate(chosen))
        if not hasattr(self.record, "reachable"):
            return list(dict.fromkeys(self._memory(fill, other) for fill, other in pairs))
        alike = dict.fromkeys(self._memory(fill, fill) for fill in chosen)
        return [memory for memory in alike if self.can_be(memory)]

    def _differing(self) -> Iterator[_Fill]:
        """Two fields that are compared differ by a constant, or by one more or less, also around the types' ends."""
        names = list(self.record.fields)
        pairs = {pair for operation in self.operations for pair in Flow(operation.body).pairs}
        for one, other in sorted(tuple(sorted(pair)) for pair in pairs):
            for low, high in ((names.index(one), names.index(other)), (names.index(other), names.index(one))):
                for boundary in self._boundaries():
                    for base in (1, -1 - abs(boundary) // 2):
                        yield _Fill.of({low: base, high: base + boundary})

    def _numbers_in_lane(self) -> list[int]:
        """Which of the record's fields are single numbers."""
        fields = enumerate(self.record.fields.values())
        return [position for position, field in fields if isinstance(field.type, Scalar) and not field.prepared]

    def _boundaries(self) -> list[int]:
        """The constants and what is beside them, the largest and therefore most telling first."""
        return list(dict.fromkeys(number + step for number in reversed(self.constants) for step in (0, -1, 1)))

    def _memory(self, fill: _Fill, other: _Fill) -> bytes:
        memory = bytearray(self.layout.nbytes)
        for lane, content in ((self.first, fill), (1 - self.first, other)):
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
            element = field.element
            for number in range(field.count):
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

    def beside(self, shared: bytes, other: bytes) -> bytes:
        """The first lane of one memory, and that of another in the other lane. Rows belong to lanes."""
        at, there = self.first * self.stride, (1 - self.first) * self.stride
        content = other[at : at + self.stride]
        return shared[:there] + content + shared[there + self.stride :]

    def numbers_of(self, shared: bytes, lane: int) -> list[int]:
        """The single numbers in a lane."""
        found: list[int] = []
        for field in self.record.fields.values():
            if isinstance(field.type, Scalar) and not field.type.is_float:
                found += struct.unpack_from(self.order + field.type.code, shared, lane * self.stride + field.offset)
        return found

    def free_rows(self, operation: Operation, shared: bytes) -> bool:
        """True if no memory leads to the rows that the first lane would give to `operation`."""
        given = self.resolved(operation, self.first_given(operation), IN_LANE)
        pairs = zip(operation.body.parameters, given, strict=True)
        mine = {(v.type.target, number) for v, number in pairs if isinstance(v.type, Pointer)}
        return not mine & set(self._led_to(shared))

    def _led_to(self, shared: bytes) -> Iterator[tuple[Any, int]]:
        """What pointers in memory hold."""
        records = [(self.record, lane * self.stride) for lane in range(CPUS)]
        for target in self.targets:
            if isinstance(target, RecordType):
                records += [(target, self.row(target, number) - LANES) for number in range(self.rows_of_each)]
        for record, at in records:
            for field in record.fields.values():
                if isinstance(field.element, Pointer):
                    form = f"{self.order}{field.count}{field.element.code}"
                    for stored in struct.unpack_from(form, shared, at + field.offset):
                        yield field.element.target, stored

    # ---- arguments

    def first_given(self, operation: Operation) -> Given:
        """The first choice for each parameter."""
        return tuple(Pick(0) for _ in operation.body.parameters)

    def _in_turns(self, operation: Operation) -> list[Given]:
        """Each choice for each parameter once."""
        counts = [self._rotated(operation, value) for value in operation.body.parameters]
        return [
            tuple(Pick((turn + position) % count) for position, count in enumerate(counts))
            for turn in range(max(counts, default=1))
        ]

    def ends(self, operation: Operation) -> list[Given]:
        """Two of these that differ much."""
        tuples = self._in_turns(operation)
        return [tuples[0], tuples[-1]]

    def given(self, operation: Operation) -> list[Given]:
        """What `operation` is called with, whatever is in memory. What belongs to a call differs from call to call."""
        parameters, tuples = operation.body.parameters, self._in_turns(operation)
        lanes = [self.is_lane(operation, value) for value in parameters]
        elsewhere = [
            tuple(Pick(lane) if is_lane else pick for is_lane, pick in zip(lanes, tuples[0], strict=True))
            for lane in range(1, CPUS + 1)
        ]
        found = [*tuples[:1], *self._with_one_row(operation), *tuples[1:], *elsewhere]
        return list(dict.fromkeys(found))

    def _rotated(self, operation: Operation, value: ir.Value) -> int:
        """How many of the choices for a parameter go round; results have room, and lanes are taken one by one."""
        if self.is_lane(operation, value) or _is_room(operation, value):
            return 1
        return len(self._listed(operation, value, 0)) - _is_second(operation, value)

    def resolved(self, operation: Operation, given: Given, call: int) -> Arguments:
        """The arguments of the run's call number `call`."""
        pairs = zip(operation.body.parameters, given, strict=True)
        return tuple(self._listed(operation, v, call)[g.number] if isinstance(g, Pick) else g for v, g in pairs)

    def is_lane(self, operation: Operation, value: ir.Value) -> bool:
        """True of a parameter that is a lane's number."""
        if operation not in self._lane_numbers:
            ops = (op for op in operation.body.ops if isinstance(op, (ir.OtherLane, ir.Fence)))
            self._lane_numbers[operation] = frozenset(op.number for op in ops)
        return value in self._lane_numbers[operation]

    @cached_property
    def _lane_numbers(self) -> dict[Operation, frozenset[ir.Value]]:
        return {}

    def may_be(self, operation: Operation, value: ir.Value, number: int) -> bool:
        """True if a parameter may be any number, and so this one."""
        if not isinstance(value.type, Scalar) or value.type.is_float or self.is_lane(operation, value):
            return False
        if ir.is_length(value):
            return 0 <= number <= Bytes.size
        return value in operation.body.given and value.type.minimum <= number <= value.type.maximum

    def _listed(self, operation: Operation, value: ir.Value, call: int) -> list[int | float]:
        key = operation, value, call
        if key not in self._lists:
            self._lists[key] = list(self._choices(operation, value, call))
        return self._lists[key]

    @cached_property
    def _lists(self) -> dict[Any, list[int | float]]:
        return {}

    def _with_one_row(self, operation: Operation) -> list[Given]:
        """One row for all pointers of a type, and one buffer, if it has several of one."""
        parameters = operation.body.parameters
        one = tuple(Pick(len(self._listed(operation, v, 0)) - 1 if _is_second(operation, v) else 0) for v in parameters)
        return [one] if any(_is_second(operation, value) for value in parameters) else []

    def _choices(self, operation: Operation, value: ir.Value, call: int) -> Iterable[int | float]:
        if isinstance(value.type, (Pointer, Buffer)):
            return self._row_choices(operation, value, value.type, call)
        if self.is_lane(operation, value):
            return (self.first, 1 - self.first, CPUS)
        if ir.is_length(value):
            short = (0, 2, 5 + call, 9 + call)  # copies move long and short data in different ways
            return (Bytes.size, *short) if _is_room(operation, value) else (*short[2:], Bytes.size, *short[:2])
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
        """Its own, others; of the second of a kind, that of the first as the last choice."""
        same = [one for one in operation.body.parameters if _kind(one) == _kind(value)]
        yield self._given_row(type, call, same.index(value))
        if isinstance(type, Pointer) and value not in required_rows(operation.body):
            yield 0
        if isinstance(type, Index):
            yield self.rows_of_each + 1
        if _is_second(operation, value):
            yield self._given_row(type, call, 0)

    def _given_row(self, type: Pointer | Buffer, call: int, number: int) -> int:
        target = type.target if isinstance(type, Pointer) else Bytes
        if call == IN_LANE:
            row = self._lane_row(target, self.first, number % ROWS_PER_LANE)
        else:
            row = self.row(target, call * ROWS_PER_CALL + number % ROWS_PER_CALL)
        return self.indexed(target, row) if isinstance(type, Index) else row

    def _of_array(self, operation: Operation, value: ir.Value) -> int:
        """Where the rows are that an index is followed into, or how many."""
        (rows,) = (rows for rows in operation.body.rows if value in (rows.first, rows.length))
        return self.row(rows.target, 0) if value == rows.first else self.rows_of_each


def _kind(value: ir.Value) -> object:
    """What rows a parameter may share with another one; None for numbers."""
    return value.type if isinstance(value.type, Pointer) else Buffer if isinstance(value.type, Buffer) else None


def _is_room(operation: Operation, value: ir.Value) -> bool:
    """True of the length of a buffer that results are stored to."""
    buffers = [one for one in operation.body.parameters if isinstance(one.type, Buffer) and one.type.writable]
    return any(value == ir.length_of(one) for one in buffers)


def _is_second(operation: Operation, value: ir.Value) -> bool:
    """True of a pointer or buffer if there is one of its kind before it."""
    same = [one for one in operation.body.parameters if _kind(one) == _kind(value)]
    return _kind(value) is not None and same[0] != value


def _element(type: Any, number: int, lane: int) -> Any:
    return type.wrap(10 + 100 * lane + 3 * number)


@dataclass(frozen=True)
class _Fill:
    """How records are filled: with which number, of a type, each field in turn, and each element of an array."""

    number: Callable[[Any, int], Any]
    element: Callable[[Any, int, int], Any] = _element
    is_zero: bool = False
    first_row: int = 0

    @classmethod
    def zero(cls) -> _Fill:
        """Nothing but zeros."""
        return cls(lambda type, position: 0, lambda type, number, lane: 0, is_zero=True)

    @classmethod
    def full(cls) -> _Fill:
        """The largest number everywhere, and lists of one row."""
        return cls(lambda type, _: _largest(type), lambda type, *_: _largest(type), first_row=ROWS_PER_LANE - 1)

    @classmethod
    def of(cls, numbers: Mapping[int, int], others: int = 0) -> _Fill:
        """These numbers in some fields, and one in the others, as far as they fit; elements differ."""
        return cls(lambda type, position: type.wrap(numbers.get(position, others)))

    @classmethod
    def random(cls, cases: Cases, seed: int) -> _Fill:
        """Numbers where decisions change, picked at random."""
        dice = Random(seed)
        return cls(lambda type, position: dice.choice(cases.numbers(type)))


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
    return [field.element.target for field in record.fields.values() if isinstance(field.element, Pointer)]
