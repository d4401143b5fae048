"""What is counted, read from Python: one counter, and an array of many.

Each loop adds up what it reads, which is 1; nobody counts meanwhile.
"""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Sequence

from rseq._bench.python.loop import SUM_LOOP, installed, loop
from rseq._bench.run import Implementation, Operation, Span, answered, done, threaded
from rseq._once import load
from rseq._structures.array import CounterArray
from rseq._structures.counter import Counter
from rseq._thread.cpus import possible_cpus

_LENGTH = 10_000


def _misread(spans: Sequence[Span]) -> int:
    return done(spans) - answered(spans)


def _reading(name: str, label: str, statement: str, **names: object) -> Implementation:
    return threaded(name, label, loop(statement, SUM_LOOP, **names), _misread)


# ---- one counter


def _rseq(workers: int) -> Implementation:
    counter = Counter()
    counter.add(1)
    return _reading("rseq", "rseq: counter.value", "total += counter.value", counter=counter)


def _lock(workers: int) -> Implementation:
    statement = "with lock: total += numbers[0]"
    return _reading("threading-lock", "threading.Lock: with lock: n", statement, lock=threading.Lock(), numbers=[1])


def _cereggii(workers: int) -> Implementation:
    number = installed("cereggii").AtomicInt64(1)
    return _reading("cereggii", "cereggii: number.get()", "total += number.get()", number=number)


def _prometheus(workers: int) -> Implementation:
    counter = installed("prometheus_client").Counter("rseq_bench", "Read by rseq bench.", registry=None)
    counter.inc()
    statement = "for metric in counter.collect(): total += int(metric.samples[0].value)"
    return _reading("prometheus", "prometheus_client: counter.collect()", statement, counter=counter)


def _multiprocessing(workers: int) -> Implementation:
    value = multiprocessing.get_context("spawn").Value("q", 1)
    return _reading("multiprocessing", "multiprocessing.Value: value.value", "total += value.value", value=value)


VALUE = Operation(
    name="value-python",
    title="reading a counter, from Python",
    unit="read",
    makers={
        "rseq": _rseq,
        "threading-lock": _lock,
        "cereggii": _cereggii,
        "prometheus": _prometheus,
        "multiprocessing": _multiprocessing,
    },
    fault="got wrong",
)


# ---- many


def _rseq_values(workers: int) -> Implementation:
    load("numpy")
    counters = CounterArray(_LENGTH)
    counters.add(0)
    return _reading("rseq", "rseq: counters.values()", "total += int(counters.values()[0])", counters=counters)


def _numpy(workers: int) -> Implementation:
    load("numpy")
    import numpy as np

    lanes = np.full((possible_cpus() + 1, _LENGTH), 0)  # written: what was not is one page of zeros
    lanes[0, 0] = 1
    return _reading("numpy", "NumPy: lanes.sum(axis=0)", "total += int(lanes.sum(axis=0)[0])", lanes=lanes)


VALUES = Operation(
    name="values-python",
    title="reading 10,000 counters, from Python",
    unit="read of all",
    makers={"rseq": _rseq_values, "numpy": _numpy},
    fault="got wrong",
)
