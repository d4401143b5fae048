"""What is put around code, as a `with` block or as a decorator of functions, `async def` ones too."""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any, Self, TypeVar

    F = TypeVar("F", bound=Callable[..., Any])


class Around:
    """Base of what is put around code. Each call of a decorated function has one of its own."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        raise NotImplementedError

    def _another(self) -> Around:
        """One that does the same: calls may overlap."""
        return self

    def __call__(self, function: F) -> F:
        """The function with this around each call of it; a coroutine function, around what it awaits until its end."""
        import functools
        import inspect

        if not callable(function):
            raise TypeError(f"expected a function to be put around, as in @metric.time(); got {function!r}")
        around = self._another

        if inspect.iscoroutinefunction(function):

            async def wrapped(*arguments: Any, **keywords: Any) -> Any:
                with around():
                    return await function(*arguments, **keywords)

        else:

            def wrapped(*arguments: Any, **keywords: Any) -> Any:  # type: ignore[misc]
                with around():
                    return function(*arguments, **keywords)

        made: Any = functools.wraps(function)(wrapped)
        return made  # type: ignore[no-any-return]


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
