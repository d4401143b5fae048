"""What the cases of a check have led to, and what they have not: a check that never came there says nothing of it.

Of each sequence and routine: each operation was executed, with each way out among them, and each branch went both ways;
what is refused before a section was. (That an index inside is never out of range is how it should be.) Of what crosses
CPUs: each load of what others store there saw two different numbers in one case, so somebody came in between; and each
store that releases was seen by a load that acquires.

What cannot be reached, or not here, says so in the source, on a line that it is about:

    if generation == 0:        # unreached: it takes 2**30 releases

Such a line that is reached all the same is told of, too.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from rseq._check.code import Operation
from rseq._check.flow import Flow
from rseq._language import ir
from rseq._language.errors import Span
from rseq._language.types import Field, RecordType

_DECLARED = re.compile(r"#.*\bunreached: *\S")


@dataclass
class Reached:
    """What has happened in the interpreter, and between CPUs. Places are those of the source."""

    steps: dict[int, set[tuple[int | None, int]]] = field(default_factory=lambda: defaultdict(set))
    """By the body's id: which operation was executed after which."""
    errors: dict[int, set[tuple[str, int | None]]] = field(default_factory=lambda: defaultdict(set))
    """With which exception runs have ended, and after which operation; None is before the first."""
    saw_two: set[Span] = field(default_factory=set)
    """Loads from other lanes that saw two numbers in one case."""
    acquired: set[object] = field(default_factory=set)
    """Stores that release, and operations whose commits do, that were seen by a load that acquires."""
    _last: dict[int, int] = field(default_factory=dict)

    def begin(self, body: ir.Body) -> None:
        """A run of `body` begins."""
        self._last.pop(id(body), None)

    def watch(self, body: ir.Body, number: int, values: Mapping[ir.Value, Any]) -> None:
        """An operation is about to be run: see `Memory.watch`."""
        at = id(body)
        self.steps[at].add((self._last.get(at) if number else None, number))
        self._last[at] = number

    def refused(self, body: ir.Body, error: str) -> None:
        """A run of `body` has ended with an exception."""
        self.errors[id(body)].add((error, self._last.get(id(body))))


class Gaps(NamedTuple):
    """What was not reached, as sentences; where the source declares something, and where it is right in that."""

    sentences: tuple[str, ...] = ()
    declared: frozenset[str] = frozenset()
    excused: frozenset[str] = frozenset()


def not_reached(reached: Reached, operations: Sequence[Operation], routines: Sequence[Operation]) -> Gaps:
    """What was not reached in the operations on a record."""
    stored = _stored([*operations, *routines])
    everything = [*operations, *routines]
    goals = [_Goals(one, reached, stored, is_routine=one in routines) for one in everything]
    found = [(span, what) for one in goals for span, what in one.missing()]
    spans = {op.span for one in everything for op in one.body.ops}
    return Gaps(
        tuple(dict.fromkeys(f"{span}: {what}" for span, what in found if not _declares(span))),
        frozenset(_line(span) for span in spans if _declares(span)),
        frozenset(_line(span) for span, _ in found if _declares(span)),
    )


def _declares(span: Span) -> bool:
    return _DECLARED.search(span.text) is not None


def _line(span: Span) -> str:
    return str(span).rpartition(":")[0]


def _stored(operations: Iterable[Operation]) -> frozenset[Field]:
    """The fields that somebody stores to."""
    found: set[Field] = set()
    for operation in operations:
        for op in operation.body.ops:
            if op.writes is not None:
                found |= _fields(operation.body.record, op.writes)
    return frozenset(found)


def _fields(record: RecordType, address: ir.Address) -> set[Field]:
    return {field for field in record.fields.values() if address.offset in field.place}


@dataclass
class _Goals:
    """What an operation should have come to."""

    operation: Operation
    reached: Reached
    stored: frozenset[Field]
    is_routine: bool

    def __post_init__(self) -> None:
        self.body = self.operation.body
        self.steps = self.reached.steps.get(id(self.body), set())
        self.errors = self.reached.errors.get(id(self.body), set())
        self.executed = {number for _, number in self.steps}
        self.flow = Flow(self.body)

    def missing(self) -> Iterator[tuple[Span, str]]:
        """What has not happened."""
        name = self.operation.name
        if not self.executed:
            yield self.body.span, f"{name} was never run"
            return
        for number, op in enumerate(self.body.ops):
            if number not in self.executed:
                if not isinstance(op, (ir.Label, ir.Jump)) and self._is_first(number):
                    yield op.span, f"{name} never came here"
            elif not self._all_ways(number):
                yield op.span, f"{name}: this is decided one way only"
        yield from ((span, f"{name}: {what}") for span, what in (*self._before(), *self._between()))

    def _is_first(self, number: int) -> bool:
        """If the operation before it was executed, or is on another line: one sentence for each piece."""
        ops = self.body.ops
        return number - 1 in self.executed or ops[number].span.line != ops[number - 1].span.line

    def _all_ways(self, number: int) -> bool:
        """False if a branch went one way, and the other leads to where others came; else that is what is told."""
        return all((number, to) in self.steps or to not in self.executed for to in self.body.graph.next[number])

    def _before(self) -> Iterator[tuple[Span, str]]:
        """What is asked before the first operation."""
        if self.body.checks and ("IndexError", None) not in self.errors:
            yield self.body.span, "no index was refused before it began"
        if self.body.apart and ("ValueError", None) not in self.errors:
            yield self.body.span, "one row or buffer for two was never refused"

    def _between(self) -> Iterator[tuple[Span, str]]:
        if self.is_routine:
            for number, op in enumerate(self.body.ops):
                if number in self.executed and self._is_shared(op) and op.span not in self.reached.saw_two:
                    yield op.span, "nobody stored between two loads of this"
                if isinstance(op, ir.Store) and op.release and op.span not in self.reached.acquired:
                    yield op.span, "no load that acquires has seen this store"
        elif self.body.release and self.operation not in self.reached.acquired:
            yield self.body.span, "no load that acquires has seen its commit"

    def _is_shared(self, op: ir.Op) -> bool:
        """True of a load from another lane, of what somebody stores."""
        if op.reads is None or op.writes == op.reads or not self.flow.is_lane(op.reads.base):
            return False
        return bool(self.stored & _fields(self.body.record, op.reads))
