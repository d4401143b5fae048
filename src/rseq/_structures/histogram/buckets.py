"""The code of histograms: how an observation finds its bucket, and is counted.

    bucket       0      |      1       | … |     n
                x <= b0 | b0 < x <= b1 |   | x > b(n-1)

    each lane   | sum | nans | what finds the bucket | counts: one for each bucket |

`observe` is a routine of two sequences with one commit each: the first finds the bucket and counts, the second adds to
the sum. Between the two a reader sees an observation that is counted and not yet in the sum; and the thread may be
moved, so that a lane's sum need not be the sum of what the lane has counted. Added up over all lanes, both are exact.

There are two ways to find a bucket, each with a record and sequences of its own. Arrays are as long as the next power
of two, so that few lengths are ever compiled.

Sorted bounds are written into every lane when the histogram is made, and never again. The critical section searches
its own CPU's copy, with a constant number of steps that each halve what is left. Places without a bound are
infinite: nothing is above them. (The road not taken: a routine that searches the copy in one lane, and hands over the
bucket's number. It makes a shorter section, and was no faster.)

Log-linear bounds (those of HDR histograms) cut each octave into `2**k` equal parts. Nothing is searched, because a
float's exponent and the upper `k` bits of its mantissa, read as one integer, number the parts in order:

    sign | exponent | k bits | the rest     (float_bits(x) - 1) >> bits in the rest
         |   part's number   |

Assumptions: an f64 is an IEEE 754 double. Its bits grow as it does from 0.0 upwards, and are negative as an i64
where it is negative; one less is the next smaller double, which is why a bound itself falls below.
"""

from __future__ import annotations

from dataclasses import dataclass

from rseq._language.kept import keep
from rseq._language.operations import float_bits
from rseq._language.types import SCALARS, Array, Record, f64, i64
from rseq._once import once
from rseq._sequence import Routine, Sequence, routine, sequence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

keep(__name__)


@dataclass(frozen=True)
class Code:
    """What works on one record."""

    record: type[Record]
    observe: Routine[Any, None]
    count: Sequence[Any, None]
    count_many: Sequence[Any, None]
    count_nan: Sequence[Any, None]
    add_sum: Sequence[Any, None]


@once
def sorted_code(steps: int) -> Code:
    """Up to `2**steps - 1` bounds that are searched."""
    length = 1 << steps
    numbers: Any = Array(SCALARS["f64"], length)
    counters: Any = Array(SCALARS["i64"], length)

    class SortedBuckets(Record):
        sum: f64
        nans: i64
        bounds: numbers
        counts: counters

    @sequence
    def count(cpu: SortedBuckets, x: f64) -> None:
        at: i64 = 0
        for step in range(steps):
            if cpu.bounds[at + ((length >> (step + 1)) - 1)] < x:
                at += length >> (step + 1)
        cpu.counts[at] += 1

    count_many, count_nan, add_sum = _additions(SortedBuckets)

    @routine
    def observe(cpu: SortedBuckets, x: f64) -> None:
        if x != x:
            count_nan(cpu)
        else:
            count(cpu, x)
            add_sum(cpu, x)

    return Code(SortedBuckets, observe, count, count_many, count_nan, add_sum)


@once
def log_linear_code(length: int) -> Code:
    """Up to `length - 1` bounds that are parts of octaves."""
    counters: Any = Array(SCALARS["i64"], length)

    class LogLinearBuckets(Record):
        sum: f64
        nans: i64
        lowest: i64  # the bits of the first bound
        shift: i64
        before: i64  # the number of the part that ends at the first bound
        last: i64  # the number of the last bucket
        counts: counters

    @sequence
    def count_log_linear(cpu: LogLinearBuckets, bits: i64) -> None:
        at: i64 = 0
        if bits > cpu.lowest:
            at = ((bits - 1) >> cpu.shift) - cpu.before
            if at > cpu.last:
                at = cpu.last
        cpu.counts[at] += 1

    count_many, count_nan, add_sum = _additions(LogLinearBuckets)

    @routine
    def observe(cpu: LogLinearBuckets, x: f64) -> None:
        if x != x:
            count_nan(cpu)
        else:
            count_log_linear(cpu, i64(float_bits(x)))
            add_sum(cpu, x)

    return Code(LogLinearBuckets, observe, count_log_linear, count_many, count_nan, add_sum)


def _additions(record: Any) -> tuple[Sequence[Any, None], Sequence[Any, None], Sequence[Any, None]]:
    """What both kinds of bucket have in common."""

    @sequence
    def count_many(cpu: record, bucket: i64, n: i64) -> None:
        cpu.counts[bucket] += n

    @sequence
    def count_nan(cpu: record, n: i64 = 1) -> None:
        cpu.nans += n

    @sequence
    def add_sum(cpu: record, x: f64) -> None:
        cpu.sum += x

    return count_many, count_nan, add_sum
