"""What the parser knows while it walks a function: names, operations so far, diagnostics.

An expression means an `Operand`, or a `Literal`: a number that takes its type from what it meets.
"""

from __future__ import annotations

import ast
from collections import Counter
from dataclasses import dataclass, field

from . import ir
from .errors import Diagnostic, Span
from .source import Source
from .types import Pointer, RecordType, Scalar, Word

__all__ = ["Literal", "Loop", "Meaning", "Perhaps", "Refused", "Scope", "ends"]


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
class Scope:
    """One function being parsed."""

    source: Source
    is_routine: bool
    lane: str
    record: RecordType
    result: Scalar | Pointer | None
    maybe: bool = False
    """None is a result, too."""
    parameters: tuple[ir.Value, ...] = ()
    names: dict[str, Meaning | Perhaps] = field(default_factory=dict)
    types: dict[str, Word] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    ops: list[ir.Op] = field(default_factory=list)
    checks: list[ir.Check] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    may_return: bool = False
    """A statement with a `return` in it has been refused."""
    loops: list[Loop] = field(default_factory=list)
    assigned: Counter[str] = field(default_factory=Counter)
    _serial: int = 0

    def __post_init__(self) -> None:
        stores = [node for node in ast.walk(self.source.tree) if isinstance(node, ast.Name)]
        self.assigned = Counter(node.id for node in stores if isinstance(node.ctx, ast.Store))
        for loop in ast.walk(self.source.tree):
            if isinstance(loop, (ast.While, ast.For)):  # assigned once in the text, many times at run time
                inside = (node for node in ast.walk(loop) if isinstance(node, ast.Name))
                self.assigned.update(node.id for node in inside if isinstance(node.ctx, ast.Store))

    def span(self, node: ast.AST) -> Span:
        """Where `node` stands."""
        return self.source.span(node)

    def refuse(self, node: ast.AST, slug: str, message: str, fix: str = "", why: str = "") -> Refused:
        """The exception for something that the language does not accept."""
        return Refused(Diagnostic(slug, message, ((self.span(node), ""),), why, fix))

    def emit(self, op: ir.Op) -> None:
        """Append an operation."""
        self.ops.append(op)

    def temporary(self, type: Word) -> ir.Value:
        """A register that the user has no name for."""
        self._serial += 1
        return ir.Value(f"%{self._serial}", type)

    def label(self, purpose: str) -> str:
        """A new label."""
        self._serial += 1
        return f"{purpose}{self._serial}"

    def is_reassigned(self, name: str) -> bool:
        """True if the register called `name` may change after its first assignment."""
        return self.assigned[name] > 1

    def target(self, name: str | None, type: Word) -> ir.Value:
        """The register for a result of `type`: the local `name` where its type allows, else a temporary."""
        if name is None or self.types.get(name, type) != type:
            return self.temporary(type)
        self.types[name] = type
        return ir.Value(name, type)


def ends(ops: list[ir.Op]) -> bool:
    """True if control does not fall through the end of `ops`."""
    return bool(ops) and isinstance(ops[-1], (ir.Return, ir.Jump))
