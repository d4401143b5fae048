"""The operations of a function so far, and of all that is inlined into it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from rseq._language import ir
from rseq._language.errors import Diagnostic, Refused
from rseq._language.types import SCALARS, RecordType, Scalar, Word


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
