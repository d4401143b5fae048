"""The code of extremes (extreme.py): the sequences that compare, and the routines that read."""

from __future__ import annotations

from rseq._language.kept import keep
from rseq._language.operations import lane, lanes
from rseq._language.types import Record, Scalar, u64
from rseq._once import once
from rseq._sequence import Routine, Sequence, routine, sequence
from rseq._structures.number import worst_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


keep(__name__)


@once
def updater(scalar: Scalar, is_max: bool) -> Sequence[Any, None]:
    """The sequence `update(cpu, x)` for numbers of this type, on a record of its own."""
    worst = worst_of(scalar.name, is_max)

    class Extreme(Record):
        value: scalar  # type: ignore[valid-type]
        touched: scalar  # type: ignore[valid-type]

        @staticmethod
        def starts(lanes: Any) -> Iterator[None]:
            """A new one, and one that has seen 0 on each CPU."""
            for value in (worst, 0):
                lanes["value"] = value
                yield

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


@once
def finder(scalar: Scalar, is_max: bool) -> Routine[Any, Any]:
    """The routine that finds the extreme of all lanes: None if there has been no update."""
    worst = worst_of(scalar.name, is_max)
    Extreme: Any = updater(scalar, is_max).body.record  # noqa: N806 - it is a class

    @routine
    def find_max(cpu: Extreme) -> scalar | None:  # type: ignore[valid-type]
        best = scalar(worst)  # type: ignore[operator]
        is_known = False
        number: u64 = 0
        while number < lanes(cpu):
            there = lane(cpu, number)
            value = there.value
            if value > best:
                best = value
                is_known = True
            elif there.touched != 0:
                is_known = True
            number += 1
        if is_known:
            return best  # type: ignore[no-any-return]
        return None

    @routine
    def find_min(cpu: Extreme) -> scalar | None:  # type: ignore[valid-type]
        best = scalar(worst)  # type: ignore[operator]
        is_known = False
        number: u64 = 0
        while number < lanes(cpu):
            there = lane(cpu, number)
            value = there.value
            if value < best:
                best = value
                is_known = True
            elif there.touched != 0:
                is_known = True
            number += 1
        if is_known:
            return best  # type: ignore[no-any-return]
        return None

    return find_max if is_max else find_min
