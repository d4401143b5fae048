"""A histogram: how many observations lie in each bucket, their sum, and quantiles estimated from the buckets.

Bounds cut the numbers into buckets; what equals a bound lies below it, as in Prometheus. How a bucket is found, and
what a reader may see, is in `buckets.py`, which bounds there may be in `bounds.py`.
"""

from __future__ import annotations

from rseq._once import load
from rseq._percpu.checks import number
from rseq._percpu.storage import lanes_of
from rseq._percpu.sums import require_adders
from rseq._structures.histogram.bounds import (
    evenly,
    log_linear,
    log_linear_layout,
    searching,
    sorted_layout,
)
from rseq._structures.histogram.quantiles import difference_of, quantile_of
from rseq._structures.structure import (
    Structure,
    bind,
    form_of,
    not_set_up,
    require_set_up,
    set_up,
    storage_for,
    storage_of,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any, Self, SupportsFloat

    import numpy.typing as npt

    from rseq._arch.base import IndexMode
    from rseq._language.compiled import Compiled
    from rseq._percpu.lanes import Lanes
    from rseq._percpu.shared.segment import Segment
    from rseq._structures.histogram.bounds import Layout
    from rseq._structures.histogram.snapshot import HistogramSnapshot
    from rseq._structures.histogram.timing import Timer


class Histogram(Structure, hot=("observe",)):
    """Counts observations by bucket, and adds them up.

        latency = rseq.Histogram([0.005, 0.01, 0.1, 1.0])
        latency.observe(0.02)
        latency.counts()        # array([0, 0, 1, 0, 0]): the last bucket is what lies above all bounds
        latency.quantile(0.5)

    `bounds` are finite numbers, each above the one before it; an observation that equals a bound lies below it.
    `Histogram.exponential` makes bounds of a stated relative error, and finds a bucket without searching;
    `Histogram.linear` makes some at the same distance. `snapshot` is what has been counted up to now.
    Infinities are observations: they go to the last and the first bucket, and into the sum. NaN lies in no bucket: it
    is counted in `nans` and nowhere else. Inside `@njit` functions, `observe` is inlined. `segment` and `name`:
    see `Counter`.
    Raises: TypeError - bounds that are no numbers. ValueError - no bounds, too many, not finite or not in order.
    Threads: any, registered or not; after a fork, parent and child count apart, in a segment together.
    """

    __slots__ = ("_layout",)
    _no_copy = "Pass its bounds, counts and sum"
    _layout: Layout

    def __init__(
        self,
        bounds: Iterable[SupportsFloat],
        *,
        index: IndexMode = "cpu_id",
        segment: Segment | str | None = None,
        name: str | None = None,
    ) -> None:
        layout = sorted_layout(bounds)
        self._begin(layout, index, segment, name, {"bounds": list(layout.bounds)})

    @classmethod
    def exponential(
        cls,
        lowest: float,
        highest: float,
        *,
        relative_error: float = 0.01,
        index: IndexMode = "cpu_id",
        segment: Segment | str | None = None,
        name: str | None = None,
    ) -> Self:
        """A histogram from which `quantile` is right to `relative_error`, for observations from `lowest` to `highest`.

        Its bounds cut each octave into equal parts, a power of two of them. The first bound is `lowest` or a little
        less, the last one `highest` or a little more; what lies outside, zero and negative numbers too, is counted in
        the first and the last bucket. The `__init__` of a subclass, which takes bounds, is not called.
        Raises: ValueError - `lowest` is not positive or not below `highest`, or more buckets than there may be.
        """
        ends = number("lowest", lowest), number("highest", highest)
        layout = log_linear_layout(*ends, number("relative_error", relative_error))
        args = {"lowest": ends[0], "highest": ends[1], "relative_error": number("relative_error", relative_error)}
        made = cls.__new__(cls)
        made._begin(layout, index, segment, name, args)
        return made

    @classmethod
    def linear(
        cls,
        lowest: float,
        highest: float,
        buckets: int,
        *,
        index: IndexMode = "cpu_id",
        segment: Segment | str | None = None,
        name: str | None = None,
    ) -> Self:
        """A histogram whose bounds cut the numbers from `lowest` to `highest` into so many equal parts.

        Raises: TypeError, ValueError - they are no finite numbers in this order, or as for bounds.
        """
        return cls(
            evenly(number("lowest", lowest), number("highest", highest), buckets),
            index=index,
            segment=segment,
            name=name,
        )

    @classmethod
    def from_counts(
        cls,
        bounds: Iterable[SupportsFloat],
        counts: Iterable[int],
        *,
        sum: float | None = None,  # noqa: A002 - it is what the property is called
        nans: int = 0,
        index: IndexMode = "cpu_id",
    ) -> Self:
        """A histogram that begins with what was counted elsewhere: a number for each bucket, the last above all bounds.

        Without `sum` it is estimated, from the middle of each bucket.
        Raises: TypeError, ValueError - no such bounds, not one number for each bucket, or some below 0.
        """
        from rseq._structures.histogram.snapshot import snapshot_from

        began = snapshot_from(bounds, counts, sum, nans)
        made = cls(began.bounds, index=index)
        made.merge(began)
        return made

    @classmethod
    def _reopened(cls, made_of: type[Self], args: dict[str, Any], segment: Segment, name: str) -> Self:
        if "bounds" in args:
            return super()._reopened(made_of, args, segment, name)
        return made_of.exponential(**args, segment=segment, name=name)

    def _begin(
        self,
        layout: Layout,
        index: IndexMode,
        segment: Segment | str | None,
        name: str | None,
        args: dict[str, Any],
    ) -> None:
        form = layout.form
        require_adders()
        storage, _ = storage_for(self, form, segment, name, args, index=index, begin=layout.write)
        set_up(self, storage, form)
        self._layout = layout

    def observe(self, x: float) -> None:
        """Count `x` in its bucket, and add it to the sum. Any thread, any signal handler; it never waits.

        Raises: TypeError - `x` is no number; then nothing is counted.
        """
        raise not_set_up(self)

    @classmethod
    def _sequences(cls) -> Mapping[str, Compiled]:
        """Those of `observe` and `merge`, for 4 buckets: by searching, and log-linear."""
        few, octaves = searching(2).parts, log_linear(4).parts
        shared = {name: few[name] for name in ("count_many", "count_nan", "add_sum")}
        return {"count": few["count"], "count_log_linear": octaves["count"], **shared}

    @property
    def bounds(self) -> tuple[float, ...]:
        """The upper bounds of all buckets but the last, which has none."""
        return self._held()[0].bounds

    def counts(self) -> npt.NDArray[Any]:
        """How many observations each bucket has: one number more than there are bounds, as an i64 array."""
        load("numpy")
        import numpy as np

        return np.array(self._counts(), np.int64)

    def _counts(self) -> list[int]:
        layout, lanes = self._held()
        return lanes.sums("counts", len(layout.bounds) + 1)

    def _held(self) -> tuple[Layout, Lanes]:
        """The layout and all lanes. Raises: TypeError - the object was not set up, and has neither."""
        lanes = lanes_of(storage_of(self))
        return self._layout, lanes

    @property
    def count(self) -> int:
        """How many observations lie in all buckets together; NaN is in none."""
        return sum(self._counts())

    @property
    def sum(self) -> float:
        """The sum of the observations, without NaN. Its rounding depends on which CPUs observed what."""
        return float(sum(lanes_of(storage_of(self)).read("sum")))

    @property
    def nans(self) -> int:
        """How many times NaN was observed."""
        return sum(lanes_of(storage_of(self)).read("nans"))

    def quantile(self, q: float) -> float | None:
        """An estimate of the observation that `q` of all do not exceed (0.5: the median), or None if there are none.

        It lies between the bounds of that observation's bucket. With `exponential` it is right to the relative error,
        otherwise it is interpolated (in the first bucket from 0, if its bound is positive). In the last bucket, and in
        the first one of `exponential`, it is the bound: nothing more is known.
        Raises: ValueError - `q` is not from 0 to 1.
        """
        return quantile_of(self._held()[0], self._counts(), q)

    def quantiles(self, qs: Iterable[float]) -> list[float | None]:
        """`quantile` of each, all of the same observations. Raises: ValueError - one is not from 0 to 1."""
        return self.snapshot().quantiles(qs)

    @property
    def mean(self) -> float | None:
        """The mean of the observations, without NaN, or None if there are none."""
        return self.snapshot().mean

    def snapshot(self) -> HistogramSnapshot:
        """What it has counted up to now: `(later - earlier).quantile(0.99)` is of what came in between.

        An observation that is made at this moment may be in the counts and not in the sum.
        """
        from rseq._structures.histogram.snapshot import snapshot_of

        return snapshot_of(self._held()[0], self._counts(), self.sum, self.nans)

    def time(self) -> Timer:
        """Observe how long a block takes, in seconds: `with latency.time():`; or, as a decorator, each call.

        It decorates functions and coroutines. What ends by an exception is observed, too.
        """
        from rseq._structures.histogram.timing import Timer

        require_set_up(self)
        return Timer(self.observe)

    def merge(self, other: Histogram | HistogramSnapshot) -> None:
        """Add what `other` has counted, up to now or up to its snapshot. Both may go on counting meanwhile.

        How the two have come to their bounds does not matter.
        Raises: TypeError - `other` is no histogram. ValueError - its bounds differ. OverflowError - a count of it is
        2**63 or more, as sums of snapshots may be. Then nothing is added.
        """
        from rseq._structures.histogram.snapshot import HistogramSnapshot

        if not isinstance(other, (Histogram, HistogramSnapshot)):
            raise TypeError(f"merge() takes an rseq.Histogram, or a snapshot of one; got {other!r}")
        given = other.snapshot() if isinstance(other, Histogram) else other
        if given.bounds != self.bounds:
            raise ValueError(
                f"merge() takes a histogram with the same bounds; {difference_of(given.bounds, self.bounds)}"
            )
        counts, total, nans = given.counts, given.sum, given.nans
        if (most := max(*counts, nans)) >= 1 << 63:
            raise OverflowError(f"merge() takes counts of up to 2**63 - 1; got one of {most}")
        form, storage = form_of(self), storage_of(self)
        count_many = bind(form, "count_many", storage, "Histogram.merge")
        for bucket, count in enumerate(counts):
            if count:
                count_many(bucket, count)
        bind(form, "add_sum", storage, "Histogram.merge")(total)
        bind(form, "count_nan", storage, "Histogram.merge")(nans)

    def __repr__(self) -> str:
        return f"<rseq.Histogram of {self.count}, {len(self.bounds)} bounds from {self.bounds[0]} to {self.bounds[-1]}>"
