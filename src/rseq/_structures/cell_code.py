"""The code of cells (cell.py): one number for each CPU, the sequence that adds to it, and the routine that reads it.

    lane 0      lane 1      …  lane n-1    spare lane
    +-------+   +-------+      +-------+   +-------+
    | value |   | value |      | value |   | value |      the counter is their sum
    +-------+   +-------+      +-------+   +-------+

`add` is one load and one store, or one instruction: the store is the commit. There is one record
and one sequence for each type of number, made once.
"""

from __future__ import annotations

from rseq._language.kept import keep
from rseq._language.operations import lane, lanes
from rseq._language.types import Record, Scalar, u64
from rseq._once import once
from rseq._sequence import Routine, Sequence, routine, sequence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

keep(__name__)


@once
def adder(scalar: Scalar) -> Sequence[Any, None]:
    """The sequence `add(cell, n=1)` on a record with one `scalar` called `value`."""

    class Cell(Record):
        value: scalar  # type: ignore[valid-type]

    @sequence
    def add(cpu: Cell, n: scalar = 1) -> None:  # type: ignore[valid-type]
        """Add `n` to this CPU's part. Any thread, any signal handler; it never waits."""
        cpu.value += n  # type: ignore[operator]

    return add


@once
def summer(scalar: Scalar) -> Routine[Any, Any]:
    """The routine `total(cell)`: the sum over all lanes, in the type of the numbers: an integer wraps as that does."""
    Cell: Any = adder(scalar).body.record  # noqa: N806 - it is a class

    @routine
    def total(cpu: Cell) -> scalar:  # type: ignore[valid-type]
        """The sum over all CPUs."""
        found = scalar(0)  # type: ignore[operator]
        number: u64 = 0
        while number < lanes(cpu):
            found += lane(cpu, number).value
            number += 1
        return found  # type: ignore[no-any-return]

    return total
