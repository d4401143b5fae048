"""The code of metrics: what `inc` and `observe` do to the numbers of a series (series.py says how they lie).

    counter:     | total |
    summary:     | count | sum |
    histogram:   | limits | sum | bucket | bucket | …

`limits` is the number of a row that has the bounds, and is the same in every lane: a row of memory of the process's own
that all series of the histogram share. So bounds are in no lane, a scrape reads none, and the code is the same for all.
The critical section searches them with a constant number of steps that each halve what is left; places without a bound
are infinite, so nothing is counted beyond the last bucket there is.

Counting and adding to the sum are two sequences: a reader may see an observation that is counted and not yet in the
sum.
"""

from __future__ import annotations

from rseq._language.kept import keep
from rseq._language.types import SCALARS, Array, Index, Record, f64, i64
from rseq._once import once
from rseq._sequence import Sequence, routine, sequence
from rseq._structures.cell_code import adder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from rseq._language.compiled import Compiled

keep(__name__)

NEGATIVE = "a counter only grows: expected an amount of 0 or more"
NO_NUMBER = "NaN is no observation: nothing can be compared with it, and the sum would be NaN for good"


@once
def counting() -> Mapping[str, Compiled]:
    """What counters do: sequences and routines, by name."""
    add = adder(SCALARS["f64"])
    Total: Any = add.body.record  # noqa: N806 - it is a class

    @routine
    def inc(cpu: Total, amount: f64 = 1) -> None:
        if amount >= 0.0:
            add(cpu, amount)
        else:
            raise ValueError(NEGATIVE)

    return {"inc": inc, "add": add}


@once
def summing() -> Mapping[str, Compiled]:
    """What summaries do."""

    class Summed(Record):
        count: f64
        sum: f64

    @sequence
    def count(cpu: Summed) -> None:
        cpu.count += 1.0

    @sequence
    def add_sum(cpu: Summed, amount: f64) -> None:
        cpu.sum += amount

    @routine
    def observe(cpu: Summed, amount: f64) -> None:
        if amount != amount:
            raise ValueError(NO_NUMBER)
        count(cpu)
        add_sum(cpu, amount)

    return {"observe": observe, "count": count, "add_sum": add_sum}


@once
def searching(steps: int) -> Mapping[str, Compiled]:
    """What histograms do with up to `2 ** steps - 1` finite bounds."""
    length = 1 << steps
    numbers: Any = Array(SCALARS["f64"], length)

    class Bounds(Record):
        bounds: numbers

    limits_of: Any = Index(Bounds)

    class Buckets(Record):
        limits: limits_of
        sum: f64
        counts: numbers

    @sequence
    def count(cpu: Buckets, amount: f64) -> None:
        limits = cpu.limits
        at: i64 = 0
        for step in range(steps):
            if limits.bounds[at + ((length >> (step + 1)) - 1)] < amount:
                at += length >> (step + 1)
        cpu.counts[at] += 1.0

    return _observing(Buckets, count)


def _observing(record: Any, count: Sequence[Any, None]) -> Mapping[str, Compiled]:
    @sequence
    def add_sum(cpu: record, amount: f64) -> None:
        cpu.sum += amount

    @routine
    def observe(cpu: record, amount: f64) -> None:
        if amount != amount:
            raise ValueError(NO_NUMBER)
        count(cpu, amount)
        add_sum(cpu, amount)

    return {"observe": observe, "count": count, "add_sum": add_sum}
