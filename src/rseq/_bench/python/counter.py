"""The counter from Python: what one `add(1)` costs, beside what else there is.

Two floors stand beside: a builtin that does nothing, called by its name and as an attribute.
"""

from __future__ import annotations

import itertools
import multiprocessing
import threading
from types import FunctionType
from typing import Any

from rseq._bench.empty import empty_builtin, holder
from rseq._bench.python.loop import GLOBAL_LOOP, installed, loop
from rseq._bench.run import Implementation, Operation, Work, counted, threaded
from rseq._structures.counter import Counter


def _rseq(workers: int) -> Implementation:
    counter = Counter()
    work = loop("counter.add(1)", counter=counter)
    return threaded("rseq", "rseq: counter.add(1)", work, counted(lambda: counter.value))


def _rseq_name(workers: int) -> Implementation:
    counter = Counter()
    work = loop("add(1)", add=counter.add)
    return threaded("rseq-name", "rseq: add(1), add = counter.add", work, counted(lambda: counter.value))


def _lock(workers: int) -> Implementation:
    work = loop("with lock: n += 1", GLOBAL_LOOP, lock=threading.Lock())
    assert isinstance(work, FunctionType)
    names = work.__globals__
    return threaded("threading-lock", "with lock: n += 1", work, counted(lambda: int(names["n"])))


def _itertools(workers: int) -> Implementation:
    numbers = itertools.count()
    looks = itertools.count()  # looking takes a number too
    work = loop("next(numbers)", numbers=numbers, next=next)
    return threaded("itertools", "next(itertools.count())", work, counted(lambda: next(numbers) - next(looks)))


def _multiprocessing(workers: int) -> Implementation:
    value = multiprocessing.get_context("spawn").Value("q", 0)
    work = value_loop(value)
    return threaded("multiprocessing", "multiprocessing.Value, its lock", work, counted(lambda: value.value))


def value_loop(value: Any) -> Work:
    """Add to a `multiprocessing.Value` as its documentation says."""
    return loop("with value.get_lock(): value.value += 1", value=value)


def _prometheus(workers: int) -> Implementation:
    counter = installed("prometheus_client").Counter("rseq_bench", "Counted by rseq bench.", registry=None)

    def total() -> int:
        return int(next(iter(counter.collect())).samples[0].value)

    work = loop("counter.inc()", counter=counter)
    return threaded("prometheus", "prometheus_client: counter.inc()", work, counted(total))


def _cereggii(workers: int) -> Implementation:
    number = installed("cereggii").AtomicInt64(0)
    work = loop("number.increment_and_get(1)", number=number)
    return threaded("cereggii", "cereggii: increment_and_get(1)", work, counted(lambda: int(number.get())))


def _empty(workers: int) -> Implementation:
    work = loop("empty(1)", empty=empty_builtin())
    return threaded("empty", "empty builtin (floor)", work, None)


def _empty_attribute(workers: int) -> Implementation:
    work = loop("holder.add(1)", holder=holder())
    return threaded("empty-attribute", "empty method, holder.add(1) (floor)", work, None)


def _abs(workers: int) -> Implementation:
    return threaded("abs", "abs(1) (floor)", loop("abs(1)", abs=abs), None)


COUNTER = Operation(
    name="python",
    title="counter from Python",
    unit="update",
    makers={
        "rseq": _rseq,
        "rseq-name": _rseq_name,
        "empty": _empty,
        "empty-attribute": _empty_attribute,
        "abs": _abs,
        "threading-lock": _lock,
        "itertools": _itertools,
        "cereggii": _cereggii,
        "prometheus": _prometheus,
        "multiprocessing": _multiprocessing,
    },
)
