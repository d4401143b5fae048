"""The operations in native loops: one file for each, with what one would use instead of rseq."""

from ..run import Operation
from .counter import COUNTER
from .cpu import CPU_NUMBER
from .histogram import HISTOGRAM
from .lock import LOCK
from .pool import POOL
from .rcu import READ_SECTION
from .ring import RINGS
from .stack import STACK

__all__ = ["OPERATIONS"]

OPERATIONS: tuple[Operation, ...] = (COUNTER, CPU_NUMBER, LOCK, *RINGS, STACK, HISTOGRAM, POOL, READ_SECTION)
