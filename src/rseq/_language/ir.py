"""The intermediate representation: operations on virtual registers, with forward branches.

A `Body` is what a function means: parameters, a result type, and a flat list of operations. Registers (`Value`) may be
assigned more than once. Integers are always held extended to the register's full width, as their type says; every
operation brings its result back into its type. A sequence branches forward only; a routine may branch back (`while`).

An operation says itself what it computes with and assigns, which memory it reads and writes, where it goes on, and how
it is printed (see `Op`): a pass asks the operation, and lists no kinds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar

from rseq._language.errors import Span
from rseq._language.graph import Graph
from rseq._language.op import (
    COMPARISONS,
    MIRRORED,
    Address,
    ArithmeticName,
    BarrierName,
    BitCountName,
    ComparisonName,
    Const,
    ExceptionName,
    Op,
    Operand,
    Rows,
    ThreadName,
    Value,
    is_length,
    length_of,
    listed,
)
from rseq._language.types import Index, Pointer, RecordType, Scalar, shown

__all__ = [
    "COMPARISONS",
    "MIRRORED",
    "Address",
    "ArithmeticName",
    "ComparisonName",
    "Const",
    "Op",
    "Operand",
    "Rows",
    "Value",
    "is_length",
    "length_of",
]
"""What else is called ir.…: what operations work with."""


# ---- what computes


@dataclass(frozen=True)
class Set(Op, makes="target", takes="source", text="{target} = {source}"):
    """Copy `source` to `target`."""

    target: Value
    source: Operand
    span: Span


@dataclass(frozen=True)
class Arithmetic(Op, makes="target", takes="left right", text="{target} = {left} {operator} {right}"):
    """`target = left operator right`, in `target`'s type, which is that of both operands (a shift count aside)."""

    target: Value
    operator: ArithmeticName
    left: Operand
    right: Operand
    span: Span


@dataclass(frozen=True)
class Convert(Op, makes="target", takes="source", text="{target} = {target.type}({source})"):
    """Bring `source` into `target`'s type: wrap, extend, round, or saturate (float to integer; NaN gives 0)."""

    target: Value
    source: Value
    span: Span


@dataclass(frozen=True)
class CountBits(Op, makes="target", takes="source", text="{target} = {operator}({source})"):
    """Count the zeros below (`ctz`) or above (`clz`) the ones of `source`, or its ones (`bits`), in `source`'s type.

    Of 0, `ctz` and `clz` are the type's width.
    """

    target: Value
    operator: BitCountName
    source: Value
    span: Span


@dataclass(frozen=True)
class FloatBits(Op, makes="target", takes="source", text="{target} = float_bits({source})"):
    """The bits of a float, as an unsigned integer of its width (routines only)."""

    target: Value
    source: Value
    span: Span


@dataclass(frozen=True)
class CpuNumber(Op, makes="target", varies=True, text="{target} = cpu_number()"):
    """The number of the lane that the sequence runs on: that of its CPU; on the spare lane, the number of CPU lanes."""

    target: Value
    span: Span


@dataclass(frozen=True)
class Clock(Op, makes="target", varies=True, text="{target} = clock()"):
    """Read the architecture's counter: ticks at a constant rate, never backwards on one CPU. `target` is u64."""

    target: Value
    span: Span


@dataclass(frozen=True)
class ClockFrequency(Op, makes="target", text="{target} = clock_frequency()"):
    """How often the counter ticks in a second (routines only). `target` is u64."""

    target: Value
    span: Span


# ---- memory


@dataclass(frozen=True)
class Load(Op, makes="target", takes="address", reads="address", varies=True, text="{target} = {address}"):
    """Read memory; it may `acquire`: what follows sees what was stored before the release that it reads from."""

    target: Value
    address: Address
    span: Span
    acquire: bool = False


@dataclass(frozen=True)
class Store(Op, takes="address source", writes="address", text="{address} = {source}"):
    """Write memory. `commit`: this is the store that makes the sequence happen. In a routine it may `release`."""

    address: Address
    source: Operand
    span: Span
    commit: bool = False
    release: bool = False


@dataclass(frozen=True)
class AddStore(Op, takes="address source", reads="address", writes="address", text="{address} += {source}"):
    """Add to an integer in memory; one instruction where the architecture has one."""

    address: Address
    source: Operand
    span: Span
    commit: bool = False


OneStore = Store | AddStore
"""What writes in one piece: in a sequence, what may be the commit."""


