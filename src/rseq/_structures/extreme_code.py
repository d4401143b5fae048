"""The code of extremes (extreme.py): the sequences that compare."""

from __future__ import annotations

from rseq._language.kept import keep
from rseq._language.types import Record, Scalar
from rseq._once import once
from rseq._sequence import Sequence, sequence
from rseq._structures.number import worst_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


keep(__name__)


@once
def updater(scalar: Scalar, is_max: bool) -> Sequence[Any, None]:
    """The sequence `update(cpu, x)` for numbers of this type, on a record of its own."""
    worst = worst_of(scalar.name, is_max)

    class Extreme(Record):
        value: scalar  # type: ignore[valid-type]
        touched: scalar  # type: ignore[valid-type]

    @sequence
    def update_max(cpu: Extreme, x: scalar) -> None:  # type: ignore[valid-type]
        if x > cpu.value:  # type: ignore[operator]
            cpu.value = x
        elif x == worst:
            cpu.touched = 1

    @sequence
    def update_min(cpu: Extreme, x: scalar) -> None:  # type: ignore[valid-type]
        if x < cpu.value:  # type: ignore[operator]
            cpu.value = x
        elif x == worst:
            cpu.touched = 1

    return update_max if is_max else update_min
