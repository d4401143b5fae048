"""How a structure lies in compiled code: the words of its storage's place, in no object that may outlive it.

Numba asks a type's data model to put a value into memory, wherever that is. A list, a dict, a class, a generator or a
structref may live longer than the structure, to which the value holds no reference; so there it is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from numba.core import errors, types
from numba.core.datamodel import models
from numba.core.types import containers
from numba.extending import register_model

from rseq._numba.types import BoundSequenceType, Storage, StructureType, names_of


@register_model(StructureType)
@register_model(BoundSequenceType)
class _PlaceModel(models.StructModel):
    def __init__(self, manager: Any, type: Storage) -> None:
        words: list[tuple[str, Any]] = [(name, types.uint64) for name in names_of(type)]
        items = type.items if isinstance(type, StructureType) else None
        super().__init__(manager, type, [*words, ("items", items)] if items else words)

    def as_data(self, builder: Any, value: Any) -> Any:
        """Called where a value goes into a list, a dict, a jitclass or a generator: there it may outlive its memory.

        It is called too where a tuple is returned, which is as harmless as returning the value alone.
        """
        if _returning:
            return value
        raise errors.TypingError(
            f"{self._fe_type} cannot be kept in a list, a dict, a class or a generator, which may outlive it; "
            "pass it as an argument, in a tuple if there are several"
        )

    def get_return_type(self) -> Any:
        """A function may return it to a compiled caller, which has the object that it came from."""
        return self.get_value_type()

    def as_return(self, builder: Any, value: Any) -> Any:
        """See `get_return_type`."""
        return value

    def from_return(self, builder: Any, value: Any) -> Any:
        """See `get_return_type`."""
        return value


_returning: list[object] = []
"""Not empty while a tuple's return is compiled, which Numba does in one thread at a time."""


@contextmanager
def _return_of(tuple_: object) -> Iterator[None]:
    _returning.append(tuple_)
    try:
        yield
    finally:
        _returning.pop()


@register_model(containers.Tuple)
class _TupleModel(models.TupleModel):
    def as_return(self, builder: Any, value: Any) -> Any:
        """Numba's own, which puts the elements into memory for it."""
        with _return_of(self):
            return super().as_return(builder, value)


@register_model(containers.UniTuple)
class _UniTupleModel(models.UniTupleModel):
    def as_return(self, builder: Any, value: Any) -> Any:
        """See `_TupleModel`."""
        with _return_of(self):
            return super().as_return(builder, value)


@register_model(containers.StructRefPayload)
class _StructRefModel(models.StructPayloadModel):
    """Numba's own, which asks nobody before it puts a value into an object that may outlive it."""

    def __init__(self, manager: Any, type: Any) -> None:
        for name, member in type.field_dict.items():
            if _holds_storage(member):
                raise errors.TypingError(
                    f"{member} cannot be kept in a structref, which may outlive it: its field "
                    f"{name!r} would. Pass it as an argument, in a tuple if there are several"
                )
        super().__init__(manager, type)


def _holds_storage(type: Any) -> bool:
    if isinstance(type, types.misc.Optional):
        return _holds_storage(type.type)
    return isinstance(type, Storage) or (isinstance(type, containers.BaseTuple) and any(map(_holds_storage, type)))
