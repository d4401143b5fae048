"""Quantiles of counts in buckets, and in what two histograms' bounds differ."""

from __future__ import annotations

import math

from rseq._percpu.checks import number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from rseq._structures.histogram.bounds import Layout


def quantile_of(layout: Layout, counts: Sequence[int], q: float) -> float | None:
    """What `Histogram.quantile` says of such counts. Raises: TypeError, ValueError - `q` is not from 0 to 1."""
    q = number("q", q)
    if not 0 <= q <= 1:
        percent = f"; for {q:g} % write {q / 100:g}" if 1 < q <= 100 else ""
        raise ValueError(f"q: expected a number from 0 to 1, got {q}{percent}")
    total = sum(counts)
    if total <= 0:
        return None
    rank = rank_of(q, total)
    for bucket, count in enumerate(counts[:-1]):
        if rank <= count:
            return layout.estimate(bucket, rank / count)
        rank -= count
    return layout.bounds[-1]


def rank_of(q: float, total: int) -> int:
    """Which observation, in order and counted from 1, is the `q` quantile of `total`."""
    return min(max(math.ceil(q * total), 1), total)


def difference_of(given: tuple[float, ...], own: tuple[float, ...]) -> str:
    """In what bounds differ, in words."""
    if len(given) != len(own):
        return f"got one with {len(given)} bounds for one with {len(own)}"
    place = next(place for place, pair in enumerate(zip(given, own, strict=True)) if pair[0] != pair[1])
    return f"bounds[{place}] is {given[place]!r} in the other, and {own[place]!r} here"
