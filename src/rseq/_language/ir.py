"""The intermediate representation: a dozen operations on virtual registers, with forward branches.

A `Body` is what a function means: parameters, a result type, and a flat list of operations.
Registers (`Value`) may be assigned more than once. Integers are always held extended to the
register's full width, as their type says; every operation brings its result back into its type.
A sequence branches forward only; a routine may branch back (`while`).

Each operation is a frozen dataclass with the `Span` that it comes from, and prints itself as a
line of pseudo-code.

    Set         a = b                       Load      a = cpu.count
    Arithmetic  a = b + c                   Store     cpu.slots[n] = a
    Convert     a = i64(b)                  AddStore  cpu.value += a
    CpuNumber   a = cpu_number()            Check     n < 64, or IndexError
    Clock       a = clock()                 CountBits a = ctz(b)
    Copy        copy n bytes, q to p        FloatBits a = float_bits(b)
    BranchIf    if a < b goto L             Call      a = push(cpu, b)
    Jump        goto L                      Return    return a
    Label       L:

and in routines, what crosses CPUs: LaneCount, OtherLane, CompareExchange, Barrier, Fence, loads that acquire and
stores that release.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from rseq._language.errors import Span
from rseq._language.types import SCALARS, Index, Pointer, RecordType, Scalar, Word

if TYPE_CHECKING:
    from rseq._language.compiled import Compiled

__all__ = [
    "COMPARISONS",
    "AddStore",
    "Address",
    "Arithmetic",
    "Barrier",
    "Body",
    "BranchIf",
    "Call",
    "Check",
    "Clock",
    "CompareExchange",
    "Const",
    "Convert",
    "Copy",
    "CountBits",
    "CpuNumber",
    "Fence",
    "FloatBits",
    "Jump",
    "Label",
    "LaneCount",
    "Load",
    "Locate",
    "Op",
    "Operand",
    "OtherLane",
    "Return",
    "Rows",
    "Set",
    "Store",
    "Value",
    "defined",
    "is_length",
    "length_of",
    "used",
]

ArithmeticName = Literal["+", "-", "*", "/", "//", "%", "&", "|", "^", "<<", ">>", "quo"]
"""The operators of the language, and `quo`: division that rounds towards zero, which the others are made of."""

ComparisonName = Literal["==", "!=", "<", "<=", ">", ">="]

BitCountName = Literal["ctz", "clz", "bits"]

ExceptionName = Literal["IndexError", "ValueError"]
"""What a function may leave with."""

BarrierName = Literal["full_fence", "relax", "sched_yield"]

ThreadName = Literal["thread_id", "thread_ended", "took_over"]

COMPARISONS: Mapping[ComparisonName, ComparisonName] = {
    "==": "!=",
    "!=": "==",
    "<": ">=",
    ">=": "<",
    ">": "<=",
    "<=": ">",
}
"""Each comparison and its opposite. For floats the opposite is not the negation: NaN compares false."""

MIRRORED: Mapping[ComparisonName, ComparisonName] = {
    "==": "==",
    "!=": "!=",
    "<": ">",
    "<=": ">=",
    ">": "<",
    ">=": "<=",
}
"""What a comparison is when its operands change places."""


@dataclass(frozen=True)
class Value:
    """A virtual register."""

    name: str
    type: Word

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, eq=False)
class Const:
    """A number known when the sequence is compiled. A pointer constant is 0, which is None. 0.0 is not -0.0."""

    number: int | float
    type: Word

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Const) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[str, Word]:
        return repr(self.number), self.type

    def __str__(self) -> str:
        if isinstance(self.type, Pointer):
            return "None"
        if self.type.kind == "bool":
            return str(bool(self.number))
        return repr(self.number)


Operand = Value | Const


@dataclass(frozen=True)
class Address:
    """A place in memory: base + offset + index * scale. `base` None is the record in this CPU's lane.

    `type` is what stands there, `text` how the user wrote it, `size` the bytes that the access may touch
    from `offset` on (the whole array, when the index is not known).
    """

    base: Value | None
    offset: int
    index: Value | None
    scale: int
    type: Word
    text: str
    prepared: bool
    size: int

    @property
    def in_lane(self) -> bool:
        """True if this is memory of the lane's record."""
        return self.base is None

    def registers(self) -> tuple[Value, ...]:
        """The registers that the address is made of."""
        return tuple(value for value in (self.base, self.index) if value is not None)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Set:
    """Copy `source` to `target`."""

    target: Value
    source: Operand
    span: Span

    def __str__(self) -> str:
        return f"{self.target} = {self.source}"


