"""One number for each CPU, and the sequence that adds to it: what every counter is made of.

    lane 0      lane 1      …  lane n-1    spare lane
    +-------+   +-------+      +-------+   +-------+
    | value |   | value |      | value |   | value |      the counter is their sum
    +-------+   +-------+      +-------+   +-------+

`add` is one load and one store, or one instruction: the store is the commit. There is one record
and one sequence for each type of number, made once.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence as Numbers
from typing import TYPE_CHECKING, Any

from rseq._language.text import keep
from rseq._language.types import Record, Scalar, i64, u64
from rseq._once import load, once
from rseq._percpu.storage import PerCPU
from rseq._sequence import Routine, Sequence, routine, sequence
from rseq._structures.workload import SPREAD

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["add_from_python", "adder", "sum_over_lanes", "unbalanced", "work"]

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


def sum_over_lanes(storage: PerCPU[Any]) -> npt.NDArray[Any]:
    """The `value` of each record, summed over all lanes in its own type: integers wrap, floats overflow."""
    load("numpy")
    import numpy as np

    cells = storage.view()["value"]
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(cells.sum(axis=0, dtype=cells.dtype))


# ---- stress


@once
def work(scalar: Scalar) -> Routine[Any, int]:
    """What `rseq stress` runs: add a number that depends on `turn`, and return it.

    It lies between -63 and 63, and successive ones, also those of one element of an array, go to and fro around 0:
    sums stay small, and exact in floats. That is what multiples of the golden ratio do.
    """
    add = adder(scalar)
    Cell = add.body.record  # noqa: N806 - it is a class

    @routine
    def work(cpu: Cell, turn: u64) -> i64:  # type: ignore[valid-type]
        n = i64(turn * SPREAD >> 58) * 2 - 63
        add(cpu, scalar(n))  # type: ignore[operator]
        return n

    return work


def add_from_python(counter: Any, turn: int) -> int:
    """The same from Python, with a number that every type holds."""
    n = turn & 3
    if counter.storage.record.fields["value"].type.is_float:
        n = 2 * n - 3  # to and fro around 0, as above
    counter.add(*_element(counter.storage.shape, turn), n)
    return n


def _element(shape: tuple[int, ...], turn: int) -> Iterator[tuple[int, ...]]:
    """The index of element `turn` of an array, turning over; nothing for what is no array."""
    if shape:
        index: list[int] = []
        for length in reversed(shape):
            index.insert(0, turn % length)
            turn //= length
        yield tuple(index)


def unbalanced(scalar: Scalar, found: npt.NDArray[Any], ledger: Numbers[int]) -> Iterator[str]:
    """The sums that are not what was added, as sentences. Integers wrap around."""
    for position, (value, added) in enumerate(zip(found.reshape(-1).tolist(), ledger, strict=True)):
        expected = scalar.wrap(added)
        if value != expected:
            yield f"element {position} is {value:,}, and what was added to it comes to {expected:,}"
