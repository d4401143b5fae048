"""What the language makes of a function: the base of `rseq.Sequence` and `rseq.Routine`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Literal, TypeVar

from rseq._language.ir import Body

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


class Compiled:
    """A function that has been parsed, typed and checked. `body` is its meaning, `kind` which contract it keeps."""

    kind: Literal["sequence", "routine"]
    __name__: str
    __qualname__: str

    def __init__(self, function: Callable[..., Any], body: Body) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self._body = body

    @property
    def body(self) -> Body:
        """What it means. It cannot be replaced: machine code is made of it once, for records of its own."""
        return self._body

    def __call__(self, *arguments: object, **keywords: object) -> object:
        raise TypeError(
            f"{self.__name__}() runs on per-CPU storage: bind it, as in "
            f"`bound = {self.__name__}.bind(rseq.percpu({self.body.record.__name__}))`, and call `bound(…)`"
        )

    def __repr__(self) -> str:
        return f"<rseq.{self.kind} {self.__qualname__}>"
