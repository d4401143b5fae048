"""What the parser knows while it walks a function: its names, what they mean here, and where its output goes.

An expression means an `Operand`, or a `Literal`: a number that takes its type from what it meets.
"""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from rseq._language import ir
from rseq._language.errors import Diagnostic, Refused, Span
from rseq._language.signature import Signature
from rseq._language.types import SCALARS, Buffer, RecordType, Scalar, Word

_Op = TypeVar("_Op", bound=ir.Op)


@dataclass(frozen=True)
class Literal:
    """A number in the source, or a constant of the module: it has no type yet."""

    number: int | float


@dataclass(frozen=True)
class Several:
    """What a call with a result `tuple[i64, i64]` came to: the parts."""

    parts: tuple[ir.Operand, ...]


@dataclass(frozen=True)
class Perhaps:
    """What a call with a result `i64 | None` came to: `missing` says that it is None, else `value` holds it."""

    value: ir.Value | Several
    missing: ir.Value


Meaning = ir.Value | ir.Const | Literal

Found = Meaning | Perhaps | Several
"""What an expression may be that is not yet asked for one number."""

Names = dict[str, Found]


@dataclass
class Loop:
    """A loop around what is being parsed: where `break` and `continue` go, and what is known at each of them."""

    done: str
    again: str = ""
    """Where the next turn begins; "" until something goes there from within a turn that is unrolled."""
    exits: list[Names] = field(default_factory=list)
    turns: list[Names] = field(default_factory=list)


@dataclass(frozen=True)
class Inlined:
    """How an inline function returns: it leaves `values`, and in `missing` if that is None, and goes to `after`."""

    after: str
    values: tuple[ir.Value, ...]
    missing: ir.Value | None


@dataclass
class Output:
    """What parsing makes of the outermost function. `parameters` are the registers that are set when it is entered."""

    record: RecordType
    is_routine: bool
    parameters: tuple[ir.Value, ...]
    ops: list[ir.Op] = field(default_factory=list)
    checks: list[ir.Check] = field(default_factory=list)
    """Those that are made before the section is entered."""
    rows: dict[RecordType, ir.Rows] = field(default_factory=dict)
    """The arrays that an index has been followed into."""
    diagnostics: list[Diagnostic] = field(default_factory=list)
    inlined: int = 0
    """How many calls have been inlined."""
    _named: int = 0
    """How many registers and labels have been named."""
    _makers: defaultdict[ir.Value, list[ir.Op]] = field(default_factory=lambda: defaultdict(list))
    """What assigns each register: loops are unrolled, and it is asked for often."""

    def emit(self, op: ir.Op, at: int | None = None) -> None:
        """Append an operation, or put it before number `at`."""
        self.ops.insert(len(self.ops) if at is None else at, op)
        for result in op.results:
            assert result not in self.parameters, "a restart needs them as they were"
            self._makers[result].append(op)

    def take_back(self) -> None:
        """Remove the last operation."""
        for result in self.ops.pop().results:
            self._makers[result].pop()

    def temporary(self, type: Word) -> ir.Value:
        """A register that the user has no name for."""
        return ir.Value(self.label("%"), type)

    def label(self, purpose: str) -> str:
        """A new label."""
        self._named += 1
        return f"{purpose}{self._named}"

    @property
    def fault_number(self) -> int:
        """The number of the next check, or of what is raised."""
        return len(self.checks) + sum(isinstance(op, ir.Fault) for op in self.ops)

    @property
    def has_ended(self) -> bool:
        """True if control does not fall through the end."""
        return bool(self.ops) and self.ops[-1].ends

    def leads_to(self, label: str) -> bool:
        """True if something goes to `label`."""
        return any(op.goes_to == label for op in self.ops)

    def report(self, refused: Refused) -> None:
        """Keep what is wrong, once: loops are unrolled, and inline functions called many times."""
        known = {one.key for one in self.diagnostics}
        self.diagnostics += [one for one in refused.diagnostics if one.key not in known]

    def rows_of(self, target: RecordType) -> ir.Rows:
        """The array of `target` that this function is bound with."""
        if target not in self.rows:
            name = target.__name__ + "'" * sum(known.__name__ == target.__name__ for known in self.rows)
            first, length = (ir.Value(f"{name}.{what}", SCALARS["u64"]) for what in ("rows", "length"))
            self.rows[target] = ir.Rows(target, first, length)
        return self.rows[target]

    def most(self, operand: ir.Operand) -> int | None:
        """The largest number that an operand can be, if it is never negative and the source says so: it is masked.

        In a sequence what is behind a use does not lead back to it, so there is one definition if one is before it.
        """
        if isinstance(operand, ir.Const):
            return int(operand.number) if operand.number >= 0 else None
        op = self._maker(operand)
        if not isinstance(op, ir.Arithmetic) or not isinstance(op.target.type, Scalar):
            return None
        left, right = self.most(op.left), self.most(op.right)
        if op.operator == "&":
            return min((one for one in (left, right) if one is not None), default=None)
        if op.operator not in "+*" or left is None or right is None:
            return None
        number = left + right if op.operator == "+" else left * right
        return number if number <= op.target.type.maximum else None

    def split(self, index: ir.Value, length: int) -> tuple[ir.Value, int]:
        """An index of `length` at most, as a value and a constant that is added to it, for the address to take."""
        op, most = self._maker(index), self.most(index)
        if isinstance(op, ir.Arithmetic) and op.operator == "+" and most is not None and most <= length:
            if isinstance(op.left, ir.Value) and isinstance(op.right, ir.Const):
                return op.left, int(op.right.number)
        return index, 0

    def _maker(self, value: ir.Value) -> ir.Op | None:
        """What makes a value, if nothing else does."""
        made = self._makers[value]
        return made[0] if len(made) == 1 and not self.is_routine else None


