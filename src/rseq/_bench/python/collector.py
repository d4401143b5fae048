"""A number that is appended, from Python. What was appended is there after each run, and is taken away then."""

from __future__ import annotations

from rseq._bench.python.loop import loop
from rseq._bench.run import Implementation, Operation, done, threaded
from rseq._structures.collector import Collector

_CAPACITY = 1 << 22
_MOST = _CAPACITY // 4
"""A run appends so many at most in each thread: all may be on one CPU."""


def _rseq(workers: int) -> Implementation:
    collector = Collector("i64", _CAPACITY)

    def missing(spans: object) -> int:
        there = len(collector)
        collector.storage.view()["count"] = 0  # nobody appends
        return done(spans) - there  # type: ignore[arg-type]

    return threaded("rseq", "rseq: append(7)", loop("append(7)", append=collector.append), missing, _MOST)


def _list(workers: int) -> Implementation:
    items: list[int] = []

    def missing(spans: object) -> int:
        there = len(items)
        items.clear()
        return done(spans) - there  # type: ignore[arg-type]

    return threaded("list", "list: append(7)", loop("append(7)", append=items.append), missing, _MOST)


COLLECTOR = Operation(
    name="collector-python",
    title="append, from Python",
    unit="number",
    makers={"rseq": _rseq, "list": _list},
)
