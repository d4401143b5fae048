"""Marks on functions that mean an operation of the language where they are called."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    F = TypeVar("F", bound=Callable[..., Any])

_MARK = "__rseq_operation__"


def operation(name: str) -> Callable[[F], F]:
    """Decorator: in the language, a call of this function is the operation `name`, not a call."""

    def mark(function: F) -> F:
        setattr(function, _MARK, name)
        return function

    return mark


def operation_of(callee: object) -> str | None:
    """The operation that a call of `callee` is, if it is one."""
    name = getattr(callee, _MARK, None)
    return name if isinstance(name, str) else None
