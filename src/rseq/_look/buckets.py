"""The buckets of all kinds of histograms, and quantiles estimated from their counts.

Histograms of prometheus_client, of `rseq.metrics` and of rseq's structures have one form here: upper bounds, and for
each the number of observations that are not above it and are above the bound before.
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from rseq._look.structures import QUANTILES, Histogram
from rseq._metrics.series import KIND as SERIES
from rseq._structures.histogram.bounds import sorted_layout
from rseq._structures.histogram.quantiles import quantile_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rseq._look.reading import Reading
    from rseq._structures.histogram.bounds import Sorted


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
    return None if reading.problem else buckets_in(reading.kind, reading.value)


def buckets_in(kind: str, value: dict[str, Any]) -> Buckets | None:
    """The buckets in what a structure of that kind says; None if there are none."""
    if kind not in (SERIES, "Histogram") or "counts" not in value:
        return None
    if kind != SERIES:
        return Buckets(value["bounds"], value["counts"], value["sum"], value["nans"])
    written: dict[str, float] = value["counts"]
    try:
        bounds, counts = [*map(float, written)], [*map(round, written.values())]
    except (ValueError, OverflowError):  # somebody has written there who should not
        return None
    if not bounds or bounds[-1] != math.inf:
        bounds, counts = [*bounds, math.inf], [*counts, 0]
    return Buckets(bounds[:-1], counts, value["sum"], 0)


def estimates(reading: Reading, counts: list[int]) -> list[float | None]:
    """The quantiles of such counts in the histogram's buckets, as that kind of histogram estimates them."""
    structure = reading.structure
    if isinstance(structure, Histogram):
        return [structure.quantile(counts, q) for q in QUANTILES]
    found = buckets_of(reading)
    return [*quantiles(found.bounds if found else [], counts).values()]


def quantiles(bounds: Sequence[float], counts: list[int]) -> dict[str, float | None]:
    """The estimates, by quantile: None where nothing was counted, or there is no bound."""
    layout = _layout_of(tuple(bounds))
    return {f"{q:g}": None if layout is None else quantile_of(layout, counts, q) for q in QUANTILES}


@lru_cache(1024)
def _layout_of(bounds: tuple[float, ...]) -> Sorted | None:
    known = bool(bounds) and all(map(math.isfinite, bounds)) and all(low < high for low, high in pairwise(bounds))
    return sorted_layout(bounds) if known else None


def since(before: Sequence[int], now: Sequence[int]) -> list[int]:
    """What came between two looks; all there is, if the histogram began anew in between."""
    found = [later - earlier for earlier, later in zip(before, now, strict=True)]
    return [*now] if any(one < 0 for one in found) else found
