"""What each structure of the package is made with and called with: tests of all of them ask here, and add nothing."""

from __future__ import annotations

from typing import Any

import rseq

GIVEN: dict[type[Any], tuple[Any, ...]] = {
    rseq.Collector: ("i64", 2),
    rseq.CounterArray: (2,),
    rseq.Histogram: ([1],),
    rseq.KeyedCounter: (2,),
    rseq.Pool: (8, 2),
    rseq.RingBuffer: (256,),
    rseq.Stack: (2,),
    rseq.TokenBucket: (1e-3, 1000),
}
"""The arguments of those that need some."""

HOT: dict[type[Any], dict[str, tuple[Any, ...]]] = {
    rseq.Collector: {"append": (1,)},
    rseq.Counter: {"add": (1,)},
    rseq.FloatCounter: {"add": (1,)},
    rseq.CounterArray: {"add": (0, 1)},
    rseq.Histogram: {"observe": (1,)},
    rseq.KeyedCounter: {"add_row": (0, 1)},
    rseq.Max: {"update": (1,)},
    rseq.Min: {"update": (1,)},
    rseq.Pool: {"acquire_row": (), "release_row": (0,)},
    rseq.RCU: {"read_lock": (), "read_unlock": (1,)},
    rseq.RingBuffer: {"write": (b"x",)},
    rseq.SpinLock: {"try_acquire": (), "release": (0,), "acquire": (), "__enter__": (), "__exit__": (None,) * 3},
    rseq.Stack: {"push": (1,), "pop": ()},
    rseq.TokenBucket: {"take": (1,)},
}
"""The hot methods, and arguments that they take."""


def made(kind: type[Any], cls: type[Any] | None = None, **more: Any) -> Any:
    """An object of a structure, or of a class derived from it."""
    return (cls or kind)(*GIVEN.get(kind, ()), **more)
