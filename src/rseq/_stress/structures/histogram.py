"""Histograms: counts, sum and NaNs are those of what was observed. All of them are weighed, and become one number."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from rseq._language.types import f64, i64, u64
from rseq._once import once
from rseq._sequence import Routine, routine
from rseq._stress.workload import Mortal, Workload
from rseq._structures.histogram import Histogram
from rseq._structures.histogram.buckets import Code, log_linear_code, sorted_code

_NAN_WEIGHT = 1 << 50


def workloads() -> Iterator[Workload[Any]]:
    """One for each way to find a bucket. Both have the bounds 1, 2 and 4."""
    log_linear = partial(Histogram.exponential, 1, 4, relative_error=0.5)
    yield Workload("Histogram", partial(Histogram, (1, 2, 4)), _work(sorted_code(2)), _call, _law)
    yield Workload("Histogram, octaves", log_linear, _work(log_linear_code(4)), _call, _law)


def mortals() -> Iterator[Mortal]:
    """What was observed is counted, and may not be in the sum yet."""
    yield Mortal(
        "Histogram",
        lambda segment: Histogram((1, 2, 4), segment=segment),
        _work(sorted_code(2)),
        lambda histogram: [_weighed(histogram)],
        _is_observation,
    )


@once
def _work(code: Code) -> Routine[Any, int]:
    """An observation; its sum, and a weight for the bucket that it should be in."""
    Buckets = code.record  # noqa: N806 - it is a class
    observe, count_many, count_nan = code.observe, code.count_many, code.count_nan

    @routine
    def work(cpu: Buckets, turn: u64) -> i64:  # type: ignore[valid-type]
        bucket = i64(turn & 3)
        if turn & 12 == 0:
            count_nan(cpu)
            return _NAN_WEIGHT
        if turn & 12 == 4:
            count_many(cpu, bucket, 3)
            return i64(3) << (bucket * 12 + 8)
        x = (1 << bucket) + bucket // 3 * 56
        observe(cpu, f64(x))
        return (i64(1) << (bucket * 12 + 8)) + x

    return work


def _call(histogram: Histogram, turn: int) -> int:
    """Observations from Python, and what another histogram has counted."""
    if turn % 16 == 7:
        histogram.merge(Histogram.from_counts(histogram.bounds, (0, 2, 0, 0), sum=3, nans=1))
        return (2 << 20) + 3 + _NAN_WEIGHT
    if turn % 5 == 4:
        histogram.observe(math.nan)
        return _NAN_WEIGHT
    bucket, x = turn % 5, (1, 2, 4, 64)[turn % 5]
    histogram.observe(x)
    return (1 << (bucket * 12 + 8)) + x


def _weighed(histogram: Histogram) -> int:
    """All its numbers in one, as the ledger has them, when nobody observes."""
    number: int = sum(count << (bucket * 12 + 8) for bucket, count in enumerate(histogram.counts().tolist()))
    return number + histogram.nans * _NAN_WEIGHT + int(histogram.sum)


def _law(histogram: Histogram, ledger: Sequence[int]) -> Iterator[str]:
    if (_weighed(histogram) - ledger[0]) % (1 << 64):
        counts, total, nans = histogram.counts().tolist(), histogram.sum, histogram.nans
        yield f"counts {counts}, {nans} times NaN and the sum {total:,} are not what was observed"


def _is_observation(difference: Sequence[int]) -> bool:
    """A bucket's count may have its observation in the sum or not yet."""
    counts = [1 << (12 * bucket + 8) for bucket in range(4)]
    parts = {0, _NAN_WEIGHT, *counts, *(3 * count for count in counts)}
    return difference[0] in parts | {count + x for count, x in zip(counts, (1, 2, 4, 64), strict=True)}
