"""Histograms over time: what came into each bucket between two looks, and the quantiles of that.

Those of prometheus_client and those of rseq are one here: bounds, and counts of what is up to each and above the one
before. One with many bounds is kept with fewer of them.
"""

from __future__ import annotations

import math
from array import array
from collections import deque
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from rseq._look.structures import QUANTILES
from rseq._metrics.series import KIND as SERIES
from rseq._serve.parts import kept
from rseq._structures.histogram.bounds import sorted_layout
from rseq._structures.histogram.quantiles import quantile_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rseq._look.reading import Reading


class Buckets(NamedTuple):
    """What a histogram says: finite bounds, and one count more than there are of them."""

    bounds: list[float]
    counts: list[int]
    sum: float | None
    nans: int

    def quantiles(self) -> dict[str, float | None]:
        """The estimates from all counts."""
        return quantiles(self.bounds, self.counts)


def buckets_of(reading: Reading) -> Buckets | None:
    """The buckets of a structure; None if it has none, or cannot be read."""
    value = reading.value
    if reading.problem or reading.kind not in (SERIES, "Histogram") or "counts" not in value:
        return None
    if reading.kind != SERIES:
        return Buckets(value["bounds"], value["counts"], value["sum"], value["nans"])
    written: dict[str, float] = value["counts"]
    try:
        bounds, counts = [*map(float, written)], [*map(round, written.values())]
    except (ValueError, OverflowError):  # somebody has written there who should not
        return None
    if not bounds or bounds[-1] != math.inf:
        bounds, counts = [*bounds, math.inf], [*counts, 0]
    return Buckets(bounds[:-1], counts, value["sum"], 0)


def quantiles(bounds: Sequence[float], counts: list[int]) -> dict[str, float | None]:
    """The estimates, by quantile: None where nothing was counted, or there is no bound."""
    known = bool(bounds) and all(map(math.isfinite, bounds)) and all(low < high for low, high in pairwise(bounds))
    layout = sorted_layout(bounds) if known else None
    return {f"{q:g}": None if layout is None else quantile_of(layout, counts, q) for q in QUANTILES}


_MOST = (1 << 63) - 1


class Heat:
    """What a histogram had counted at each of the last looks. Threads: one at a time."""

    def __init__(self, bounds: Sequence[float], looks: int) -> None:
        self._given = tuple(bounds)
        self._kept = kept(len(bounds)) if bounds else range(0)
        self._looks: deque[tuple[float, array[int]]] = deque(maxlen=looks + 1)

    def is_of(self, bounds: Sequence[float]) -> bool:
        """Whether these are its bounds."""
        return self._given == tuple(bounds)

    @property
    def bounds(self) -> list[float]:
        """Those that are kept."""
        return [self._given[at] for at in self._kept]

    def add(self, at: float, counts: Sequence[int]) -> None:
        """Remember the counts of the look at that time."""
        ends = [*(number + 1 for number in self._kept), len(counts)]
        sums = (sum(counts[start:end]) for start, end in pairwise([0, *ends]))
        self._looks.append((at, array("q", (min(max(one, 0), _MOST) for one in sums))))

    def columns(self) -> list[tuple[float, float, list[int]]]:
        """What came between two looks, when the later one was, and how long that took.

        Of a histogram that began anew in between, it is all that it has.
        """
        return [(at, at - begun, _since(before, now)) for (begun, before), (at, now) in pairwise(self._looks)]

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it: rows without the empty ones at both ends."""
        columns, bounds = self.columns(), self.bounds
        used = [row for *_, counts in columns for row, count in enumerate(counts) if count]
        first, last = (min(used), max(used)) if used else (0, 0)
        return {
            "times": [at for at, *_ in columns],
            "seconds": [seconds for _, seconds, _ in columns],
            "bounds": [_bound(bounds, row) for row in range(first, last + 1)],
            "below": bounds[first - 1] if first else None,
            "counts": [counts[first : last + 1] for *_, counts in columns],
            "quantiles": [quantiles(bounds, counts) for *_, counts in columns],
        }


def _bound(bounds: list[float], row: int) -> float | None:
    """The upper bound of a row; None of the last one, which has none."""
    return bounds[row] if row < len(bounds) else None


def _since(before: array[int], now: array[int]) -> list[int]:
    found = [later - earlier for earlier, later in zip(before, now, strict=True)]
    return [*now] if any(one < 0 for one in found) else found
