"""What metrics put around code: time, a thing in progress, exceptions."""

from __future__ import annotations

import time

from rseq._around import Around

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, Self


class Timer(Around):
    """Measures seconds. `duration`: how many the last block took, or None."""

    def __init__(self, metric: Any, method: str) -> None:
        """`method` of the metric is called with the seconds."""
        self._metric, self._method = metric, method
        self.duration: float | None = None

    def __enter__(self) -> Self:
        self._start = time.perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.duration = max(time.perf_counter() - self._start, 0.0)
        getattr(self._metric, self._method)(self.duration)

    def labels(self, *values: object, **named: object) -> None:
        """Count for these labels: what they are may turn out in the block."""
        self._metric = self._metric.labels(*values, **named)

    def _another(self) -> Timer:
        return Timer(self._metric, self._method)


class InProgress(Around):
    """Adds 1 to a gauge, and takes it away."""

    def __init__(self, gauge: Any) -> None:
        self._gauge = gauge

    def __enter__(self) -> Self:
        self._gauge.inc()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._gauge.dec()


class Exceptions(Around):
    """Counts exceptions of some classes, and lets them through."""

    def __init__(self, counter: Any, wanted: type[BaseException] | tuple[type[BaseException], ...]) -> None:
        """Raises: TypeError - `wanted` are no classes of exceptions."""
        try:
            isinstance(None, wanted)
        except TypeError:
            raise TypeError(f"exception: expected a class of exceptions, or a tuple of such; got {wanted!r}") from None
        self._counter, self._wanted = counter, wanted

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, self._wanted):
            self._counter.inc()