@dataclass
class Scope:
    """One function being parsed; where an inline function is called, one within another.

    The inner one has its own names, and registers that begin with its `prefix`; the output is the outer one's.
    """

    signature: Signature
    output: Output
    readers: Mapping[type[ast.expr], Reader]
    """What reads each kind of expression."""
    names: Names = field(default_factory=dict)
    """What is known of locals here, and under `@register` where an index leads to."""
    types: dict[str, Word] = field(default_factory=dict)
    prefix: str = ""
    call: Span | None = None
    """Where this inline function is called."""
    callers: tuple[object, ...] = ()
    """The inline functions that are being parsed."""
    inlined: Inlined | None = None
    """How this inline function returns; None for the outermost function."""
    failed: set[str] = field(init=False)
    """Names whose meaning has been refused."""
    assigned: Counter[str] = field(init=False)
    loops: list[Loop] = field(default_factory=list)
    may_return: bool = False
    """A statement with a `return` in it has been refused."""
    is_refused: bool = False
    """A statement has been refused."""

    def __post_init__(self) -> None:
        self.failed = set(self.signature.unknown)
        self.assigned = Counter(stored(self.tree))
        for loop in ast.walk(self.tree):
            if isinstance(loop, (ast.While, ast.For)):  # assigned once in the text, many times at run time
                self.assigned.update(stored(loop))

    @property
    def tree(self) -> ast.FunctionDef:
        """The function."""
        return self.signature.source.tree

    @property
    def lane(self) -> str:
        """What the record is called, or "" in an inline function that has none."""
        return self.signature.lane

    @property
    def is_routine(self) -> bool:
        """True in a routine, and in what is inlined into one."""
        return self.output.is_routine

    def span(self, node: ast.AST) -> Span:
        """Where `node` stands."""
        return replace(self.signature.source.span(node), call=self.call)

    def refuse(self, node: ast.AST, slug: str, message: str, fix: str = "", why: str = "") -> Refused:
        """The exception for something that the language does not accept."""
        return Refused(Diagnostic(slug, message, ((self.span(node), ""),), why, fix))

    def emit(self, op: _Op) -> _Op:
        """Append an operation."""
        self.output.emit(op)
        return op

    def temporary(self, type: Word) -> ir.Value:
        """A register that the user has no name for."""
        return self.output.temporary(type)

    def label(self, purpose: str) -> str:
        """A new label."""
        return self.output.label(purpose)

    def buffer(self, node: ast.expr) -> ir.Value | None:
        """The buffer parameter that `node` is the name of, if it is one."""
        held = self.names.get(node.id) if isinstance(node, ast.Name) else None
        return held if isinstance(held, ir.Value) and isinstance(held.type, Buffer) else None

    def register(self, name: str) -> str:
        """The register of the local `name`. A parameter's own is never assigned: a restart needs it as it was."""
        register = self.prefix + name
        is_parameter = any(parameter.name == register for parameter in self.output.parameters)
        return f"{register}'" if is_parameter else register

    def local(self, register: str) -> str:
        """The local that a register belongs to; its own name if it is no local's of this function."""
        own = register.removeprefix(self.prefix) if register.startswith(self.prefix) else register
        return own.partition("[")[0].rstrip("'")

    def is_reassigned(self, register: str) -> bool:
        """True if a register may change after its first assignment, while this function runs."""
        return register.startswith(self.prefix) and self.assigned[self.local(register)] > 1

    def target(self, register: str | None, type: Word) -> ir.Value:
        """The register for a result of `type`: that of a local where its type allows, else a temporary."""
        if register is None or self.types.get(self.local(register), type) != type:
            return self.temporary(type)
        self.types[self.local(register)] = type
        return ir.Value(register, type)

    def row_of(self, index: ir.Value) -> ir.Value | None:
        """The register that holds the address of the row, if `index` has been followed on the way here."""
        held = self.names.get(_row_key(index.name))
        return held if isinstance(held, ir.Value) else None

    def know_row(self, index: ir.Value, row: ir.Value) -> None:
        """From here on `row` is where `index` leads to: until it is assigned, or a loop comes around again."""
        if not self.is_routine or not self.is_reassigned(index.name):
            self.names[_row_key(index.name)] = row

    def forget_row(self, register: str) -> None:
        """The register is being assigned."""
        self.names.pop(_row_key(register), None)

    def known_rows(self) -> Names:
        """What is known of rows, for an inline function."""
        return {name: meaning for name, meaning in self.names.items() if name.startswith("@")}


Reader = Callable[[Scope, Any, str | None], Found | None]
"""Emits what computes an expression: what it comes to, None only for a call. The text names a local for the result."""


def _row_key(register: str) -> str:
    return f"@{register}"


def stored(tree: ast.AST) -> list[str]:
    """The names that are assigned in there, each as often as it is."""
    names = (node for node in ast.walk(tree) if isinstance(node, (ast.Name, ast.MatchAs)))
    return [
        name
        for node in names
        if (name := node.name if isinstance(node, ast.MatchAs) else node.id if isinstance(node.ctx, ast.Store) else "")
    ]