@dataclass(frozen=True)
class Copy(
    Op,
    takes="target source nbytes",
    reads="source",
    writes="target",
    text="copy {nbytes} bytes, {source} to {target}",
):
    """Copy `nbytes` bytes (in 64 bits) from `source` to `target`, places of bytes that do not overlap.

    It has been checked that both have as many; `limit` is the most that it can be.
    """

    target: Address
    source: Address
    nbytes: Operand
    limit: int
    span: Span


@dataclass(frozen=True)
class Locate(Op, makes="target", takes="address", text="{target} = address of {address}"):
    """Take the address of a place in memory (of a row that is found by number; of commits that are joined)."""

    target: Value
    address: Address
    span: Span


# ---- other lanes, other threads: in routines only


@dataclass(frozen=True)
class LaneCount(Op, makes="target", text="{target} = lanes()"):
    """The number of lanes, the spare one included. `target` is u64."""

    target: Value
    span: Span


@dataclass(frozen=True)
class OtherLane(Op, makes="target", takes="number", text="{target} = lane({number})"):
    """The address of the record in lane `number`, which is one: see `LaneCount`."""

    target: Value
    number: Value
    span: Span


@dataclass(frozen=True)
class CompareExchange(
    Op,
    makes="target",
    takes="address expected desired",
    reads="address",
    writes="address",
    text="{target} = compare_exchange({address}, {expected}, {desired})",
):
    """Store `desired` if `expected` is there, in one step that acquires and releases; `target`: if it was."""

    target: Value
    address: Address
    expected: Operand
    desired: Operand
    span: Span


@dataclass(frozen=True)
class Barrier(Op, calls=True, text="{kind}()"):
    """Order all memory accesses (`full_fence`), spin politely (`relax`), or give up the time slice (`sched_yield`)."""

    kind: BarrierName
    span: Span


@dataclass(frozen=True)
class Fence(Op, makes="target", takes="number", calls=True, text="{target} = fence({number})"):
    """Restart the sequences that run on lane `number`, and order as a full fence; `target`: if that was possible."""

    target: Value
    number: Value
    span: Span


@dataclass(frozen=True)
class Thread(Op, makes="target", takes="of", calls=True, text="{target} = {kind}({of})"):
    """Ask for the calling thread's number (`thread_id`), or if thread `of` is proved to have ended (`thread_ended`).

    Or warn that something was taken from it (`took_over`): false if the warning was interrupted by an exception.
    """

    kind: ThreadName
    target: Value
    of: Operand | None
    span: Span


@dataclass(frozen=True)
class Refuse(Op, takes="holder", calls=True, ends=True, text="refuse({holder})"):
    """Leave with a RuntimeError: thread `holder` (0: nobody) has a lock. Or with the exception that is set already."""

    holder: Operand
    span: Span


@dataclass(frozen=True)
class Call(Op, makes="target more missing", takes="arguments", calls=True):
    """Run another sequence or routine on the same storage (routines only).

    Where the callee may return None, `missing` (a bool) says if it did; then `target` is not assigned.
    """

    target: Value | None
    callee: Any
    """A `Compiled`."""
    arguments: tuple[Operand, ...]
    span: Span
    missing: Value | None = None
    more: tuple[Value, ...] = ()

    def __str__(self) -> str:
        arguments = ", ".join(["cpu", *map(str, self.arguments)])
        targets = ", ".join(str(one) for one in (self.target, *self.more) if one is not None)
        return (f"{targets} = " if targets else "") + f"{self.callee.__name__}({arguments})"


# ---- where it goes on


@dataclass(frozen=True)
class Check(Op, takes="index length"):
    """Leave with an IndexError, without a commit, unless 0 <= index < length. `number` tells the faults apart.

    `length` is a u64 in a register where it is not known before; then the index may be `inclusive`, up to it. `text`
    and `written` are how the user wrote array and index; `fault` says what is wrong, where that is no index.
    """

    index: Value
    length: int | Value
    text: str
    written: str
    number: int
    span: Span
    fault: str = ""
    inclusive: bool = False
    exception: ClassVar[ExceptionName] = "IndexError"

    @property
    def sentence(self) -> str:
        """What is wrong if it fails."""
        if self.fault:
            return self.fault
        if isinstance(self.length, Value):
            return f"{self.written} is out of range for {self.text}"
        return f"{self.written} is out of range for {self.text}, which has {self.length} elements"

    def __str__(self) -> str:
        return f"check {self.index} {'<=' if self.inclusive else '<'} {self.length}, or {self.exception}"


@dataclass(frozen=True)
class Raise(Op, ends=True, text="raise {exception}"):
    """Leave with an exception that says `sentence`, without a commit. `number` tells the faults apart."""

    exception: ExceptionName
    sentence: str
    number: int
    span: Span


