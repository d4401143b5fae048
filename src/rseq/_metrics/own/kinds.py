"""Counters, summaries and histograms: what each is made with, and what it does beside counting."""

from __future__ import annotations

import math
import time
from bisect import bisect_left
from itertools import pairwise

from rseq import _quick_ctypes as ctypes
from rseq._metrics.exemplars import Exemplars
from rseq._metrics.own import forms
from rseq._metrics.own.forms import EXEMPLAR
from rseq._metrics.own.metric import REGISTRY, Metric
from rseq._metrics.own.names import bound_text, require_exemplar
from rseq._metrics.own.octaves import Octaves, octaves
from rseq._metrics.own.timing import Exceptions, Timer
from rseq._metrics.series import Series
from rseq._percpu.checks import number
from rseq._percpu.storage import storage_on
from rseq._quick import NamedTuple, partial
from rseq._structures.histogram.bounds import MAX_BOUNDS
from rseq._structures.structure import not_set_up, notes_of, set_up

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any, Self, SupportsFloat

    from rseq._builtins.form import Form
    from rseq._percpu.shared.segment import Segment


class _Added(Metric):
    """Base of those whose numbers are added to, a copy on each CPU."""

    __slots__ = ("_series",)
    _series: Series

    def _fill(self, series: Series, form: Form, rows: tuple[int, ...] = ()) -> dict[object, Any]:
        """Have the hot methods work on a series; the object's notes."""
        storage = storage_on(series.memory, form.fields, lambda: form.record, series.segment, series.name)
        self._series = series
        set_up(self, storage, form, rows=rows)
        return notes_of(self)

    def _made(self, bounds: Sequence[str] = (), native: tuple[int, int] | None = None) -> Series:
        family = self._family
        return Series(family.store.segment, self._type, family.about.name, self._labels, bounds, native)


class Counter(_Added, hot=("inc",), known_as="metrics.Counter"):
    """A number that only grows, of all processes that use the segment.

        requests = Counter("requests", "Requests answered.", ["method"])
        requests.labels("GET").inc()

    `labelnames`, `namespace`, `subsystem`, `unit` and `registry` are as in prometheus_client, whose default registry
    exposes it if that is installed; with `registry=None`, none does. `segment`: an `rseq.Segment` or its name; without
    it, the one that prometheus_client's metrics were installed in, that in RSEQ_METRICS, or one of this process and its
    forked children. It is the same metric as the one of prometheus_client's of that name in that segment.
    Raises: TypeError, ValueError - no such names, or the registry has one of that name. MemoryError - the segment is
    full.
    Threads: any thread of any process.
    """

    __slots__ = ()
    _type = "counter"
    _counting = "inc", "reset", "count_exceptions"

    def _begin(self) -> None:
        series = self._made()
        self._fill(series, forms.counting())[EXEMPLAR] = partial(_put_if_counted, series)

    def inc(self, amount: float = 1, exemplar: Mapping[str, str] | None = None) -> None:
        """Add `amount`. Any thread, any signal handler; without an exemplar it never waits.

        `exemplar`: labels of an example of what was counted, such as {"trace_id": "abc"}; the last one is exposed.
        Raises: ValueError - a negative amount or NaN, or labels that are too long. TypeError - no number; no dict. Then
        nothing is added.
        """
        raise not_set_up(self)

    @property
    def value(self) -> float:
        """What all processes have added."""
        return self._series.read()[0]

    def reset(self) -> None:
        """Begin again at 0, in all processes."""
        self._series.begin_anew(0, 0.0)

    def count_exceptions(
        self, exception: type[BaseException] | tuple[type[BaseException], ...] = Exception
    ) -> Exceptions:
        """For `with` or as a decorator: count exceptions of these classes that come out, and let them through."""
        return Exceptions(self, exception)


class Summary(_Added, hot=("observe",), known_as="metrics.Summary"):
    """How many observations there were, and their sum, of all processes. Arguments: see `Counter`."""

    __slots__ = ()
    _type = "summary"
    _counting = ("observe",)

    def _begin(self) -> None:
        self._fill(self._made(), forms.summing())

    def observe(self, amount: float) -> None:
        """Count `amount`, and add it to the sum. Any thread, any signal handler; it never waits.

        Raises: TypeError - no number. ValueError - NaN. Then nothing is counted.
        """
        raise not_set_up(self)

    @property
    def count(self) -> float:
        """How many observations there were."""
        return self._series.read()[0]

    @property
    def sum(self) -> float:
        """What they add up to."""
        return self._series.read()[1]

    def time(self) -> Timer:
        """For `with` or as a decorator: observe how many seconds that took."""
        return Timer(self, "observe")


class _Searched(NamedTuple):
    """The bounds of a histogram, with infinity: as numbers, as texts, and where machine code searches them."""

    bounds: tuple[float, ...]
    texts: tuple[str, ...]
    form: Form
    row: Any
    """Kept by each object that has its address."""
    native: tuple[int, int] | None = None
    """Their schema, and the number of the first, if they are exponential."""