@dataclass(frozen=True)
class Arithmetic:
    """`target = left operator right`, in `target`'s type, which is that of both operands (a shift count aside)."""

    target: Value
    operator: ArithmeticName
    left: Operand
    right: Operand
    span: Span

    def __str__(self) -> str:
        return f"{self.target} = {self.left} {self.operator} {self.right}"


@dataclass(frozen=True)
class Convert:
    """Bring `source` into `target`'s type: wrap, extend, round, or saturate (float to integer; NaN gives 0)."""

    target: Value
    source: Value
    span: Span

    def __str__(self) -> str:
        return f"{self.target} = {self.target.type}({self.source})"


@dataclass(frozen=True)
class Load:
    """Read memory; it may `acquire`: what follows sees what was stored before the release that it reads from."""

    target: Value
    address: Address
    span: Span
    acquire: bool = False

    def __str__(self) -> str:
        return f"{self.target} = {self.address}" + ("    # acquire" if self.acquire else "")


@dataclass(frozen=True)
class Store:
    """Write memory. `commit`: this is the store that makes the sequence happen. In a routine it may `release`."""

    address: Address
    source: Operand
    span: Span
    commit: bool = False
    release: bool = False

    def __str__(self) -> str:
        mark = "    # commit" if self.commit else "    # release" if self.release else ""
        return f"{self.address} = {self.source}{mark}"


@dataclass(frozen=True)
class AddStore:
    """Add to an integer in memory; one instruction where the architecture has one."""

    address: Address
    source: Operand
    span: Span
    commit: bool = False

    def __str__(self) -> str:
        return f"{self.address} += {self.source}" + ("    # commit" if self.commit else "")


@dataclass(frozen=True)
class Copy:
    """Copy `nbytes` bytes (in 64 bits) from `source` to `target`, places of bytes that do not overlap.

    It has been checked that both have as many; `limit` is the most that it can be.
    """

    target: Address
    source: Address
    nbytes: Operand
    limit: int
    span: Span

    def __str__(self) -> str:
        return f"copy {self.nbytes} bytes, {self.source} to {self.target}"


@dataclass(frozen=True)
class Locate:
    """Take the address of a place in memory (made when commits to several places are joined)."""

    target: Value
    address: Address
    span: Span

    def __str__(self) -> str:
        return f"{self.target} = address of {self.address}"


@dataclass(frozen=True)
class CpuNumber:
    """The number of the lane that the sequence runs on: that of its CPU; on the spare lane, the number of CPU lanes."""

    target: Value
    span: Span

    def __str__(self) -> str:
        return f"{self.target} = cpu_number()"


@dataclass(frozen=True)
class Clock:
    """Read the architecture's counter: ticks at a constant rate, never backwards on one CPU. `target` is u64."""

    target: Value
    span: Span

    def __str__(self) -> str:
        return f"{self.target} = clock()"


@dataclass(frozen=True)
class LaneCount:
    """The number of lanes, the spare one included. `target` is u64."""

    target: Value
    span: Span

    def __str__(self) -> str:
        return f"{self.target} = lanes()"


@dataclass(frozen=True)
class OtherLane:
    """The address of the record in lane `number`, which is one: see `LaneCount`."""

    target: Value
    number: Value
    span: Span

    def __str__(self) -> str:
        return f"{self.target} = lane({self.number})"


@dataclass(frozen=True)
class CompareExchange:
    """Store `desired` if `expected` is there, in one step that acquires and releases; `target`: if it was."""

    target: Value
    address: Address
    expected: Operand
    desired: Operand
    span: Span

    def __str__(self) -> str:
        return f"{self.target} = compare_exchange({self.address}, {self.expected}, {self.desired})"


