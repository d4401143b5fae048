"""What the parser knows while it walks a function: names, operations so far, diagnostics.

An expression means an `Operand`, or a `Literal`: a number that takes its type from what it meets.
"""

from __future__ import annotations

import ast
from collections import Counter
from dataclasses import dataclass, field, replace

from rseq._language import ir
from rseq._language.errors import Diagnostic, Span
from rseq._language.source import Source
from rseq._language.types import SCALARS, Pointer, RecordType, Scalar, Word

__all__ = ["Inlined", "Literal", "Loop", "Meaning", "Perhaps", "Refused", "Scope", "Serials", "ends"]


@dataclass(frozen=True)
class Literal:
    """A number in the source, or a constant of the module: it has no type yet."""

    number: int | float


@dataclass(frozen=True)
class Perhaps:
    """What a call with a result `i64 | None` came to: `missing` says that it is None, else `value` holds it."""

    value: ir.Value
    missing: ir.Value


Meaning = ir.Value | ir.Const | Literal


@dataclass(frozen=True)
class Loop:
    """A loop around what is being parsed: where `break` goes, and what is known at each of them."""

    done: str
    exits: list[dict[str, Meaning | Perhaps]] = field(default_factory=list)


class Refused(Exception):
    """What the language does not accept. Without a diagnostic: a consequence of one that has been reported."""

    def __init__(self, diagnostic: Diagnostic | None = None) -> None:
        super().__init__()
        self.diagnostic = diagnostic


@dataclass
class Serials:
    """What is counted in a function and all that is inlined into it."""

    made: int = 0
    inlined: int = 0


@dataclass(frozen=True)
class Inlined:
    """How an inline function returns: it leaves `value`, and in `missing` if that is None, and goes to `after`."""

    after: str
    value: ir.Value | None
    missing: ir.Value | None


class Makers:
    """Which operations assign a register. They are noted once, however often one asks: loops are unrolled."""

    def __init__(self) -> None:
        self._of: dict[ir.Value, list[ir.Op]] = {}
        self._seen: list[ir.Op] = []

    def of(self, value: ir.Value, ops: list[ir.Op]) -> list[ir.Op]:
        """Those of `ops` that assign `value`; `ops` is one list, which grows, and is rarely changed otherwise."""
        count = len(self._seen)
        if len(ops) < count or (count and ops[count - 1] is not self._seen[-1]):
            self._of, self._seen, count = {}, [], 0
        for op in ops[count:]:
            target = ir.defined(op)
            if target is not None:
                self._of.setdefault(target, []).append(op)
            self._seen.append(op)
        return self._of.get(value, [])


@dataclass
class Scope:
    """One function being parsed; where an inline function is called, one within another.

    The inner one has its own names, and registers that begin with its `prefix`; operations, checks and diagnostics are
    the outer one's. `parameters` are the registers that are set when the outermost function is entered.
    """

    source: Source
    is_routine: bool
    lane: str
    record: RecordType
    result: Scalar | Pointer | None
    maybe: bool = False
    """None is a result, too."""
    parameters: tuple[ir.Value, ...] = ()
    names: dict[str, Meaning | Perhaps] = field(default_factory=dict)
    """What is known of locals here, and under `@register` where an index leads to."""
    types: dict[str, Word] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    ops: list[ir.Op] = field(default_factory=list)
    makers: Makers = field(default_factory=Makers)
    checks: list[ir.Check] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    may_return: bool = False
    """A statement with a `return` in it has been refused."""
    is_result_unknown: bool = False
    """The result's type has been refused."""
    loops: list[Loop] = field(default_factory=list)
    assigned: Counter[str] = field(default_factory=Counter)
    rows: dict[RecordType, ir.Rows] = field(default_factory=dict)
    """The arrays that an index has been followed into."""
    serials: Serials = field(default_factory=Serials)
    prefix: str = ""
    call: Span | None = None
    """Where this inline function is called."""
    callers: tuple[object, ...] = ()
    """The inline functions that are being parsed."""
    inlined: Inlined | None = None
    """How this inline function returns; None for the outermost function."""
    is_refused: bool = False
    """A statement has been refused."""

    def __post_init__(self) -> None:
        stores = [node for node in ast.walk(self.source.tree) if isinstance(node, ast.Name)]
        self.assigned = Counter(node.id for node in stores if isinstance(node.ctx, ast.Store))
        for loop in ast.walk(self.source.tree):
            if isinstance(loop, (ast.While, ast.For)):  # assigned once in the text, many times at run time
                inside = (node for node in ast.walk(loop) if isinstance(node, ast.Name))
                self.assigned.update(node.id for node in inside if isinstance(node.ctx, ast.Store))

    def span(self, node: ast.AST) -> Span:
        """Where `node` stands."""
        return replace(self.source.span(node), call=self.call)

    def refuse(self, node: ast.AST, slug: str, message: str, fix: str = "", why: str = "") -> Refused:
        """The exception for something that the language does not accept."""
        return Refused(Diagnostic(slug, message, ((self.span(node), ""),), why, fix))

    def emit(self, op: ir.Op) -> None:
        """Append an operation."""
        self.ops.append(op)

    def temporary(self, type: Word) -> ir.Value:
        """A register that the user has no name for."""
        self.serials.made += 1
        return ir.Value(f"%{self.serials.made}", type)

    def label(self, purpose: str) -> str:
        """A new label."""
        self.serials.made += 1
        return f"{purpose}{self.serials.made}"

    def register(self, name: str) -> str:
        """The name of the register of the local `name`."""
        return self.prefix + name

    def local(self, register: str) -> str:
        """The local that a register belongs to; its own name if it is no local's of this function."""
        return register.removeprefix(self.prefix).rstrip("'") if register.startswith(self.prefix) else register

    def rows_of(self, target: RecordType) -> ir.Rows:
        """The array of `target` that this function is bound with."""
        if target not in self.rows:
            name = target.__name__ + "'" * sum(known.__name__ == target.__name__ for known in self.rows)
            first, length = (ir.Value(f"{name}.{what}", SCALARS["u64"]) for what in ("rows", "length"))
            self.rows[target] = ir.Rows(target, first, length)
        return self.rows[target]

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

    def known_rows(self) -> dict[str, Meaning | Perhaps]:
        """What is known of rows, for an inline function."""
        return {name: meaning for name, meaning in self.names.items() if name.startswith("@")}

    def is_reassigned(self, register: str) -> bool:
        """True if a register may change after its first assignment, while this function runs."""
        return register.startswith(self.prefix) and self.assigned[self.local(register)] > 1

    def target(self, register: str | None, type: Word) -> ir.Value:
        """The register for a result of `type`: that of a local where its type allows, else a temporary."""
        if register is None or self.types.get(self.local(register), type) != type:
            return self.temporary(type)
        self.types[self.local(register)] = type
        return ir.Value(register, type)


def _row_key(register: str) -> str:
    return f"@{register}"


def ends(ops: list[ir.Op]) -> bool:
    """True if control does not fall through the end of `ops`."""
    return bool(ops) and isinstance(ops[-1], (ir.Return, ir.Jump))
