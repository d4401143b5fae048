"""The operations in native loops: one file for each, with what one would use instead of rseq."""

from rseq._bench.native.counter import COUNTER
from rseq._bench.native.cpu import CPU_NUMBER
from rseq._bench.native.histogram import HISTOGRAM
from rseq._bench.native.lock import LOCK
from rseq._bench.native.pool import POOL
from rseq._bench.native.rcu import READ_SECTION
from rseq._bench.native.ring import RINGS
from rseq._bench.native.stack import STACK
from rseq._bench.run import Operation

OPERATIONS: tuple[Operation, ...] = (COUNTER, CPU_NUMBER, LOCK, *RINGS, STACK, HISTOGRAM, POOL, READ_SECTION)