@dataclass(frozen=True)
class Barrier:
    """Order all memory accesses (`full_fence`), spin politely (`relax`), or give up the time slice (`sched_yield`)."""

    kind: BarrierName
    span: Span

    def __str__(self) -> str:
        return f"{self.kind}()"


@dataclass(frozen=True)
class Fence:
    """Restart the sequences that run on lane `number`, and order as a full fence; `target`: if that was possible."""

    target: Value
    number: Value
    span: Span

    def __str__(self) -> str:
        return f"{self.target} = fence({self.number})"


@dataclass(frozen=True)
class Thread:
    """Ask for the calling thread's number (`thread_id`), or if thread `of` is proved to have ended (`thread_ended`).

    Or warn that something was taken from it (`took_over`): false if the warning was interrupted by an exception.
    """

    kind: ThreadName
    target: Value
    of: Operand | None
    span: Span

    def __str__(self) -> str:
        return f"{self.target} = {self.kind}({'' if self.of is None else self.of})"


@dataclass(frozen=True)
class Refuse:
    """Leave with a RuntimeError, because the thread with number `holder` (0: nobody) holds a lock.

    Or with the exception that is set already.
    """

    holder: Operand
    span: Span

    def __str__(self) -> str:
        return f"refuse({self.holder})"


@dataclass(frozen=True)
class CountBits:
    """Count the zeros below (`ctz`) or above (`clz`) the ones of `source`, or its ones (`bits`), in `source`'s type.

    Of 0, `ctz` and `clz` are the type's width.
    """

    target: Value
    operator: BitCountName
    source: Value
    span: Span

    def __str__(self) -> str:
        return f"{self.target} = {self.operator}({self.source})"


@dataclass(frozen=True)
class FloatBits:
    """The bits of a float, as an unsigned integer of its width (routines only)."""

    target: Value
    source: Value
    span: Span

    def __str__(self) -> str:
        return f"{self.target} = float_bits({self.source})"


@dataclass(frozen=True)
class Check:
    """Leave with an IndexError, without a commit, unless 0 <= index < length. `number` tells the checks apart.

    Or with another `exception`, if that is what a routine raises: then the length is 0, and `fault` what it says.

    `length` is a u64 in a register where it is not known before; then the index may be `inclusive`, up to it. `text` is
    how the user wrote the array, `written` how the index; `fault` says what is wrong if it fails, where that is no
    index.
    """

    index: Value
    length: int | Value
    text: str
    written: str
    number: int
    span: Span
    fault: str = ""
    inclusive: bool = False
    exception: ExceptionName = "IndexError"

    @property
    def sentence(self) -> str:
        """What is wrong if it fails."""
        if self.fault:
            return self.fault
        if isinstance(self.length, Value):
            return f"{self.written} is out of range for {self.text}"
        return f"{self.written} is out of range for {self.text}, which has {self.length} elements"

    def __str__(self) -> str:
        if self.length == 0:
            return f"raise {self.exception}"
        return f"check {self.index} {'<=' if self.inclusive else '<'} {self.length}, or {self.exception}"


@dataclass(frozen=True)
class BranchIf:
    """Go to `label` if the comparison holds."""

    left: Operand
    comparison: ComparisonName
    right: Operand
    label: str
    span: Span

    def __str__(self) -> str:
        return f"if {self.left} {self.comparison} {self.right} goto {self.label}"


@dataclass(frozen=True)
class Jump:
    """Go to `label`."""

    label: str
    span: Span

    def __str__(self) -> str:
        return f"goto {self.label}"


@dataclass(frozen=True)
class Label:
    """A place to go to."""

    name: str
    span: Span

    def __str__(self) -> str:
        return f"{self.name}:"


@dataclass(frozen=True)
class Call:
    """Run another sequence or routine on the same storage (routines only).

    Where the callee may return None, `missing` (a bool) says if it did; then `target` is not assigned.
    """

    target: Value | None
    callee: Compiled
    arguments: tuple[Operand, ...]
    span: Span
    missing: Value | None = None

    def __str__(self) -> str:
        arguments = ", ".join(["cpu", *map(str, self.arguments)])
        return (f"{self.target} = " if self.target else "") + f"{self.callee.__name__}({arguments})"


