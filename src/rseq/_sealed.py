"""What machine code trusts about an object: a slot that no name leads to, filled once.

A sequence goes where the numbers of its storage say. So these must not be what Python code assigns to, by
`storage.record = Other`, `object.__setattr__`, `vars(thing)` or a second `__init__`, nor what a subclass has an
attribute of the same name for, nor what another object says that claims to be of the class (`__class__`). A slot's
descriptor asks the very object; once it is taken out of its class, only the module that did so can.
"""

from __future__ import annotations

from rseq import _quick_ctypes as ctypes
from rseq._quick import Generic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    T = TypeVar("T")

_claims: dict[int, tuple[object]] = {}


class Sealed(Generic["T"]):
    """The slot `name` of `owner`'s objects, which has no name from now on."""

    def __init__(self, owner: type, name: str) -> None:
        self._slot: Any = vars(owner)[name]
        delattr(owner, name)

    def put(self, thing: object, value: T) -> bool:
        """Fill the slot; False, and nothing has happened, if it is full, or is being filled.

        Threads: any, at the same time, and signal handlers: one of them gets True.
        """
        claim = (thing,)  # it keeps the object: a claim that is left behind by an exception is never another object's
        try:
            if _claims.setdefault(id(thing), claim) is not claim or self.is_full(thing):
                return False
            self._slot.__set__(thing, value)
            return True
        finally:
            if _claims.get(id(thing)) is claim:
                del _claims[id(thing)]

    def of(self, thing: object) -> T:
        """What is in the slot. Raises: AttributeError - nothing. TypeError - `thing` is none of the class."""
        value: T = self._slot.__get__(thing)
        return value

    def is_full(self, thing: object) -> bool:
        """Whether it has been filled. Raises: TypeError - `thing` is none of the class."""
        try:
            self._slot.__get__(thing)
        except AttributeError:
            return False
        return True


def forever(thing: T) -> T:
    """`thing`, which is never freed: it is in no list that could be cleared, nor does the interpreter's end free it."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))
    return thing
