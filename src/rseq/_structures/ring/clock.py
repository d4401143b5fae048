"""From the counter that `clock()` reads to nanoseconds of CLOCK_MONOTONIC.

A calibration is a list of points, each a pair of the two clocks at one moment. A stamp lies between two of them, or
after the first, and is converted on the line through both. So the rate need not be known, and is followed when the
kernel adjusts its own (NTP).

How exact: a point is taken by reading CLOCK_MONOTONIC, the counter, and CLOCK_MONOTONIC again, eight times. The pair
whose two outer readings are closest is kept, with their middle, so it is off by half their distance at most:
less than 0.2 us on machines of today. Between two points the error is not larger than at the points, as far as
the kernel's rate is even there.

Assumptions: the counter ticks at one rate and is the same on all CPUs, as it is where the kernel itself keeps time by
it (/sys/devices/system/clocksource). It is not converted across a suspend.

A counter may be set back: by a suspend, or as a virtual machine is restored. Then the points are begun anew. What was
stamped before that and not read is beyond the newest point; it is converted by the points of then, to a time that is
not later than when it was noticed.
"""

from __future__ import annotations

import time
from _bisect import bisect_right
from _operator import itemgetter

from rseq._builtins.form import Form
from rseq._once import load, once
from rseq._structures.structure import bind, private_storage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any

    import numpy.typing as npt

    from rseq._language.compiled import Compiled

_TRIES = 8
_APART_NS = 50_000_000
SET_BACK_TICKS = 1 << 20
"""By how much a counter is behind at least if it was set back: CPUs do not agree to the last tick."""
_MOST_POINTS = 512
_INFINITE = float("inf")


def _parse() -> Mapping[str, Compiled]:
    from rseq._structures.ring.clock_code import read_clock

    return {"read_clock": read_clock}


CLOCK = Form("clock", _parse)


@once
def _bound_clock() -> Callable[[], int]:
    return bind(CLOCK, "read_clock", private_storage(CLOCK), "RingBuffer.clock")


def ticks() -> int:
    """The counter now."""
    return _bound_clock()()


class Calibration:
    """Points at which both clocks were read, the oldest first. Not for two threads at a time."""

    def __init__(self, first: tuple[int, int] = (0, 0)) -> None:
        """`first`: a point that was taken before, the counter and nanoseconds; 0 if there is none."""
        self._points = [first] if first[0] else []  # pairs: a signal handler that raises must not leave half a point
        self._before: list[tuple[int, int]] = []
        """The points from before the counter was set back."""
        self.add()

    def add(self) -> int:
        """Take a point; stamps until now are converted to what they will be for good. Returns the counter."""
        counter, ns = best_point()
        if self._points and counter + SET_BACK_TICKS < self._points[-1][0]:
            self._points, self._before = [(counter, ns)], self._points
        if not self._points or (counter > self._points[-1][0] and ns > self._points[-1][1]):
            self._points.append((counter, ns))
        if len(self._points) > _MOST_POINTS:
            del self._points[1 : _MOST_POINTS // 2]
        return counter

    @property
    def was_set_back(self) -> bool:
        """If stamps are not in the order of time."""
        return bool(self._before)

    def nanoseconds(self, stamps: Iterable[int]) -> Iterator[int]:
        """Each stamp in nanoseconds."""
        newest = self._points[-1][0] if self._before else _INFINITE
        until = 0
        before = after = (0, 0)
        slope = (0, 1)
        for stamp in stamps:
            if stamp > newest:
                yield self._from_before(stamp)
                continue
            if not until or not before[0] <= stamp < until:
                before, after = _around(self._points, stamp)
                until, slope = after[0], (after[1] - before[1], max(after[0] - before[0], 1))
            yield before[1] + (stamp - before[0]) * slope[0] // slope[1]

    def array(self, stamps: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The same for an array of u64 in ascending order; an array of i64."""
        load("numpy")
        import numpy as np

        if self._before:
            return np.array(list(self.nanoseconds(stamps.tolist())), np.int64)
        found = np.empty(len(stamps), np.int64)
        edges = np.searchsorted(stamps, np.array([counter for counter, _ in self._points[1:-1]], np.uint64))
        for part in np.split(np.arange(len(stamps)), edges):
            if len(part):
                before, after = _around(self._points, int(stamps[part[0]]))
                passed = (stamps[part] - np.uint64(before[0])).astype(np.int64)
                rate = (after[1] - before[1]) / max(after[0] - before[0], 1)
                found[part] = before[1] + (passed * rate).astype(np.int64)
        return found

    def _from_before(self, stamp: int) -> int:
        """One that was taken before the counter was set back."""
        before, after = _around(self._before, stamp)
        ns = before[1] + (stamp - before[0]) * (after[1] - before[1]) // max(after[0] - before[0], 1)
        return min(ns, self._points[0][1])


def _around(points: list[tuple[int, int]], stamp: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """The points before and after a stamp; the first two, or the last two, if it lies outside."""
    at = min(max(bisect_right(points, stamp, key=itemgetter(0)), 1), len(points) - 1)
    return points[max(at - 1, 0)], points[at]


def best_point() -> tuple[int, int]:
    """The counter, and nanoseconds, of one moment."""
    _, counter, ns = min(_point() for _ in range(_TRIES))
    return counter, ns


def ticks_per_second() -> int:
    """How often the counter ticks: from two points that are _APART_NS apart at least."""
    (before, start), (after, end) = best_point(), (0, 0)
    while end < start + _APART_NS:
        time.sleep(max(start + _APART_NS - time.monotonic_ns(), 0) / 1e9)
        after, end = best_point()
    return round((after - before) * 1_000_000_000 / (end - start))


def _point() -> tuple[int, int, int]:
    """How far apart the outer readings are, the counter, and the middle of both."""
    before = time.monotonic_ns()
    counter = ticks()
    after = time.monotonic_ns()
    return after - before, counter, (before + after) // 2
