"""The code of stacks (stack.py, which says how they work)."""

from __future__ import annotations

from rseq._language.kept import keep
from rseq._language.types import SCALARS, Array, Record, prepared, u64
from rseq._once import once
from rseq._quick import NamedTuple
from rseq._sequence import Sequence, sequence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

keep(__name__)


class _Code(NamedTuple):
    """What is compiled for one length of the array."""

    record: type[Record]
    push: Sequence[Any, bool]
    pop: Sequence[Any, int | None]


@once
def stack_code(length: int) -> _Code:
    numbers: Any = Array(SCALARS["u64"], length)

    class Slots(Record):
        limit: u64
        count: u64
        slots: prepared[numbers]

        @staticmethod
        def live(lane: Any) -> Any:
            """The slots below `count`."""
            return lane["slots"][: min(int(lane["count"]), length)]

    @sequence
    def push(cpu: Slots, value: u64) -> bool:
        n = cpu.count
        if n >= cpu.limit:
            return False
        cpu.slots[n] = value
        cpu.count = n + 1
        return True

    @sequence
    def pop(cpu: Slots) -> u64 | None:
        n = cpu.count
        if n == 0:
            return None
        top = n - 1
        value: u64 = cpu.slots[top]
        cpu.count = top
        return value

    return _Code(Slots, push, pop)
