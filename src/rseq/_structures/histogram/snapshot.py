"""What a histogram has counted up to a moment, as a plain value. The difference of two is what came in between.

    before = latency.snapshot()
    …
    (latency.snapshot() - before).quantile(0.99)

A histogram itself has no reset: a number that is set to 0 on one CPU is lost for whoever adds to it there at that
moment, and two readers would each take the other one's numbers. With snapshots each reader has a beginning of its own.
"""

from __future__ import annotations

from itertools import pairwise

from rseq._percpu.checks import number
from rseq._structures.histogram.bounds import LogLinear, Sorted, sorted_layout
from rseq._structures.histogram.quantiles import difference_of, quantile_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, NoReturn, SupportsFloat

    from rseq._structures.histogram.bounds import Layout


class HistogramSnapshot:
    """The bounds, counts and sum that a `Histogram` had; `rseq.Histogram.snapshot` makes one.

    Snapshots of the same bounds are added and subtracted, compared, hashed and pickled. They never change.
    Threads and processes: any.
    """

    __slots__ = ("_counts", "_layout", "_nans", "_sum")
    _layout: Layout
    _counts: tuple[int, ...]
    _sum: float
    _nans: int

    def __init__(self) -> None:
        raise TypeError("a HistogramSnapshot is made by snapshot() of an rseq.Histogram")

    @property
    def bounds(self) -> tuple[float, ...]:
        """The upper bounds of all buckets but the last, which has none."""
        return self._layout.bounds

    @property
    def counts(self) -> tuple[int, ...]:
        """How many observations each bucket has: one number more than there are bounds."""
        return self._counts

    @property
    def count(self) -> int:
        """How many observations lie in all buckets together; NaN is in none."""
        return sum(self._counts)

    @property
    def sum(self) -> float:
        """The sum of the observations, without NaN."""
        return self._sum

    @property
    def nans(self) -> int:
        """How many times NaN was observed."""
        return self._nans

    @property
    def mean(self) -> float | None:
        """The mean of the observations, or None if there are none."""
        return self._sum / self.count if self.count else None

    def quantile(self, q: float) -> float | None:
        """As `Histogram.quantile`. Raises: ValueError - `q` is not from 0 to 1."""
        return quantile_of(self._layout, self._counts, q)

    def quantiles(self, qs: Iterable[float]) -> list[float | None]:
        """`quantile` of each."""
        return [self.quantile(q) for q in qs]

    def coarser(self, bounds: Iterable[float]) -> HistogramSnapshot:
        """The same observations with fewer bounds: some of those that there are, such as every fourth, `bounds[::4]`.

        Raises: ValueError - one of them is no bound here, so that nobody knows what lies below it.
        """
        layout = sorted_layout(bounds)
        places = {bound: place for place, bound in enumerate(self.bounds)}
        for bound in layout.bounds:
            if bound not in places:
                nearest = min(self.bounds, key=lambda own: abs(own - bound))
                raise ValueError(f"bounds: {bound!r} is none of this histogram's; the nearest one is {nearest!r}")
        ends = [0, *(places[bound] + 1 for bound in layout.bounds), len(self._counts)]
        counts = [sum(self._counts[first:end]) for first, end in pairwise(ends)]
        return snapshot_of(layout, counts, self._sum, self._nans)

    def __add__(self, other: HistogramSnapshot) -> HistogramSnapshot:
        """Both together. Raises: ValueError - their bounds differ."""
        if not isinstance(other, HistogramSnapshot):
            return NotImplemented
        self._require_same_bounds(other)
        counts = [one + two for one, two in zip(self._counts, other._counts, strict=True)]
        return snapshot_of(self._layout, counts, self._sum + other._sum, self._nans + other._nans)

    def __radd__(self, other: object) -> HistogramSnapshot:
        return self if other == 0 else NotImplemented  # as `sum` begins

    def __sub__(self, other: HistogramSnapshot) -> HistogramSnapshot:
        """What came after `other`. Raises: ValueError - their bounds differ, or it is the later one."""
        if not isinstance(other, HistogramSnapshot):
            return NotImplemented
        self._require_same_bounds(other)
        counts = [one - two for one, two in zip(self._counts, other._counts, strict=True)]
        if min(counts) < 0 or self._nans < other._nans:
            raise ValueError("the second snapshot has counted what the first has not; subtract the earlier one")
        return snapshot_of(self._layout, counts, self._sum - other._sum, self._nans - other._nans)

    def _require_same_bounds(self, other: HistogramSnapshot) -> None:
        if other.bounds != self.bounds:
            raise ValueError(
                f"expected snapshots with the same bounds; {difference_of(other.bounds, self.bounds)}. "
                "`coarser` brings both to those that they share"
            )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HistogramSnapshot) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def _values(self) -> tuple[tuple[float, ...], tuple[int, ...], float, int]:
        return self.bounds, self._counts, self._sum, self._nans

    def __reduce__(self) -> tuple[Any, ...]:
        layout = self._layout
        made_of = layout.bounds if isinstance(layout, Sorted) else (layout.first, layout.n, layout.k)
        return _restored, (type(layout).__name__, made_of, self._counts, self._sum, self._nans)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a HistogramSnapshot does not change")

    def __repr__(self) -> str:
        return f"<rseq.HistogramSnapshot of {self.count}, {len(self.bounds)} bounds>"


def snapshot_of(layout: Layout, counts: Iterable[int], total: float, nans: int) -> HistogramSnapshot:
    """A snapshot of such numbers."""
    made = HistogramSnapshot.__new__(HistogramSnapshot)
    values = {"_layout": layout, "_counts": tuple(counts), "_sum": total, "_nans": nans}
    for name, value in values.items():
        object.__setattr__(made, name, value)
    return made


def snapshot_from(
    bounds: Iterable[SupportsFloat], counts: Iterable[int], total: float | None, nans: int
) -> HistogramSnapshot:
    """A snapshot of numbers that came from anywhere. Raises: TypeError, ValueError - they are none of a histogram."""
    from operator import index

    layout = sorted_layout(bounds)
    numbers = [index(one) for one in counts]
    if len(numbers) != len(layout.bounds) + 1:
        raise ValueError(
            f"counts: expected {len(layout.bounds) + 1}, one for each bound and one for what lies above the last; "
            f"got {len(numbers)}"
        )
    if min([*numbers, index(nans)]) < 0:
        raise ValueError("counts: expected numbers of observations, none below 0")
    if total is None:
        total = sum(layout.estimate(place, 0.5) * n for place, n in enumerate(numbers[:-1])) if any(numbers) else 0.0
        total += layout.bounds[-1] * numbers[-1]
    return snapshot_of(layout, numbers, number("sum", total), index(nans))


def _restored(kind: str, made_of: Any, counts: tuple[int, ...], total: float, nans: int) -> HistogramSnapshot:
    layout = Sorted(made_of) if kind == Sorted.__name__ else LogLinear(*made_of)
    return snapshot_of(layout, counts, total, nans)