Fault = Check | Raise
"""What a function may leave with an exception of its own by."""


@dataclass(frozen=True)
class BranchIf(Op, takes="left right", to="label", text="if {left} {comparison} {right} goto {label}"):
    """Go to `label` if the comparison holds."""

    left: Operand
    comparison: ComparisonName
    right: Operand
    label: str
    span: Span


@dataclass(frozen=True)
class Jump(Op, to="label", ends=True, text="goto {label}"):
    """Go to `label`."""

    label: str
    span: Span


@dataclass(frozen=True)
class Label(Op, here="name", text="{name}:"):
    """A place to go to."""

    name: str
    span: Span


@dataclass(frozen=True)
class Return(Op, takes="value more", ends=True):
    """Leave, with a value unless the function returns nothing, or may return None; a tuple has `more`."""

    value: Operand | None
    span: Span
    more: tuple[Operand, ...] = ()

    def __str__(self) -> str:
        return f"return {', '.join(str(one) for one in self.all)}".rstrip()

    @property
    def all(self) -> tuple[Operand, ...]:
        """What is returned, one by one."""
        return () if self.value is None else (self.value, *self.more)


@dataclass(frozen=True)
class Body:
    """What a function means. `lane` is the name of its first parameter, `record` the type of that.

    `checks` are the bounds of parameters that index an array of the record. They are made before a sequence is entered.
    `apart` are the pairs of pointers and buffers that must not be the same memory, which is checked there, too; with
    `may_alias` there are none, as the sequence is right either way.
    """

    name: str
    record: RecordType
    lane: str
    parameters: tuple[Value, ...]
    result: Scalar | Pointer | None
    """The type of what it returns; of a tuple, that of the first part."""
    ops: tuple[Op, ...]
    span: Span
    checks: tuple[Check, ...] = ()
    release: bool = False
    acquire: bool = False
    maybe: bool = False
    """True if None is a result, too (`-> i64 | None`)."""
    rows: tuple[Rows, ...] = ()
    """The arrays that an `index[T]` is followed into; their registers are the last of `parameters`."""
    may_alias: bool = False
    apart: tuple[tuple[Value, Value], ...] = ()
    defaults: Mapping[str, int | float] = field(default_factory=dict)
    more: tuple[Scalar, ...] = ()
    """The types of the other parts of a tuple."""

    @cached_property
    def graph(self) -> Graph:
        """Which operations may follow which."""
        return Graph(self.ops)

    @property
    def results(self) -> tuple[Scalar | Pointer, ...]:
        """The types of all that it returns."""
        return () if self.result is None else (self.result, *self.more)

    @property
    def given(self) -> tuple[Value, ...]:
        """The parameters that the user has written: without the lengths of buffers, and without `rows`."""
        written = self.parameters[: len(self.parameters) - 2 * len(self.rows)]
        return tuple(value for value in written if not is_length(value))

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What it may leave with an exception by, before it is entered and inside, in the order of their numbers."""
        inside = (op for op in self.ops if isinstance(op, Fault))
        return tuple(sorted((*self.checks, *inside), key=lambda fault: fault.number))

    @property
    def callees(self) -> tuple[Any, ...]:
        """The sequences and routines that it calls, each once."""
        return tuple(dict.fromkeys(op.callee for op in self.ops if isinstance(op, Call)))

    def rows_of(self, index: Index) -> Rows:
        """The array that an index is followed into."""
        return next(rows for rows in self.rows if rows.target is index.target)

    @property
    def same_row(self) -> str:
        """What is wrong if two parameters that must be apart are not."""
        if not self.apart:  # a routine: its sequences ask, not the routine itself
            return "it calls a sequence with one row or buffer for two"
        rows = all(isinstance(value.type, Pointer) for pair in self.apart for value in pair)
        pairs = " or ".join(f"{one} and {other}" for one, other in self.apart)
        are, two = ("are the same row", "two rows") if rows else ("overlap", "two that are apart")
        return f"{pairs} {are}; what is read of one is overwritten in the other: pass {two}"

    def with_ops(self, ops: tuple[Op, ...]) -> Body:
        return replace(self, ops=ops)

    def __str__(self) -> str:
        parameters = "".join(f", {value}: {value.type}" for value in self.parameters)
        result = f" -> {shown(self.results)}{' | None' if self.maybe else ''}" if self.results else ""
        head = f"{self.name}({self.lane}: {self.record.__name__}{parameters}){result}:"
        checks = [*map(str, self.checks), *(f"check {p} apart from {q}, or ValueError" for p, q in self.apart)]
        return "\n".join([head, *(f"    {check}    # before the section" for check in checks), *listed(self.ops)])
