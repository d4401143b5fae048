"""How long a block, a function or a coroutine takes, observed by a histogram in seconds."""

from __future__ import annotations

from time import perf_counter

from rseq._around import Around

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self


class Timer(Around):
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

    def _another(self) -> Timer:
        return Timer(self._observe)
