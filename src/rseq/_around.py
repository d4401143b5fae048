"""What is put around code, as a `with` block or as a decorator of functions, `async def` ones too."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any, Self, TypeVar

    F = TypeVar("F", bound=Callable[..., Any])


class Around:
    """Base of what is put around code. Each call of a decorated function has one of its own."""

    __slots__ = ()

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
        """The function with this around each call of it; a coroutine function, around what it awaits until its end.

        Raises: TypeError - it is no function, or a generator, whose call only begins.
        """
        import functools
        import inspect

        if not callable(function):
            raise TypeError(f"expected a function to be put around, as in @latency.time(); got {function!r}")
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError(
                f"{function.__name__} is a generator, which runs in parts: write `with` around the part that is meant, "
                "in its body or where it is used"
            )
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
