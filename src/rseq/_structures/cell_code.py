"""The code of cells (cell.py): one number for each CPU, and the sequence that adds to it.

    lane 0      lane 1      …  lane n-1    spare lane
    +-------+   +-------+      +-------+   +-------+
    | value |   | value |      | value |   | value |      the counter is their sum
    +-------+   +-------+      +-------+   +-------+

`add` is one load and one store, or one instruction: the store is the commit. There is one record
and one sequence for each type of number, made once.
"""

from __future__ import annotations

from rseq._language.kept import keep
from rseq._language.types import Record, Scalar
from rseq._once import once
from rseq._sequence import Sequence, sequence

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
