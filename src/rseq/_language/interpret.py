"""Runs a body in plain Python: what a sequence or routine means, operation by operation.

This is the oracle that machine code is compared with, on every architecture and on the spare lane,
so it shares nothing with them but the IR: it works on the body as it was parsed, before commits are
joined and divisions lowered. Arithmetic is the language's: integers wrap, shift counts are masked, `//`
and `%` floor, float to integer saturates, f32 is rounded after each operation, nothing traps.

    memory = Memory.of(Items, lanes=2)
    run(push.body, memory, [7], cpu=1)        # True, and lane 1 of `memory` has changed

Memory is bytes at addresses, so it can also stand for that of a real process: give each block
the address that it has there. Pointers are addresses; 0 is None.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rseq._language import ir
from rseq._language.errors import Span
from rseq._language.numbers import compare, computed, converted, counted_bits, float_bits
from rseq._language.op import ThreadName
from rseq._language.types import Index, Pointer, RecordType, Scalar, Word

Number = int | float
Result = int | float | bool | tuple[int | float | bool, ...] | None
"""What a function returns."""

TICKS_PER_SECOND = 1_000_000_000
"""What `clock_frequency()` answers."""

_FIRST_LANE = 1 << 32
_FIRST_ROW = 1 << 40
_GAP = 1 << 12
_MASK = (1 << 64) - 1
_EXCEPTIONS = {kind.__name__: kind for kind in (IndexError, ValueError, ZeroDivisionError)}


class FaultError(Exception):
    """A load or store where there is no memory: machine code would have died, or worse."""


class LimitError(Exception):
    """More operations than were allowed: a routine that waits for something that nobody else will do."""


@dataclass
class Memory:
    """Blocks of bytes by address, with nothing between them. The record of lane `cpu` is at base + cpu * stride.

    `blocks` may be read and changed at will between runs.
    """

    blocks: dict[int, bytearray]
    base: int = _FIRST_LANE
    stride: int = 0
    order: str = "="
    """The byte order, as struct writes it."""
    lanes: int = 1
    """How many lanes there are; the last one is the spare one."""
    ticks: int = 0
    """What `clock()` answers next."""
    span: Span | None = None
    """Where the operation stands that is being run."""
    thread: int = 1
    """The calling thread's number. All others have ended."""
    watch: Callable[[ir.Body, int, Mapping[ir.Value, Number]], None] | None = None
    """Is told of each operation that is about to be run: whose, which, and what the registers hold."""
    arrays: dict[RecordType, tuple[int, int]] = field(default_factory=dict)
    """Where an `index[T]` leads to: the address of the first row of T, and how many there are."""

    @classmethod
    def of(cls, record: RecordType, lanes: int = 1) -> Memory:
        """Zeroed lanes of one record each."""
        stride = record.size + _GAP
        blocks = {_FIRST_LANE + cpu * stride: bytearray(record.size) for cpu in range(lanes)}
        return cls(blocks, stride=stride, lanes=lanes)

    def add(self, nbytes: int) -> int:
        """A new block of zeros, such as the rows of an array; its address."""
        taken = [address + len(block) for address, block in self.blocks.items() if address >= _FIRST_ROW]
        address = -(-max(taken, default=_FIRST_ROW) // _GAP) * _GAP + _GAP
        self.blocks[address] = bytearray(nbytes)
        return address

    def add_rows(self, record: RecordType, count: int) -> int:
        """A new array of zeroed rows, the one that an `index[record]` counts in; its address."""
        address = self.add(count * record.size)
        self.arrays[record] = (address, count)
        return address

    def lane(self, cpu: int) -> int:
        """The address of the record in lane `cpu`."""
        return self.base + cpu * self.stride

    def copy(self) -> Memory:
        """The same memory, to change apart."""
        blocks = {address: bytearray(block) for address, block in self.blocks.items()}
        return Memory(blocks, self.base, self.stride, self.order, self.lanes, self.ticks, arrays=dict(self.arrays))

    def clock(self) -> int:
        """The counter, which is later each time."""
        self.ticks += 1
        return self.ticks - 1

    def load(self, address: int, type: Word) -> Number:
        """The number at `address`. Raises: FaultError - there is no memory."""
        block, offset = self._find(address, type)
        loaded: Number = struct.unpack_from(self.order + type.code, block, offset)[0]
        return loaded

    def store(self, address: int, type: Word, number: Number) -> None:
        """Write the number at `address`. Raises: FaultError - there is no memory."""
        block, offset = self._find(address, type)
        struct.pack_into(self.order + type.code, block, offset, number)

    def load_acquire(self, address: int, type: Word) -> Number:
        """`load`; what follows sees what was stored before what it reads."""
        return self.load(address, type)

    def compare_exchange(self, address: int, type: Word, expected: Number, desired: Number) -> bool:
        """Store `desired` if `expected` is there; if it was."""
        is_there = self.load(address, type) == expected
        if is_there:
            self.store(address, type, desired)
        return is_there

    def ask(self, kind: ThreadName, of: Number | None) -> Number:
        """The calling thread's number, or what is known of thread `of`."""
        return self.thread if of is None else int(of != self.thread)

    def fence(self, number: int) -> bool:
        """Restart what runs on lane `number`: if that can be done. The spare lane's sequences have a lock instead."""
        return number < self.lanes - 1

    def call(self, function: Callable[[], tuple[Number, ...]]) -> tuple[Number, ...]:
        """Run a function that a routine calls."""
        return function()

    def read(self, address: int, nbytes: int) -> bytes:
        """`nbytes` bytes from `address` on. Raises: FaultError - there is no memory."""
        if not nbytes:
            return b""
        block, offset = self._block(address, nbytes, f"{nbytes} bytes")
        return bytes(block[offset : offset + nbytes])

    def write(self, address: int, data: bytes) -> None:
        """Write `data` from `address` on. Raises: FaultError - there is no memory."""
        if data:
            block, offset = self._block(address, len(data), f"{len(data)} bytes")
            block[offset : offset + len(data)] = data

    def _find(self, address: int, type: Word) -> tuple[bytearray, int]:
        return self._block(address, type.size, f"a {type}")

    def _block(self, address: int, nbytes: int, what: str) -> tuple[bytearray, int]:
        for start, block in self.blocks.items():
            if start <= address and address + nbytes <= start + len(block):
                return block, address - start
        raise FaultError(f"{what} at {address:#x} is in no block of this memory")


def run(
    body: ir.Body, memory: Memory, arguments: Sequence[Number] = (), *, cpu: int = 0, limit: int = 1_000_000
) -> Result:
    """Run `body` as a whole on lane `cpu` of `memory`, which it changes; what it returns.

    `arguments` are those after the lane, a buffer as its address and its length; the last ones may be left out if they
    have defaults. They are brought into their types. A pointer is an address, also as a result.

    Raises: ValueError - two pointers that must be apart are the same row. IndexError - a bounds check failed: what had
    been prepared until then is in memory, nothing is committed (a routine's sequences that had ended are).
    ZeroDivisionError - a routine divided by zero. RuntimeError - a routine refused. FaultError - a pointer led nowhere.
    LimitError - more than `limit` operations, those of called functions included. TypeError - too many or too few
    arguments.
    """
    found = _Run(memory, cpu, limit).body(body, _complete(body, arguments, memory))
    pairs = zip(found, body.results, strict=False)
    numbers = tuple(bool(number) if type.kind == "bool" else number for number, type in pairs)
    return numbers if len(numbers) > 1 else next(iter(numbers), None)


class _Run:
    def __init__(self, memory: Memory, cpu: int, limit: int) -> None:
        self.memory = memory
        self.cpu = cpu
        self.left = limit

    def body(self, body: ir.Body, arguments: Sequence[Number]) -> tuple[Number, ...]:
        values = _bound(body, arguments)
        for check in body.checks:
            _check(check, values)
        if any(_overlap(_extent(one, values, body), _extent(other, values, body)) for one, other in body.apart):
            raise ValueError(f"{body.name}(): {body.same_row}")
        frame, ways = _Frame(self, values), body.graph.next
        watch = self.memory.watch
        index = 0
        while True:
            self.left -= 1
            if self.left < 0:
                raise LimitError(f"{body.name}() has not ended within the limit of operations")
            op = body.ops[index]
            if watch is not None:
                watch(body, index, values)
            if isinstance(op, ir.Return):
                return tuple(map(frame.get, op.all))
            if isinstance(op, ir.BranchIf):
                index = ways[index][not frame.holds(op)]
            else:
                frame.step(op)
                (index,) = ways[index]


def _complete(body: ir.Body, arguments: Sequence[Number], memory: Memory) -> list[Number]:
    """`arguments`, those that were left out, and where the rows are."""
    given = list(arguments)
    written = body.parameters[: len(body.parameters) - 2 * len(body.rows)]  # a buffer's length is an argument here
    given += [body.defaults[value.name] for value in written[len(given) :] if value.name in body.defaults]
    if len(given) == len(written):
        missing = [rows.target.__name__ for rows in body.rows if rows.target not in memory.arrays]
        if missing:
            raise TypeError(f"{body.name}() follows an index[{missing[0]}], and Memory.arrays has none of them")
        given += [number for rows in body.rows for number in memory.arrays[rows.target]]
    if len(given) != len(body.parameters):
        raise TypeError(f"{body.name}() takes {len(written)} arguments after {body.lane}; got {len(arguments)}")
    return given


def _bound(body: ir.Body, arguments: Sequence[Number]) -> dict[ir.Value, Number]:
    pairs = zip(body.parameters, arguments, strict=True)
    return {value: value.type.wrap(n) if isinstance(value.type, Scalar) else int(n) for value, n in pairs}


def _extent(value: ir.Value, values: Mapping[ir.Value, Number], body: ir.Body) -> range:
    """The memory that a pointer, an index or a buffer stands for; None stands for nothing."""
    start = int(values[value])
    if not isinstance(value.type, Pointer):
        return range(start, start + int(values[ir.length_of(value)]))
    size = value.type.target.size if start else 0
    if isinstance(value.type, Index):
        start = int(values[body.rows_of(value.type).first]) + (start - 1) * value.type.target.size
    return range(start, start + size)


def _overlap(one: range, other: range) -> bool:
    return max(one.start, other.start) < min(one.stop, other.stop)


def _check(check: ir.Check, values: Mapping[ir.Value, Number]) -> None:
    length = values[check.length] if isinstance(check.length, ir.Value) else check.length
    if not 0 <= int(values[check.index]) & _MASK < length + check.inclusive:
        raise IndexError(check.sentence)


class _Frame:
    """The registers of one function that is being run. It has a method for each kind of operation that is a step."""

    def __init__(self, run: _Run, values: dict[ir.Value, Number]) -> None:
        self.run = run
        self.memory = run.memory
        self.values = values

    def get(self, operand: ir.Operand) -> Number:
        return operand.number if isinstance(operand, ir.Const) else self.values[operand]

    def holds(self, op: ir.BranchIf) -> bool:
        return compare(self.get(op.left), op.comparison, self.get(op.right))

    def step(self, op: ir.Op) -> None:
        """Run one operation. Those that compute give the result; those that only lead elsewhere have no method."""
        step = _STEPS.get(type(op))
        if step is not None:
            self.memory.span = op.span
            made = step(self, op)
            if made is not None and op.result is not None:
                self.values[op.result] = made

    def _set(self, op: ir.Set) -> Number:
        return self.get(op.source)

    def _arithmetic(self, op: ir.Arithmetic) -> Number:
        assert isinstance(op.target.type, Scalar)
        return computed(op.operator, self.get(op.left), self.get(op.right), op.target.type)

    def _convert(self, op: ir.Convert) -> Number:
        assert isinstance(op.target.type, Scalar)
        return converted(self.get(op.source), op.target.type)

    def _countbits(self, op: ir.CountBits) -> Number:
        return counted_bits(op.operator, int(self.get(op.source)), op.source.type.bits)

    def _floatbits(self, op: ir.FloatBits) -> Number:
        assert isinstance(op.source.type, Scalar)
        return float_bits(self.get(op.source), op.source.type)

    def _cpunumber(self, op: ir.CpuNumber) -> Number:
        return self.run.cpu

    def _clock(self, op: ir.Clock) -> Number:
        return self.memory.clock()

    def _clockfrequency(self, op: ir.ClockFrequency) -> Number:
        return TICKS_PER_SECOND

    def _load(self, op: ir.Load) -> Number:
        load = self.memory.load_acquire if op.acquire else self.memory.load
        return load(self._at(op.address), op.address.type)

    def _store(self, op: ir.Store) -> None:
        self.memory.store(self._at(op.address), op.address.type, self.get(op.source))

    def _addstore(self, op: ir.AddStore) -> None:
        at, type = self._at(op.address), op.address.type
        assert isinstance(type, Scalar)
        self.memory.store(at, type, type.wrap(self.memory.load(at, type) + self.get(op.source)))

    def _copy(self, op: ir.Copy) -> None:
        nbytes = int(self.get(op.nbytes))
        assert nbytes <= op.limit, op
        self.memory.write(self._at(op.target), self.memory.read(self._at(op.source), nbytes))

    def _locate(self, op: ir.Locate) -> Number:
        return self._at(op.address)

    def _lanecount(self, op: ir.LaneCount) -> Number:
        return self.memory.lanes

    def _otherlane(self, op: ir.OtherLane) -> Number:
        return self.memory.lane(int(self.values[op.number]))

    def _compareexchange(self, op: ir.CompareExchange) -> Number:
        at, numbers = self._at(op.address), (self.get(op.expected), self.get(op.desired))
        return int(self.memory.compare_exchange(at, op.address.type, *numbers))

    def _barrier(self, op: ir.Barrier) -> None:
        """One operation comes after the other here."""

    def _fence(self, op: ir.Fence) -> Number:
        return int(self.memory.fence(int(self.values[op.number])))

    def _thread(self, op: ir.Thread) -> Number:
        return self.memory.ask(op.kind, None if op.of is None else self.get(op.of))

    def _refuse(self, op: ir.Refuse) -> None:
        raise RuntimeError(f"thread {int(self.get(op.holder))} holds the lock")

    def _check(self, op: ir.Check) -> None:
        _check(op, self.values)

    def _raise(self, op: ir.Raise) -> None:
        raise _EXCEPTIONS[op.exception](op.sentence)

    def _at(self, address: ir.Address) -> int:
        base = self.memory.lane(self.run.cpu) if address.base is None else self.values[address.base]
        index = 0 if address.index is None else self.values[address.index]
        return int(base) + address.offset + int(index) * address.scale

    def _call(self, op: ir.Call) -> Number | None:
        arguments = [self.get(argument) for argument in op.arguments]
        body, run = op.callee.body, self.run
        is_whole = op.callee.kind == "sequence"  # a routine is no whole: others come between its accesses
        found = self.memory.call(lambda: run.body(body, arguments)) if is_whole else run.body(body, arguments)
        if op.missing is not None:
            self.values[op.missing] = int(not found)
        self.values.update(zip(op.more, found[1:], strict=False))
        return found[0] if found else 0


_STEPS: Mapping[type[ir.Op], Callable[[_Frame, Any], Number | None]] = {
    kind: getattr(_Frame, f"_{kind.verb}") for kind in ir.Op.__subclasses__() if hasattr(_Frame, f"_{kind.verb}")
}
