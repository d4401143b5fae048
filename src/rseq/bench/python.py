"""The counter from Python: what one `add(1)` costs in a loop of the interpreter, beside what else there is.

Each implementation has a loop of its own, compiled from one template, so that the interpreter specialises its bytecode
for just that call. The loop itself (`for _ in repeat(None, count)`) is in every figure. What the statement names are
locals of the loop. Two floors stand beside: a builtin that does nothing, called by its name and as an attribute.
"""

from __future__ import annotations

import itertools
import multiprocessing
import threading
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any

from rseq.structures.counter import Counter

from .empty import empty_builtin, holder
from .run import Crew, Implementation, Operation, Threads, Unavailable, Work, counted

__all__ = ["COUNTER", "loop"]

_LOOP = """
def loop(worker, count, {parameters}):
    for _ in repeat(None, count):
        {statement}
"""
_GLOBAL_LOOP = """
def loop(worker, count, {parameters}):
    global n
    for _ in repeat(None, count):
        {statement}
"""


def loop(statement: str, template: str = _LOOP, **names: object) -> Work:
    """A function `loop(worker, count)` that executes `statement` `count` times, with `names` as its locals."""
    namespace: dict[str, Any] = {
        "repeat": itertools.repeat,
        "n": 0,
        **{f"{name}_": value for name, value in names.items()},
    }
    parameters = ", ".join(f"{name}={name}_" for name in names)
    exec(template.format(parameters=parameters, statement=statement), namespace)
    made: Work = namespace["loop"]
    return made


def _implementation(name: str, label: str, work: Work, total: Callable[[], int] | None) -> Implementation:
    """An implementation that counts up to `total()`, or that counts nothing (a floor)."""

    def crew(cpus: Sequence[int | None]) -> Crew:
        return Threads(work, cpus)

    return Implementation(name, label, crew, counted(total) if total else None)


def _rseq(workers: int) -> Implementation:
    counter = Counter()
    work = loop("counter.add(1)", counter=counter)
    return _implementation("rseq", "rseq: counter.add(1)", work, lambda: counter.value)


def _rseq_name(workers: int) -> Implementation:
    counter = Counter()
    work = loop("add(1)", add=counter.add)
    return _implementation("rseq-name", "rseq: add(1), add = counter.add", work, lambda: counter.value)


def _lock(workers: int) -> Implementation:
    work = loop("with lock: n += 1", _GLOBAL_LOOP, lock=threading.Lock())
    assert isinstance(work, FunctionType)
    names = work.__globals__
    return _implementation("lock", "with lock: n += 1", work, lambda: int(names["n"]))


def _itertools(workers: int) -> Implementation:
    numbers = itertools.count()
    looks = itertools.count()  # looking takes a number too
    work = loop("next(numbers)", numbers=numbers, next=next)
    return _implementation("itertools", "next(itertools.count())", work, lambda: next(numbers) - next(looks))


def _multiprocessing(workers: int) -> Implementation:
    value = multiprocessing.get_context("spawn").Value("q", 0)
    work = value_loop(value)
    return _implementation("multiprocessing", "multiprocessing.Value, its lock", work, lambda: value.value)


def value_loop(value: Any) -> Work:
    """Add to a `multiprocessing.Value` as its documentation says."""
    return loop("with value.get_lock(): value.value += 1", value=value)


def _prometheus(workers: int) -> Implementation:
    try:
        from prometheus_client import Counter
    except ImportError:
        raise Unavailable("prometheus_client is not installed (pip install 'rseq[bench]').") from None
    counter = Counter("rseq_bench", "Counted by rseq bench.", registry=None)

    def total() -> int:
        return int(next(iter(counter.collect())).samples[0].value)

    return _implementation(
        "prometheus", "prometheus_client: counter.inc()", loop("counter.inc()", counter=counter), total
    )


def _cereggii(workers: int) -> Implementation:
    try:
        from cereggii import AtomicInt64
    except ImportError:
        raise Unavailable("cereggii is not installed (pip install 'rseq[bench]').") from None
    number = AtomicInt64(0)
    work = loop("number.increment_and_get(1)", number=number)
    return _implementation("cereggii", "cereggii: increment_and_get(1)", work, lambda: int(number.get()))


def _empty(workers: int) -> Implementation:
    work = loop("empty(1)", empty=empty_builtin())
    return _implementation("empty", "empty builtin (floor)", work, None)


def _empty_attribute(workers: int) -> Implementation:
    work = loop("holder.add(1)", holder=holder())
    return _implementation("empty-attribute", "empty method, holder.add(1) (floor)", work, None)


def _abs(workers: int) -> Implementation:
    return _implementation("abs", "abs(1) (floor)", loop("abs(1)", abs=abs), None)


COUNTER = Operation(
    name="python",
    title="counter from Python",
    unit="update",
    reference="rseq",
    makers={
        "rseq": _rseq,
        "rseq-name": _rseq_name,
        "empty": _empty,
        "empty-attribute": _empty_attribute,
        "abs": _abs,
        "lock": _lock,
        "itertools": _itertools,
        "cereggii": _cereggii,
        "prometheus": _prometheus,
        "multiprocessing": _multiprocessing,
    },
    workers=(1,),
)
