"""Annotations of classes and functions as objects, also where they are strings or name what is being defined."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any


_of_class = type.__dict__["__annotations__"].__get__  # noqa: RUF063 - `inspect` takes long to import


def evaluated_annotations(thing: Any) -> dict[str, object]:
    """The annotations of a class or function as objects, also where they are strings that name the locals of the
    function in which it is being defined, or the class itself.
    """
    own = _annotations(thing)
    if not any(isinstance(value, str) for value in own.values()):
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
    return {name: eval(value, names, here) if isinstance(value, str) else value for name, value in own.items()}


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
