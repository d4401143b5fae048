"""Functions that mean an operation of the language where they are called; and `Compiled`, what calls are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from rseq._language.ir import Compiled

__all__ = ["Compiled", "operation", "operation_of"]

_F = TypeVar("_F", bound=Callable[..., Any])
_MARK = "__rseq_operation__"


def operation(name: str) -> Callable[[_F], _F]:
    """Decorator: in the language, a call of this function is the operation `name`, not a call."""

    def mark(function: _F) -> _F:
        setattr(function, _MARK, name)
        return function

    return mark


def operation_of(callee: object) -> str | None:
    """The operation that a call of `callee` is, if it is one."""
    name = getattr(callee, _MARK, None)
    return name if isinstance(name, str) else None
