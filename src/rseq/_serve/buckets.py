"""Histograms over time: what came into each bucket between two looks, and the quantiles of that.

One with many bounds is kept with fewer of them.
"""

from __future__ import annotations

from array import array
from collections import deque
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from rseq._look.buckets import quantiles, since
from rseq._serve.parts import kept

if TYPE_CHECKING:
    from collections.abc import Sequence

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
        return [(at, at - begun, since(before, now)) for (begun, before), (at, now) in pairwise(self._looks)]

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
