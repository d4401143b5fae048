"""Parts of the standard library, taken from the C modules behind it: what a first count needs has to import fast.

`functools`, `collections`, `threading`, `weakref` and `typing` are written in Python, and importing them takes longer
than everything else that a process does until its first count. So modules on that way import from here, and what only
annotations name under `if TYPE_CHECKING:`, a name that type checkers take as true wherever it is defined. The test
tests/test_shipped.py lists what may be imported.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable
    from functools import partial
    from threading import RLock, get_ident, local
    from typing import Any, Generic, NamedTuple, ParamSpec, TypeVar
    from weakref import ref

    P = ParamSpec("P")
    T = TypeVar("T")
else:
    from _collections import _tuplegetter, deque
    from _functools import partial
    from _thread import RLock, get_ident
    from _thread import _local as local
    from _weakref import ref

    class Generic:
        """`typing.Generic`: a base class whose subclasses may be written with brackets."""

        __slots__ = ()
        __class_getitem__ = classmethod(type(list[int]))

    class NamedTuple(tuple):
        """`typing.NamedTuple`, for what this package makes of it."""

        __slots__ = ()

        def __init_subclass__(cls) -> None:
            cls._fields = tuple(cls.__annotations__)
            cls._defaults = {name: vars(cls)[name] for name in cls._fields if name in vars(cls)}
            for number, name in enumerate(cls._fields):
                setattr(cls, name, _tuplegetter(number, None))

        def __new__(cls, *given, **named):
            if len(given) != len(cls._fields):
                named = {**cls._defaults, **named}
                given = (*given, *(named.pop(name) for name in cls._fields[len(given) :]))
                if named.keys() - cls._defaults.keys():
                    raise TypeError(f"{cls.__name__} has no {', '.join(named)}")
            return tuple.__new__(cls, given)

        def __getnewargs__(self):
            return tuple(self)

        def _asdict(self):
            return dict(zip(self._fields, self, strict=True))

        def _replace(self, **changed):
            return type(self)(**{**self._asdict(), **changed})

        def __repr__(self):
            return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self._asdict().items())})"


__all__ = ["Generic", "NamedTuple", "RLock", "cache", "deque", "get_ident", "like", "local", "partial", "ref"]


def cache(make: Callable[P, T]) -> Callable[P, T]:
    """Decorator: `functools.cache`, for arguments that are always given in the same way."""
    made: dict[object, T] = {}

    def remembered(*arguments: P.args, **keywords: P.kwargs) -> T:
        key = (arguments, *keywords.items()) if keywords else arguments
        if key not in made:
            made[key] = make(*arguments, **keywords)
        return made[key]

    remembered.cache_clear = made.clear  # type: ignore[attr-defined]
    return like(make, remembered)


def like(function: Callable[..., Any], wrapper: Callable[P, T]) -> Callable[P, T]:
    """`wrapper`, which is shown as that function is: `functools.wraps`."""
    for name in ("__module__", "__name__", "__qualname__", "__doc__"):
        setattr(wrapper, name, getattr(function, name))
    wrapper.__wrapped__ = function  # type: ignore[attr-defined]
    return wrapper
