"""The operations called from Python: one file for each, with what one would use instead of rseq."""

from rseq._bench.python.bucket import BUCKETS
from rseq._bench.python.collector import COLLECTOR
from rseq._bench.python.counter import COUNTER
from rseq._bench.python.histogram import HISTOGRAM
from rseq._bench.python.keyed import KEYED
from rseq._bench.python.lock import LOCK
from rseq._bench.python.logs import LOGGING
from rseq._bench.python.otel import ADD, ADD_ATTRIBUTES
from rseq._bench.python.pool import POOL
from rseq._bench.python.rcu import READ_SECTION
from rseq._bench.python.read import VALUE, VALUES
from rseq._bench.python.ring import RINGS
from rseq._bench.python.stack import STACK
from rseq._bench.run import Operation

_OF_COUNTERS = COUNTER, VALUE, VALUES, KEYED, ADD, ADD_ATTRIBUTES
OPERATIONS: tuple[Operation, ...] = (
    *_OF_COUNTERS,
    LOCK,
    *RINGS,
    LOGGING,
    STACK,
    COLLECTOR,
    HISTOGRAM,
    POOL,
    *BUCKETS,
    READ_SECTION,
)
