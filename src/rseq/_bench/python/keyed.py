"""Counting by key from Python: one more under one of some keys, beside a dict or a Counter under a lock."""

from __future__ import annotations

import collections
import threading
from collections.abc import Callable
from typing import Any

from rseq._bench.python.loop import loop
from rseq._bench.run import Implementation, Operation, counted, threaded
from rseq._structures.keyed import KeyedCounter

_KEY = "GET /orders"
_CAPACITY = 1000


def _rseq(key: Any, name: str, label: str) -> Callable[[int], Implementation]:
    def make(workers: int) -> Implementation:
        counter = KeyedCounter(_CAPACITY)
        for number in range(_CAPACITY // 2):
            counter.add(f"GET /{number}")
        before = counter.total()
        work = loop("counter.add(key)", counter=counter, key=key)
        return threaded(name, label, work, counted(lambda: counter.total() - before))

    return make


def _rseq_row(workers: int) -> Implementation:
    counter = KeyedCounter(_CAPACITY)
    work = loop("counter.add_row(row)", counter=counter, row=counter.row_of(_KEY))
    return threaded("rseq-row", "rseq: counter.add_row(row)", work, counted(counter.total))


def _under_lock(make: Callable[[], dict[str, int]], name: str, label: str) -> Callable[[int], Implementation]:
    def implementation(workers: int) -> Implementation:
        counter = make()
        work = loop("with lock: counter[key] += 1", counter=counter, lock=threading.Lock(), key=_KEY)
        return threaded(name, label, work, counted(lambda: sum(counter.values())))

    return implementation


KEYED = Operation(
    name="keyed-python",
    title="one more under a key, from Python",
    unit="update",
    makers={
        "rseq": _rseq(_KEY, "rseq", "rseq: counter.add(key), a str"),
        "rseq-tuple": _rseq(("GET", "/orders", 200), "rseq-tuple", "rseq: the same, a tuple of three"),
        "rseq-row": _rseq_row,
        "dict-lock": _under_lock(lambda: {_KEY: 0}, "dict-lock", "with lock: counter[key] += 1, a dict"),
        "counter-lock": _under_lock(collections.Counter, "counter-lock", "the same, collections.Counter"),
    },
)
