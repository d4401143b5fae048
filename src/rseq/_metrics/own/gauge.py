"""Gauges. What a process does to its own line is machine code (gauge_code.py), as long as it has that line."""

from __future__ import annotations

import time

from rseq import _quick_ctypes as ctypes
from rseq._metrics.gauges import METHODS, MODES, GaugeValue
from rseq._metrics.own.metric import REGISTRY, Metric
from rseq._metrics.own.timing import InProgress, Timer
from rseq._percpu.checks import number
from rseq._ready import ready
from rseq._structures.structure import not_set_up, set_up_by_hand

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from rseq._percpu.shared.segment import Segment


class _Gauge:
    """What machine code leaves to Python: a gauge's line that is not this process's yet, and unusual arguments."""

    def __init__(self, own: GaugeValue, mode: str) -> None:
        self._own, self._mode = own, mode

    def inc(self, amount: float = 1) -> None:
        """See `Gauge.inc`."""
        self._add("inc", 1, amount)

    def dec(self, amount: float = 1) -> None:
        """See `Gauge.dec`."""
        self._add("dec", -1, amount)

    def set(self, value: float) -> None:
        """See `Gauge.set`."""
        value = number("value", value)
        if not self._own.is_given_up:
            self._own.set(value, time.time() if self._mode.endswith("mostrecent") else None)

    def _add(self, method: str, sign: int, amount: float) -> None:
        if self._mode.endswith("mostrecent"):
            raise RuntimeError(f"{method}(): a gauge of the mode {self._mode!r} is only set")
        amount = number("amount", amount)
        if not self._own.is_given_up:
            self._own.inc(sign * amount)


class Gauge(Metric, hot=METHODS, known_as="metrics.Gauge"):
    """A number that goes up and down. Each process has its own; `multiprocess_mode` says what they are together.

    The modes are prometheus_client's, see docs/metrics.md. The other arguments, and what is raised: see `Counter`.
    """

    __slots__ = ("_asked", "_own")
    _type = "gauge"
    _counting = "inc", "dec", "set", "set_to_current_time", "set_function", "track_inprogress"
    _own: GaugeValue
    _asked: Callable[[], float] | None

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
        multiprocess_mode: str = "all",
        segment: Segment | str | None = None,
    ) -> None:
        if multiprocess_mode not in MODES:
            raise ValueError(f"multiprocess_mode: expected one of {sorted(MODES)}; got {multiprocess_mode!r}")
        self._set_up(name, documentation, labelnames, namespace, subsystem, unit, registry, segment, multiprocess_mode)

    def _begin(self) -> None:
        family = self._family
        self._asked = None
        own = self._own = family.store.gauge(family.about.name, self._labels, family.options)
        slowly = [getattr(_Gauge(own, family.options), name) for name in METHODS]
        code = ready("gauges", "rseq._metrics.own.gauge_code").entries
        entries = [code[name] for name in METHODS]
        set_up_by_hand(self, entries, [ctypes.addressof(own.place), *map(id, slowly)], (own, *slowly))

    def inc(self, amount: float = 1) -> None:
        """Add `amount` to this process's number. Any thread.

        Raises: TypeError - no number. RuntimeError - in the modes "mostrecent", in which it is only set.
        """
        raise not_set_up(self)

    def dec(self, amount: float = 1) -> None:
        """Take `amount` from this process's number. Any thread. Raises: as `inc`."""
        raise not_set_up(self)

    def set(self, value: float) -> None:
        """Have this process's number be `value`. Any thread. Raises: TypeError - no number."""
        raise not_set_up(self)

    def set_to_current_time(self) -> None:
        """Set it to the seconds since 1970."""
        self.set(time.time())

    def set_function(self, f: Callable[[], float]) -> None:
        """Have this process's number be what `f()` returns when somebody asks this process. `set` does nothing then."""
        if not callable(f):
            raise TypeError(f"set_function: expected a function that returns a number; got {f!r}")
        if not self._own.is_given_up:
            self._own.give_up()
        self._asked = f

    @property
    def value(self) -> float:
        """The number that the calling process has."""
        if self._asked is not None:
            return float(self._asked())
        return self._own.get()

    def track_inprogress(self) -> InProgress:
        """For `with` or as a decorator: add 1 meanwhile."""
        return InProgress(self)

    def time(self) -> Timer:
        """For `with` or as a decorator: set it to how many seconds that took."""
        return Timer(self, "set")

    def collect(self) -> list[Any]:
        """See `Metric.collect`. What a function of this process returns has a label `pid`."""
        (metric,) = super().collect()
        from rseq._metrics import families

        for one in (self, *self._family.children.values()):
            if getattr(one, "_asked", None) is not None:
                metric.samples.append(families.own_gauge(self._family.about.name, one._labels, one.value))
        return [metric]
