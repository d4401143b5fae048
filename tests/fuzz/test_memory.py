"""Whatever stands in the memory of a structure, its machine code stays in that memory.

In a shared segment a process that is out of its mind may write anything there, and `storage.view()` is writable.
"""

from __future__ import annotations

import pytest

from support import run_python

CHILD = """
import faulthandler, random, sys
import numpy as np
import rseq
from rseq._structures.shipped import home_of, shipped

faulthandler.dump_traceback_later(110, exit=True)
rng = random.Random(int(sys.argv[1]))
NUMBERS = (0, 1, 2, 3, 2**31, 2**32 - 1, 2**32, 2**53, 2**62, 2**63 - 1, 2**63, 2**64 - 1)
CALLS = (
    ("add", 1), ("add", (1, 1), 1), ("observe", 2.5), ("update", 1), ("push", 5), ("pop",), ("acquire_row",),
    ("release_row", 0), ("read_lock",), ("read_unlock", 1), ("try_acquire",), ("release", 0), ("write", b"hello"),
    ("write", 5), ("steal",), ("held",), ("counts",), ("synchronize", 0), ("holders",), ("values",), ("merge",),
    ("add", "a", 1), ("add", ("b", 2)), ("add", b"c"), ("add_row", 3), ("items",), ("most_common", 1), ("total",),
    ("append", 3), ("array",), ("__len__",), ("take",), ("take", 5), ("__repr__",),
)
MAKERS = (
    rseq.Counter,
    lambda **shared: rseq.CounterArray((3, 2), **shared),
    lambda **shared: rseq.Histogram([1, 2, 3], **shared),
    lambda **shared: rseq.Histogram.exponential(1, 100, **shared),
    lambda **shared: rseq.KeyedCounter(2, **shared),
    rseq.Max,
    lambda **shared: rseq.Collector(rng.choice(("i16", "f8")), rng.choice((1, 4, 5)), **shared),
    lambda **shared: rseq.Stack(rng.choice((1, 4, 5)), **shared),
    lambda **shared: rseq.Pool(8, rng.choice((1, 5, 40)), **shared),
    lambda **shared: rseq.TokenBucket(rng.choice((1e-3, 1e9)), rng.choice((1, 9, 1000)), **shared),
    rseq.RCU,
    rseq.SpinLock,
    lambda **shared: rseq.RingBuffer(rng.choice((256, 4096)), rng.choice(("drop", "overwrite")), **shared),
    lambda **shared: rseq.RingBuffer(64, rng.choice(("drop", "overwrite")), dtype="u64", **shared),
)
used, made = set(), set()
for turn in range(int(sys.argv[2])):
    thing = MAKERS[turn % len(MAKERS)](segment=rng.choice((None, rseq.Segment())))
    made.add(type(thing))
    view = thing.storage.view()
    for _ in range(rng.choice((1, 1, 3, 20))):
        words = view[rng.choice(view.dtype.names)]
        if words.size:
            number = np.array(rng.choice((*NUMBERS, rng.getrandbits(64))), "u8").astype(words.dtype)
            words.reshape(len(view), -1)[:, rng.randrange(words[0].size)] = number
            view[rng.choice([name for name in view.dtype.names if view[name].dtype == words.dtype])][...] = number
    for name, *given in CALLS:
        try:
            getattr(thing, name)(*given)
            used.add((type(thing).__name__, name))
        except (AttributeError, TypeError, ValueError, IndexError, RuntimeError, OverflowError, TimeoutError):
            pass
        except RuntimeWarning:  # numbers were refused
            pass
hot = {("Counter", "add"), ("Stack", "push"), ("Stack", "pop"), ("Pool", "acquire_row"), ("RingBuffer", "write")}
assert hot | {("RCU", "read_lock"), ("Histogram", "observe"), ("Max", "update")} <= used, used
assert {kind.__name__ for kind in made} == {name for name, _ in used}, "CALLS has no method of some structure"
assert {home_of(kind) for kind in shipped()} == {home_of(kind) for kind in made}, "some structure is not in MAKERS"
"""


def test_numbers_in_memory_lead_nowhere_else() -> None:
    run_python(CHILD, "1", "220")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 12))
def test_many_numbers_in_memory_lead_nowhere_else(seed: int) -> None:
    run_python(CHILD, str(seed), "3000")
