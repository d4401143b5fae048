"""The code of metrics: what `inc` and `observe` do to the numbers of a series (series.py says how they lie).

    counter:     | total |
    summary:     | count | sum |
    histogram:   | limits | sum | bucket | bucket | …

`limits` is the number of a row that has the bounds, and is the same in every lane: a row of memory of the process's own
that all series of the histogram share. So bounds are in no lane, a scrape reads none, and the code is the same for all.
They are searched with a constant number of steps that each halve what is left; places without a bound are infinite, so
nothing is counted beyond the last bucket there is.

Exponential bounds are the powers of 2 ** (1 / 2 ** schema). A float's exponent says in which octave it lies, and only
its mantissa is searched, among the cuts of an octave by the finest schema; a coarser one shifts what is found.

    sign | exponent | mantissa      (float_bits(x) - 1): a bound itself falls below, one bit more above

Adding to the sum and counting are two sequences: a reader may see an observation in the sum that is not yet counted.
"""

from __future__ import annotations

from rseq._language.kept import keep
from rseq._language.operations import float_bits
from rseq._language.types import SCALARS, Array, Index, Record, f64, i64
from rseq._metrics.own.octaves import CUTS, FINEST, MANTISSA_BITS
from rseq._once import once
from rseq._sequence import routine, sequence
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

    add_sum, count = _additions(Buckets, limits_of)

    @routine
    def observe(cpu: Buckets, amount: f64) -> None:
        if amount != amount:
            raise ValueError(NO_NUMBER)
        limits = add_sum(cpu, amount)
        at: i64 = 0
        for step in range(steps):
            if limits.bounds[at + ((length >> (step + 1)) - 1)] < amount:
                at += length >> (step + 1)
        count(cpu, at)

    return {"observe": observe, "add_sum": add_sum, "count": count}


@once
def exponential(length: int) -> Mapping[str, Compiled]:
    """What histograms do with up to `length - 1` exponential bounds."""
    cuts: Any = Array(SCALARS["i64"], CUTS)
    numbers: Any = Array(SCALARS["f64"], length)

    class Octaves(Record):
        shift: i64  # from the finest schema to this one
        schema: i64
        before: i64  # what is taken from a bound's number
        last: i64  # the number of the last bucket
        cuts: cuts

    limits_of: Any = Index(Octaves)

    class ExponentialBuckets(Record):
        limits: limits_of
        sum: f64
        counts: numbers

    add_sum, count = _additions(ExponentialBuckets, limits_of)

    @routine
    def observe(cpu: ExponentialBuckets, amount: f64) -> None:
        if amount != amount:
            raise ValueError(NO_NUMBER)
        limits = add_sum(cpu, amount)
        at: i64 = 0
        if amount > 0.0:
            below = i64(float_bits(amount)) - 1
            mantissa = below & ((1 << MANTISSA_BITS) - 1)
            for step in range(FINEST):
                if limits.cuts[at + (CUTS >> (step + 1))] <= mantissa:
                    at += CUTS >> (step + 1)
            at = ((below >> MANTISSA_BITS) << limits.schema) + (at >> limits.shift) - limits.before
            if at < 0:
                at = 0
            if at > limits.last:
                at = limits.last
        count(cpu, at)

    return {"observe": observe, "add_sum": add_sum, "count": count}


def _additions(record: Any, limits_of: Any) -> tuple[Any, Any]:
    """What is done with the sum, which also says where the bounds are; and with a bucket."""

    @sequence
    def add_sum(cpu: record, amount: f64) -> limits_of:
        limits = cpu.limits
        cpu.sum += amount
        return limits

    @sequence
    def count(cpu: record, bucket: i64) -> None:
        cpu.counts[bucket] += 1.0

    return add_sum, count
