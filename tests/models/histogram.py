"""What a histogram is, in plain Python."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable
from functools import reduce
from operator import add

from rseq._structures.histogram.quantiles import rank_of


class Model:
    """What a `Histogram` with these bounds is, in plain Python: all observations. `quantile` is exact."""

    def __init__(self, bounds: Iterable[float]) -> None:
        self.bounds = tuple(bounds)
        self.observations: list[float] = []
        self.nans = 0

    def observe(self, x: float) -> None:
        """See `Histogram.observe`."""
        if math.isnan(x):
            self.nans += 1
        else:
            self.observations.append(float(x))

    def counts(self) -> list[int]:
        """See `Histogram.counts`."""
        counts = [0] * (len(self.bounds) + 1)
        for x in self.observations:
            counts[bisect_left(self.bounds, x)] += 1
        return counts

    @property
    def count(self) -> int:
        """See `Histogram.count`."""
        return len(self.observations)

    @property
    def sum(self) -> float:
        """See `Histogram.sum`; rounded as one CPU does."""
        return reduce(add, self.observations, 0.0)  # sum() of Python 3.12 rounds once, a sequence at each addition

    def quantile(self, q: float) -> float | None:
        """The observation that `Histogram.quantile` estimates."""
        total = len(self.observations)
        return sorted(self.observations)[rank_of(q, total) - 1] if total else None

    def merge(self, other: Model) -> None:
        """See `Histogram.merge`."""
        self.observations += other.observations
        self.nans += other.nans
