"""Counters, histograms and summaries: a series has a number or several that are added to, one copy on each CPU.

    of each lane:   | number | number | …          counter: its total; summary: count, sum; histogram: sum, buckets
    for all:        | state | created | base | base | …

A histogram has a word in front of its numbers, the same in every lane: which row its bounds are in (own/code.py).
Adding is the machine code of a `FloatCounter`, or of `rseq.metrics`. What is shown is the sum over all lanes without
the base. So a series that is removed, or begins anew, takes its sums as its bases. It is hidden (`state`) until it is
made again, or until somebody who still has it adds to it. Each of these words is stored in one piece, and by whoever
comes last.
"""

from __future__ import annotations

import time

from rseq import _quick_ctypes as ctypes
from rseq._builtins.form import Form
from rseq._metrics.blocks import Numbers, made, shown, store_float
from rseq._metrics.exemplars import Exemplars
from rseq._percpu.memory import Memory
from rseq._percpu.shared.extents import Wanted
from rseq._percpu.storage import storage_on
from rseq._percpu.sums import sums_of
from rseq._quick import cache
from rseq._structures.cell import cell
from rseq._structures.structure import Structure, not_set_up, set_up

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from rseq._percpu.segment import Place
    from rseq._percpu.shared.segment import Segment

KIND = "Series"
STATE, CREATED, BASES = range(3)
_HIDDEN = 1.0

WINDOW = 64
"""How many neighbouring buckets of an exponential histogram lie in one series (otel/cells.py)."""


class Series:
    """The numbers of one set of labels. Threads: any thread of any process."""

    def __init__(
        self,
        segment: Segment,
        type: str,
        family: str,
        labels: Mapping[str, str],
        bounds: Sequence[str] = (),
        native: tuple[int, int] | None = None,
    ) -> None:
        """`bounds` are the upper bounds of a histogram's buckets, as Prometheus writes them. Raises: MemoryError.

        `native`: the schema of exponential ones, and the number of the first.
        """
        args: dict[str, Any] = {"type": type, "family": family, "labels": dict(sorted(labels.items()))}
        if bounds:
            args["bounds"] = list(bounds)
        if native:
            args["native"] = list(native)
        self._front, self.count = front(type), numbers(type, len(bounds))
        wanted = _wanted(self._front, self.count)
        title = shown(f"{family}_total" if type == "counter" else family, labels)
        self.segment = segment
        begin = _begin_with_bounds if self._front else _begin
        self.name, (self.memory, about) = made(segment, KIND, title, args, wanted, begin)
        self._place = self.memory.place.at(8 * self._front)
        self._about = Numbers(about)
        if self._about.floats[STATE] == _HIDDEN:
            self._about.floats[CREATED] = time.time()
            self._about.floats[STATE] = 0.0

    @property
    def values(self) -> list[Value]:
        """Each number, for prometheus_client's metrics."""
        return [Value(self, number) for number in range(self.count)]

    @property
    def created(self) -> float:
        """When it was made, as `time.time()`."""
        return self._about.floats[CREATED]

    def sum(self, number: int) -> float:
        """The sum over all lanes."""
        total: float = sums_of(self._place.at(8 * number), "f64", 1)[0]
        return total

    def read(self) -> list[float]:
        """Each number, of all processes."""
        return [self.sum(number) - self.base(number) for number in range(self.count)]

    def base(self, number: int) -> float:
        """What of the sum was there before it began anew."""
        return self._about.floats[BASES + number]

    def begin_anew(self, number: int, value: float) -> None:
        """Have the number be `value` from now on."""
        self._about.floats[BASES + number] = self.sum(number) - value
        self._about.floats[CREATED] = time.time()

    def part(self, number: int) -> Memory:
        """The memory of one number."""
        return Memory(self._place.at(8 * number), 8, self.memory)


@cache
def value_form() -> Form:
    """The form of one number."""
    return Form("metric value", lambda: {"inc": cell("f64").parts["add"]})


class Value(Structure, hot=("inc",)):
    """One number of a series, as prometheus_client's metrics use one."""

    __slots__ = ("_exemplars", "_number", "_series")
    _multiprocess = True

    def __init__(self, series: Series, number: int) -> None:
        self._series, self._number = series, number
        self._exemplars = Exemplars(series.segment, series.name, number)
        form = value_form()
        part = series.part(number)
        set_up(self, storage_on(part, form.fields, lambda: form.record, series.segment, series.name), form)

    def inc(self, n: float) -> None:
        """Add a number; what `FloatCounter.add` is."""
        raise not_set_up(self)

    def get(self) -> float:
        """The number, of all processes."""
        return self._series.sum(self._number) - self._series.base(self._number)

    def set(self, value: float, timestamp: float | None = None) -> None:
        """Have it be `value` from now on, in all processes."""
        self._series.begin_anew(self._number, float(value))

    def set_exemplar(self, exemplar: Any) -> None:
        """Remember the exemplar, in the place of the last one."""
        self._exemplars.put(exemplar)

    def get_exemplar(self) -> Any:
        """The last exemplar of any process, or None."""
        return self._exemplars.get()


@cache
def _wanted(front: int, count: int) -> tuple[Wanted, Wanted]:
    return Wanted(8 * (front + count)), Wanted(8 * (BASES + count), is_plain=True)


def front(type: str) -> int:
    """How many words stand before its numbers in each lane."""
    return 1 if type == "histogram" else 0


def numbers(type: str, bounds: int) -> int:
    """How many numbers a series has, by its type and the number of buckets. Raises: KeyError - no such type."""
    return {
        "counter": 1,
        "summary": 2,
        "histogram": 1 + bounds,
        "otel sum": 1,
        "otel histogram": 1 + bounds,
        "otel exponential": 2,
        "otel window": WINDOW,
    }[type]


def hide(lanes: Place, about: Numbers, count: int) -> None:
    """Remove a series of `count` numbers: it is hidden, and begins at 0 when it is made again."""
    for number, total in enumerate(sums_of(lanes, "f64", count)):
        about.floats[BASES + number] = total
    about.floats[CREATED] = time.time()
    about.floats[STATE] = _HIDDEN


def _begin(places: list[Place]) -> None:
    store_float(places[1], CREATED, time.time())


def _begin_with_bounds(places: list[Place]) -> None:
    _begin(places)
    for address in places[0].addresses():
        ctypes.c_uint32.from_address(address).value = 1