@dataclass(frozen=True)
class Return:
    """Leave, with a value unless the function returns nothing, or may return None (`Body.maybe`)."""

    value: Operand | None
    span: Span

    def __str__(self) -> str:
        return "return" if self.value is None else f"return {self.value}"


Op = (
    Set
    | Arithmetic
    | Convert
    | Load
    | Store
    | AddStore
    | Copy
    | Locate
    | CpuNumber
    | Clock
    | CountBits
    | FloatBits
    | LaneCount
    | OtherLane
    | CompareExchange
    | Barrier
    | Fence
    | Thread
    | Refuse
    | Check
    | BranchIf
    | Jump
    | Label
    | Call
    | Return
)


def length_of(buffer: Value) -> Value:
    """The register that holds a buffer's length in bytes; it follows the buffer among the parameters."""
    return Value(f"len({buffer.name})", SCALARS["u64"])


def is_length(value: Value) -> bool:
    """True for what `length_of` makes: no local has such a name."""
    return value.name.startswith("len(")


def defined(op: Op) -> Value | None:
    """The register that `op` assigns, if any."""
    target = getattr(op, "target", None)
    return target if isinstance(target, Value) else None


def used(op: Op) -> tuple[Value, ...]:
    """The registers that `op` reads."""
    return tuple(value for value in _operands(op) if isinstance(value, Value))


def addresses(op: Op) -> tuple[Address, ...]:
    """The places in memory that `op` reads or writes, or whose address it takes."""
    match op:
        case Load() | Locate() | Store() | AddStore() | CompareExchange():
            return (op.address,)
        case Copy():
            return (op.target, op.source)
    return ()


def _operands(op: Op) -> Iterator[Operand | None]:
    match op:
        case Set() | Convert() | CountBits() | FloatBits():
            yield op.source
        case Arithmetic() | BranchIf():
            yield from (op.left, op.right)
        case Load() | Locate():
            yield from op.address.registers()
        case Store() | AddStore():
            yield from op.address.registers()
            yield op.source
        case Copy():
            yield from (*op.target.registers(), *op.source.registers(), op.nbytes)
        case Check():
            yield op.index
            yield op.length if isinstance(op.length, Value) else None
        case Call():
            yield from op.arguments
        case Return():
            yield op.value
        case OtherLane() | Fence():
            yield op.number
        case Thread():
            yield op.of
        case Refuse():
            yield op.holder
        case CompareExchange():
            yield from (*op.address.registers(), op.expected, op.desired)
        case CpuNumber() | Clock() | LaneCount() | Barrier() | Jump() | Label():
            return


@dataclass(frozen=True)
class Rows:
    """An array of `target`: the registers that hold the address of its first row, and how many there are (u64)."""

    target: RecordType
    first: Value
    length: Value


@dataclass(frozen=True)
class Body:
    """What a function means. `lane` is the name of its first parameter, `record` the type of that.

    `checks` are the bounds of parameters that index an array of the record: (parameter, length, text).
    They are made before a sequence is entered. `apart` are the pairs of pointers and buffers that must not be the
    same memory, which is checked there, too; with `may_alias` there are none, as the sequence is right either way.
    """

    name: str
    record: RecordType
    lane: str
    parameters: tuple[Value, ...]
    result: Scalar | Pointer | None
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

    @property
    def given(self) -> tuple[Value, ...]:
        """The parameters that the user has written: without the lengths of buffers, and without `rows`."""
        written = self.parameters[: len(self.parameters) - 2 * len(self.rows)]
        return tuple(value for value in written if not is_length(value))

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
        """The same function with other operations."""
        return replace(self, ops=ops)

    def __str__(self) -> str:
        parameters = "".join(f", {value}: {value.type}" for value in self.parameters)
        result = f" -> {self.result}{' | None' if self.maybe else ''}" if self.result else ""
        head = f"{self.name}({self.lane}: {self.record.__name__}{parameters}){result}:"
        checks = [f"    {check}    # before the section" for check in self.checks]
        checks += [f"    check {p} apart from {q}, or ValueError    # before the section" for p, q in self.apart]
        lines = [f"  {op}" if isinstance(op, Label) else f"    {op}" for op in self.ops]
        return "\n".join([head, *checks, *lines])
