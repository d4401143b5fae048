"""The operations called from Python: one file for each, with what one would use instead of rseq."""

from ..run import Operation
from .counter import COUNTER
from .histogram import HISTOGRAM
from .lock import LOCK
from .logs import LOGGING
from .pool import POOL
from .rcu import READ_SECTION
from .ring import RINGS
from .stack import STACK

__all__ = ["OPERATIONS"]

OPERATIONS: tuple[Operation, ...] = (COUNTER, LOCK, *RINGS, LOGGING, STACK, HISTOGRAM, POOL, READ_SECTION)
