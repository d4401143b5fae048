"""The code of collectors (collector.py, which says how they work)."""

from __future__ import annotations

from rseq._language.kept import keep
from rseq._language.types import Array, Record, Scalar, prepared, u64
from rseq._once import once
from rseq._sequence import Sequence, sequence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

keep(__name__)


@once
def appender(scalar: Scalar, length: int) -> Sequence[Any, bool]:
    """The sequence `append(cpu, x)` for numbers of this type, on a record of its own with that many slots."""
    numbers: Any = Array(scalar, length)

    class Collected(Record):
        limit: u64
        count: u64
        refused: u64
        slots: prepared[numbers]

        @staticmethod
        def live(lane: Any) -> Any:
            """The slots below `count`."""
            return lane["slots"][: min(int(lane["count"]), length)]

    @sequence(release=True)
    def append(cpu: Collected, x: scalar) -> bool:  # type: ignore[valid-type]  # unreached: only Python reads
        n = cpu.count
        if n >= cpu.limit:
            cpu.refused += 1
            return False
        cpu.slots[n] = x
        cpu.count = n + 1
        return True

    return append
