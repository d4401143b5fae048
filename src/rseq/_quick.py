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
    from dataclasses import dataclass
    from functools import partial
    from threading import RLock, get_ident, local
    from typing import Any, Generic, NamedTuple, ParamSpec, TypeVar, final
    from weakref import ref

    P = ParamSpec("P")
    T = TypeVar("T")
else:
    from _collections import _tuplegetter, deque
    from _functools import partial
    from _thread import RLock, get_ident
    from _thread import _local as local
    from _weakref import ref

    def final(cls):
        """`typing.final`, which is for type checkers."""
        return cls

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

        @classmethod
        def _make(cls, parts):
            made = tuple.__new__(cls, parts)
            if len(made) != len(cls._fields):
                raise TypeError(f"{cls.__name__} is made of {', '.join(cls._fields)}")
            return made

        def __getnewargs__(self):
            return tuple(self)

        def _asdict(self):
            return dict(zip(self._fields, self, strict=True))

        def _replace(self, **changed):
            return type(self)(**{**self._asdict(), **changed})

        def __repr__(self):
            return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self._asdict().items())})"

    def dataclass(*, frozen, **how):
        """`dataclasses.dataclass`, for what is frozen."""
        from _operator import attrgetter

        def decorate(cls):
            parents = [name for base in cls.__mro__[:0:-1] for name in vars(base).get("__match_args__", ())]
            names = cls.__match_args__ = tuple(dict.fromkeys((*parents, *cls.__annotations__)))
            defaults = {name: getattr(cls, name) for name in names if hasattr(cls, name)}
            parts = attrgetter(*names)

            def begin(self, *given, **named):
                made = {**defaults, **dict(zip(names, given, strict=False)), **named}
                if len(given) + len(named) > len(names) or len(made) != len(names):
                    raise TypeError(f"{cls.__name__} is made of {', '.join(names)}")
                vars(self).update(made)

            def is_same(self, other):
                return parts(self) == parts(other) if type(other) is type(self) else NotImplemented

            def shown(self):
                return f"{cls.__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"

            cls.__init__, cls.__eq__, cls.__hash__ = begin, is_same, lambda self: hash(parts(self))
            if how.get("repr", True) and "__repr__" not in vars(cls):
                cls.__repr__ = shown
            cls.__setattr__ = cls.__delattr__ = _refuse
            return cls

        return decorate

    def _refuse(self, name, *value):
        raise AttributeError(f"{type(self).__name__} is frozen: its {name} cannot be set")


__all__ = [
    "Generic",
    "NamedTuple",
    "RLock",
    "cache",
    "dataclass",
    "deque",
    "final",
    "get_ident",
    "like",
    "local",
    "partial",
    "ref",
    "wrap",
]


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
    wrap(wrapper, function)
    return wrapper


_ANNOTATIONS = "__annotate__" if hasattr(cache, "__annotate__") else "__annotations__"
_SHOWN = ("__module__", "__name__", "__qualname__", "__doc__", "__type_params__", _ANNOTATIONS)


def wrap(wrapper: object, function: Callable[..., Any]) -> None:
    """Have `wrapper` shown as that function is: `functools.update_wrapper`."""
    for name in _SHOWN:
        if hasattr(function, name):
            setattr(wrapper, name, getattr(function, name))
    vars(wrapper).update(vars(function))
    wrapper.__wrapped__ = function  # type: ignore[attr-defined]
