"""Annotations of classes and functions as objects, also where they are strings or name what is being defined."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any


_of_class = type.__dict__["__annotations__"].__get__  # noqa: RUF063 - `inspect` takes long to import


class OwnName(str):
    """What a record's name means in its body, where the record itself is not yet there."""

    __slots__ = ()


class Later:
    """`ptr["Node"]`: a type with the name of a record in it, which may not be there yet. `make` takes the record."""

    def __init__(self, name: str, make: Callable[[Any], object]) -> None:
        self.name, self.make = name, make

    def then(self, change: Callable[[Any], object]) -> Later:
        """A type that is made of this one, when it is known."""
        return Later(self.name, lambda record: change(self.make(record)))

    def __getitem__(self, length: object) -> Later:
        return self.then(lambda type: type[length])

    def __or__(self, other: object) -> Later:
        return self.then(lambda type: type | other)

    def __ror__(self, other: object) -> Later:
        return self.then(lambda type: other | type)


def evaluated_annotations(thing: Any) -> dict[str, object]:
    """The annotations of a class or function as objects, also where they are strings that name the locals of the
    function in which it is being defined, or the class itself.
    """
    own = _annotations(thing)
    if not any(isinstance(value, (str, Later)) for value in own.values()):
        return own
    frame: FrameType | None = sys._getframe()
    while frame is not None and _is_ours(frame.f_globals.get("__name__", "")):
        frame = frame.f_back
    here = dict(frame.f_locals) if frame is not None else {}
    if isinstance(thing, type):
        here[thing.__name__] = thing
        names = vars(sys.modules[thing.__module__]) if thing.__module__ in sys.modules else {}
    else:
        names = thing.__globals__
    return {name: _evaluated(value, names, here) for name, value in own.items()}


def _evaluated(value: object, names: dict[str, object], here: dict[str, object]) -> object:
    while isinstance(value, (str, Later)):
        found = eval(value if isinstance(value, str) else value.name, names, here)
        if isinstance(found, OwnName):  # a function in the body of its record
            return found
        value = found if isinstance(value, str) else value.make(found)
    return value


def _annotations(thing: Any) -> dict[str, object]:
    """The annotations as they stand: objects, or texts where they cannot be evaluated yet."""
    try:
        # Asked of a class itself: its metaclass may have annotations, too.
        return dict(_of_class(thing) if isinstance(thing, type) else thing.__annotations__)
    except NameError:
        if sys.version_info >= (3, 14):  # a record that points to its own kind
            from annotationlib import Format, get_annotations

            return get_annotations(thing, format=Format.STRING)
        raise


def _is_ours(module: str) -> bool:
    package = __name__.rpartition(".")[0]
    return module.startswith(f"{package}.") or module == f"{package.rpartition('.')[0]}._sequence"
