"""One run of an operation in the interpreter, and what it shows of the operation.

A *feature* is something that a case has and another may lack: an operation of the body that is executed, a comparison
that is just true, just false or true by far, the first or the last element of an array, what a copy's length is made
of, the exception that it ends with. Cases that have all the features that any case has are those at which the code
decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from rseq._check.code import Operation
from rseq._check.machine import LANES
from rseq._check.states import CPUS, Arguments, Cases
from rseq._language import ir
from rseq._language.interpret import FaultError, LimitError, Memory, run
from rseq._language.types import Scalar

Feature = tuple[Any, ...]

LIMIT = 1000
"""Operations of a run, after which it is said to wait for something that does not come."""

CANNOT_BE = "leaves a lane that cannot be"

_FAR = 2


class Trial(NamedTuple):
    """What a run came to."""

    features: frozenset[Feature]
    path: frozenset[Feature]
    """Those features that say which way it went."""
    numbers: Mapping[int, frozenset[int]]
    """What was compared, by the number of the operation that compares."""
    outcome: tuple[str, str]
    shared: bytes
    ended: bool
    """False if it waits, or follows a pointer that leads nowhere."""


def tried(cases: Cases, operation: Operation, arguments: Arguments, lane: int, shared: bytes) -> Trial:
    """Run `operation` as a whole."""
    notes = _Notes(operation.body)
    block = bytearray(shared)
    memory = Memory({LANES: block}, LANES, cases.stride, cases.order, CPUS + 1, watch=notes)
    ended, error, result = True, "", None
    try:
        result = run(operation.body, memory, arguments, cpu=lane, limit=LIMIT)
    except (IndexError, ValueError, ZeroDivisionError, RuntimeError) as refused:
        error = type(refused).__name__
    except (FaultError, LimitError) as refused:
        ended, error = False, type(refused).__name__
    path = frozenset([*notes.executed, (error,)])
    if not cases.can_be(bytes(block)):
        notes.features.add((id(operation.body), CANNOT_BE))
    return Trial(path | notes.features, path, notes.compared, (repr(result), error), bytes(block), ended)


@dataclass
class _Notes:
    """Takes notes of a run, through `Memory.watch`."""

    body: ir.Body
    executed: set[Feature] = field(default_factory=set)
    features: set[Feature] = field(default_factory=set)
    compared: dict[int, frozenset[int]] = field(default_factory=dict)

    def __call__(self, body: ir.Body, number: int, values: Mapping[ir.Value, Any]) -> None:
        """An operation is about to be run."""
        self.executed.add((id(body), number))
        note = _NOTES.get(type(body.ops[number]))
        if note is not None:
            note(self, body, number, body.ops[number], values)

    def _branches(self, body: ir.Body, number: int, op: ir.BranchIf, values: Mapping[ir.Value, Any]) -> None:
        self._decides(body, number, _number(op.left, values), _number(op.right, values))

    def _checks(self, body: ir.Body, number: int, op: ir.Check, values: Mapping[ir.Value, Any]) -> None:
        length = values[op.length] if isinstance(op.length, ir.Value) else op.length
        self._decides(body, number, int(values[op.index]), int(length))

    def _computes(self, body: ir.Body, number: int, op: ir.Arithmetic, values: Mapping[ir.Value, Any]) -> None:
        """Positions turn over where a mask or a modulus takes something away, and where a type ends."""
        left, right = _number(op.left, values), _number(op.right, values)
        if op.operator in ("&", "%"):
            turns = left > right >= 0
        elif op.operator in ("+", "-") and isinstance(op.target.type, Scalar) and not op.target.type.is_float:
            exact = left + right if op.operator == "+" else left - right
            turns = not op.target.type.minimum <= exact <= op.target.type.maximum
        else:
            return
        self.features.add((id(body), number, "turns over" if turns else "fits"))

    def _copies(self, body: ir.Body, number: int, op: ir.Copy, values: Mapping[ir.Value, Any]) -> None:
        nbytes = _number(op.nbytes, values)
        sizes: list[object] = [1 << bit for bit in range(op.limit.bit_length()) if nbytes >> bit & 1]
        sizes.append("all" if nbytes == op.limit else "not all")
        self.features.update((id(body), number, "bytes", size) for size in sizes)

    def _accesses(self, body: ir.Body, number: int, op: Any, values: Mapping[ir.Value, Any]) -> None:
        if op.address.index is not None:
            element, last = int(values[op.address.index]), op.address.size // max(op.address.scale, 1) - 1
            which = "first" if element == 0 else "last" if element == last else "between"
            self.features.add((id(body), number, which))

    def _decides(self, body: ir.Body, number: int, left: Any, right: Any) -> None:
        difference = left - right
        near = max(-_FAR, min(_FAR, difference)) if difference == difference else "NaN"
        self.features.add((id(body), number, "decides", near))
        if body is self.body and isinstance(left, int) and isinstance(right, int):
            self.compared[number] = self.compared.get(number, frozenset()) | {left, right}


def _number(operand: ir.Operand, values: Mapping[ir.Value, Any]) -> Any:
    return operand.number if isinstance(operand, ir.Const) else values[operand]


_NOTES: Mapping[type, Callable[..., None]] = {
    ir.BranchIf: _Notes._branches,
    ir.Check: _Notes._checks,
    ir.Arithmetic: _Notes._computes,
    ir.Copy: _Notes._copies,
    ir.Load: _Notes._accesses,
    ir.Store: _Notes._accesses,
    ir.AddStore: _Notes._accesses,
}
