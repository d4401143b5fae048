"""How long a block, a function or a coroutine takes, observed by a histogram in seconds."""

from __future__ import annotations

from time import perf_counter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Self, TypeVar

    F = TypeVar("F", bound=Callable[..., Any])


class Timer:
    """For `with`, for one block at a time, or as a decorator of functions and coroutines, for any number of calls.

    What ends by an exception is observed as well. Threads: each block needs a `time()` of its own.
    """

    __slots__ = ("_began", "_observe")

    def __init__(self, observe: Callable[[float], object]) -> None:
        self._observe = observe
        self._began: float | None = None

    def __enter__(self) -> Self:
        """Raises: RuntimeError - another block uses it."""
        if self._began is not None:
            raise RuntimeError("this time() measures a block already; call time() once for each block")
        self._began = perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        began, self._began = self._began, None
        if began is not None:
            self._observe(perf_counter() - began)

    def __call__(self, function: F) -> F:
        """The function, with each call observed. Raises: TypeError - it is none, or a generator."""
        import inspect

        if not callable(function):
            raise TypeError(f"time() decorates functions and coroutines; got {function!r}")
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError(
                f"{function.__name__} is a generator, which runs in parts: use `with` for what is to be timed"
            )
        made = _awaiting if inspect.iscoroutinefunction(function) else _calling
        timed: F = made(function, self._observe)
        return timed


def _calling(function: Any, observe: Callable[[float], object]) -> Any:
    from functools import wraps

    @wraps(function)
    def timed(*args: Any, **kwargs: Any) -> Any:
        began = perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            observe(perf_counter() - began)

    return timed


def _awaiting(function: Any, observe: Callable[[float], object]) -> Any:
    from functools import wraps

    @wraps(function)
    async def timed(*args: Any, **kwargs: Any) -> Any:
        began = perf_counter()
        try:
            return await function(*args, **kwargs)
        finally:
            observe(perf_counter() - began)

    return timed