class Histogram(_Added, hot=("observe",), known_as="metrics.Histogram"):
    """Observations by bucket, and their sum, of all processes.

    `buckets` are upper bounds, each above the one before it; what equals one lies below it. Other arguments, and what
    is raised: see `Counter`.
    """

    __slots__ = ()
    DEFAULT_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, math.inf)
    _type = "histogram"
    _counting = ("observe",)

    def __init__(
        self,
        name: str,
        documentation: str,
        labelnames: Iterable[str] = (),
        namespace: str = "",
        subsystem: str = "",
        unit: str = "",
        registry: Any = REGISTRY,
        *,
        buckets: Iterable[SupportsFloat | str] = DEFAULT_BUCKETS,
        segment: Segment | str | None = None,
    ) -> None:
        searched = _searched(buckets)
        self._set_up(name, documentation, labelnames, namespace, subsystem, unit, registry, segment, searched)

    @classmethod
    def exponential(
        cls,
        name: str,
        documentation: str,
        labelnames: Iterable[str] = (),
        namespace: str = "",
        subsystem: str = "",
        unit: str = "",
        registry: Any = REGISTRY,
        *,
        lowest: float = 0.001,
        highest: float = 100.0,
        relative_error: float = 0.05,
        segment: Segment | str | None = None,
    ) -> Self:
        """One whose bounds are Prometheus's native ones, fine enough for `relative_error`, from `lowest` to `highest`.

        They are powers of 2 ** (1 / 2 ** n). What lies outside, zero and negative numbers too, is counted in the first
        and the last bucket. A scrape that accepts OpenMetrics 2.0 gets a native histogram, too, if prometheus_client
        is one that can write it. The `__init__` of a subclass is not called.
        Raises: ValueError - `lowest` is not positive or not below `highest`, or more bounds than there may be.
        """
        ends = number("lowest", lowest), number("highest", highest)
        chosen = octaves(*ends, number("relative_error", relative_error))
        made = cls.__new__(cls)
        options = _exponential(chosen)
        made._set_up(name, documentation, labelnames, namespace, subsystem, unit, registry, segment, options)
        return made

    def _begin(self) -> None:
        searched: _Searched = self._family.options
        series = self._made(searched.texts, searched.native)
        notes = self._fill(series, searched.form, (ctypes.addressof(searched.row), 1))
        notes["bounds"], notes[EXEMPLAR] = searched.row, partial(_put_into_bucket, series, searched.bounds)

    def observe(self, amount: float, exemplar: Mapping[str, str] | None = None) -> None:
        """Count `amount` in its bucket, and add it to the sum. Any thread, any signal handler; see `Counter.inc`.

        Raises: TypeError - no number; no dict. ValueError - NaN, or an exemplar that is too long. Then nothing is
        counted.
        """
        raise not_set_up(self)

    @property
    def count(self) -> float:
        """How many observations there were."""
        return float(sum(self._series.read()[1:]))

    @property
    def sum(self) -> float:
        """What they add up to."""
        return self._series.read()[0]

    def time(self) -> Timer:
        """For `with` or as a decorator: observe how many seconds that took."""
        return Timer(self, "observe")


# ---- what they are made with


def _searched(buckets: Iterable[SupportsFloat | str]) -> _Searched:
    """Raises: TypeError, ValueError - they are no bounds."""
    if isinstance(buckets, str):
        raise TypeError(f"buckets: expected numbers, such as (0.1, 0.5, 1.0); got {buckets!r}")
    bounds = [float(one) if isinstance(one, str) else number("buckets", one) for one in buckets]
    if bounds and bounds[-1] == math.inf:
        del bounds[-1]
    if not 1 <= len(bounds) <= MAX_BOUNDS:
        raise ValueError(f"buckets: expected 1 to {MAX_BOUNDS} bounds beside infinity, got {len(bounds)}")
    for one in bounds:
        if not math.isfinite(one):
            raise ValueError(f"buckets: expected finite numbers; got {one}. There is always a bucket up to infinity")
    for low, high in pairwise(bounds):
        if not low < high:
            raise ValueError(f"buckets: expected each bound to be above the one before it; got {low} and then {high}")
    steps = len(bounds).bit_length()
    row = (ctypes.c_double * (1 << steps))(*bounds, *[math.inf] * ((1 << steps) - len(bounds)))
    upper = *bounds, math.inf
    return _Searched(upper, tuple(map(bound_text, upper)), forms.searching(steps), row)


def _exponential(chosen: Octaves) -> _Searched:
    form, upper = forms.exponential(1 << chosen.length.bit_length()), (*chosen.bounds, math.inf)
    return _Searched(upper, tuple(map(bound_text, upper)), form, chosen.row(), (chosen.schema, chosen.first))


# ---- exemplars


def _put_if_counted(series: Series, amount: float, exemplar: Mapping[str, str]) -> None:
    _put(series, 0, amount, exemplar, is_counted=amount >= 0)


def _put_into_bucket(series: Series, bounds: tuple[float, ...], amount: float, exemplar: Mapping[str, str]) -> None:
    _put(series, 1 + bisect_left(bounds, amount), amount, exemplar, is_counted=amount == amount)


def _put(series: Series, which: int, amount: float, labels: Mapping[str, str], *, is_counted: bool) -> None:
    """Remember the exemplar of a number, if machine code is going to count the amount."""
    labels = require_exemplar(labels)
    if is_counted:
        Exemplars(series.segment, series.name, which).put(_Exemplar(labels, amount, time.time()))


class _Exemplar(NamedTuple):
    """What prometheus_client calls so."""

    labels: Mapping[str, str]
    value: float
    timestamp: float
