"""What a ring has beside its lanes: whose turn it is to read, and when it was made, on both clocks.

    | turn (_percpu/turn.py) | counter | ns of CLOCK_MONOTONIC |

A process that finds a ring by its name knows the counter's rate from then on, and not from a moment: events that were
written before it came have the times that they have in the process that wrote them.
"""

from __future__ import annotations

from rseq import _quick_ctypes as ctypes
from rseq._percpu.storage import More
from rseq._percpu.turn import TURN_BYTES
from rseq._structures.ring.clock import best_point

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rseq._percpu.segment import Place

_BYTES = TURN_BYTES + 16
COMMON = More(_BYTES, _BYTES)


class _Birth(ctypes.Structure):
    _fields_ = (("counter", ctypes.c_uint64), ("ns", ctypes.c_uint64))


def turn_at(common: Place) -> int:
    """The address of the turn."""
    return common.addresses()[-1]


def write_birth(common: Place) -> None:
    """Write down that the ring is made now."""
    birth = _birth(common)
    birth.counter, birth.ns = best_point()


def birth_of(common: Place) -> tuple[int, int]:
    """When it was made: the counter, and nanoseconds."""
    birth = _birth(common)
    return birth.counter, birth.ns


def _birth(common: Place) -> _Birth:
    return _Birth.from_address(turn_at(common) + TURN_BYTES)
