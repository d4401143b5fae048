"""Instruments and meters: the SDK's own instruments, whose measurements go into the cells of streams.

They do what the SDK's do with what cannot be measured: a warning is logged, and nothing is counted.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from logging import getLogger
from typing import TYPE_CHECKING, Any

from opentelemetry import metrics as api
from opentelemetry.sdk import metrics as sdk

from rseq._language.given import shown
from rseq._once import Turn
from rseq._percpu.shared.layout import SegmentError

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.metrics import CallbackT
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope
    from opentelemetry.util.types import Attributes

    from rseq._metrics.otel.streams import Stream

_logger = getLogger("rseq.metrics.opentelemetry")
_LARGEST = sys.float_info.max


class _Recorder:
    """What instruments share: the streams that they write to."""

    _streams: Sequence[Stream] = ()
    name: str

    def _record(self, amount: float, attributes: Attributes) -> None:
        kind: type = type(amount)
        number = amount if kind is float or kind is int else float(amount)  # what is none is recorded in no part
        for stream in self._streams:
            if kind is not int and not stream.is_float:
                stream.becomes_float(amount)
            try:
                stream.cell(attributes)(number)
            except (MemoryError, SegmentError) as error:  # of a cell that wants more memory than it has
                _logger.error("%s is not recorded: %s", self.name, error)

    def _refuse(self, amount: float, wanted: str) -> None:
        _logger.warning("%s: expected %s, got %s; it is not recorded", self.name, wanted, shown(amount))


class Counter(_Recorder, sdk.Counter):
    """A sum that grows, of all processes."""

    def add(self, amount: float, attributes: Attributes = None, context: Context | None = None) -> None:
        """Add a finite `amount` of 0 or more. Threads: any. `context` has no effect."""
        if 0 <= amount <= _LARGEST:
            self._record(amount, attributes)
        else:
            self._refuse(amount, "a finite amount, 0 or more")


class UpDownCounter(_Recorder, sdk.UpDownCounter):
    """A sum of what the processes that live have added."""

    def add(self, amount: float, attributes: Attributes = None, context: Context | None = None) -> None:
        """Add a finite `amount`. Threads: any. `context` has no effect."""
        if -_LARGEST <= amount <= _LARGEST:
            self._record(amount, attributes)
        else:
            self._refuse(amount, "a finite amount")


class Histogram(_Recorder, sdk.Histogram):
    """Counts of amounts by bucket, and their sum, of all processes."""

    def record(self, amount: float, attributes: Attributes = None, context: Context | None = None) -> None:
        """Record a finite `amount` of 0 or more. Threads: any. `context` has no effect."""
        if 0 <= amount <= _LARGEST:
            self._record(amount, attributes)
        else:
            self._refuse(amount, "a finite amount, 0 or more")


class Gauge(_Recorder, sdk._Gauge):
    """What was set last, by whichever process."""

    def set(self, amount: float, attributes: Attributes = None, context: Context | None = None) -> None:
        """Set it to a finite `amount`. Threads: any. `context` has no effect."""
        if -_LARGEST <= amount <= _LARGEST:
            self._record(amount, attributes)
        else:
            self._refuse(amount, "a finite amount")


class ObservableCounter(sdk.ObservableCounter):
    """A sum that callbacks of the exporting process say."""


class ObservableUpDownCounter(sdk.ObservableUpDownCounter):
    """A sum that callbacks of the exporting process say, which goes up and down."""


class ObservableGauge(sdk.ObservableGauge):
    """A value that callbacks of the exporting process say."""


Found = Callable[[Any, "Sequence[float] | None"], None]
"""What is told of a new instrument and the bounds that it asks for."""


class Meter(api.Meter):
    """Makes instruments; the same one for the same name, unit and description. Threads: any."""

    def __init__(self, scope: InstrumentationScope, found: Found) -> None:
        super().__init__(scope.name, version=scope.version, schema_url=scope.schema_url)
        self._scope, self._found = scope, found
        self._instruments: dict[tuple[type, str, str, str], Any] = {}

    def create_counter(self, name: str, unit: str = "", description: str = "") -> api.Counter:
        """A sum that grows. Raises: Exception - the name or unit is none of OpenTelemetry's."""
        made: api.Counter = self._made(Counter, name, unit, description)
        return made

    def create_up_down_counter(self, name: str, unit: str = "", description: str = "") -> api.UpDownCounter:
        """A sum that goes up and down: of the processes that live."""
        made: api.UpDownCounter = self._made(UpDownCounter, name, unit, description)
        return made

    def create_gauge(self, name: str, unit: str = "", description: str = "") -> api._Gauge:
        """What was set last, by whichever process."""
        made: api._Gauge = self._made(Gauge, name, unit, description)
        return made

    def create_histogram(
        self,
        name: str,
        unit: str = "",
        description: str = "",
        *,
        explicit_bucket_boundaries_advisory: Sequence[float] | None = None,
    ) -> api.Histogram:
        """Counts by bucket. The last argument: bounds, unless a view has others. Wrong ones are left out."""
        advised = explicit_bucket_boundaries_advisory
        if advised is not None and not _are_numbers(advised):
            _logger.warning("%s: expected a sequence of numbers as bounds, got %r; they are left out", name, advised)
            advised = None
        made: api.Histogram = self._made(Histogram, name, unit, description, advised=advised)
        return made

    def create_observable_counter(
        self, name: str, callbacks: Sequence[CallbackT] | None = None, unit: str = "", description: str = ""
    ) -> api.ObservableCounter:
        """A sum that `callbacks` say; they are called in the process that exports."""
        made: api.ObservableCounter = self._made(ObservableCounter, name, unit, description, callbacks)
        return made

    def create_observable_up_down_counter(
        self, name: str, callbacks: Sequence[CallbackT] | None = None, unit: str = "", description: str = ""
    ) -> api.ObservableUpDownCounter:
        """A sum that goes up and down, which `callbacks` say; they are called in the process that exports."""
        made: api.ObservableUpDownCounter = self._made(ObservableUpDownCounter, name, unit, description, callbacks)
        return made

    def create_observable_gauge(
        self, name: str, callbacks: Sequence[CallbackT] | None = None, unit: str = "", description: str = ""
    ) -> api.ObservableGauge:
        """A value that `callbacks` say; they are called in the process that exports."""
        made: api.ObservableGauge = self._made(ObservableGauge, name, unit, description, callbacks)
        return made

    def _made(
        self,
        cls: Any,
        name: str,
        unit: str,
        description: str,
        callbacks: Sequence[CallbackT] | None = None,
        advised: Sequence[float] | None = None,
    ) -> Any:
        key = cls, str(name).strip().lower(), unit, description
        with Turn((id(self), key)):
            if key not in self._instruments:
                given = {} if callbacks is None else {"callbacks": callbacks}
                made = cls(name, self._scope, None, **given, unit=unit, description=description)
                self._found(made, advised)
                self._instruments[key] = made
        return self._instruments[key]


def _are_numbers(given: object) -> bool:
    return isinstance(given, Sequence) and all(isinstance(one, (int, float)) for one in given)
