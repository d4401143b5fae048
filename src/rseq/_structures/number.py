"""Types of numbers by name, which number of one is the worst, and what those are that hold numbers."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar, Never

inf = float("inf")

_NAMES = frozenset(("f32", "f64", "i16", "i32", "i64", "u16", "u32", "u64"))
"""Texts that mean one thing, and no bool."""


def as_name(dtype: object, purpose: str) -> str:
    """The language's name of a number, which there is to `purpose`. Raises: TypeError - it is none, or a bool."""
    if type(dtype) is str and dtype in _NAMES:
        return dtype
    from rseq._language.dtypes import as_scalar

    scalar = as_scalar(dtype)
    if scalar.kind == "bool":
        raise TypeError(f"expected a number to {purpose}; got bool")
    return scalar.name


def worst_of(type: str, is_max: bool) -> int | float:
    """What nothing is worse than."""
    if type.startswith("f"):
        return -inf if is_max else inf
    bits, is_signed = int(type[1:]), type.startswith("i")
    lowest = -(1 << bits - 1) if is_signed else 0
    return lowest if is_max else lowest + (1 << bits) - 1


class Holder:
    """What holds numbers and is none: `counter == 0` and `if counter:` would be wrong in silence, so they are refused.

    Two of them are equal if they are the same object, as all structures are.
    """

    __slots__ = ()
    _ask: ClassVar[str] = "value"
    """How one asks for what it holds."""
    _change: ClassVar[str] = "add(n)"
    """How one changes it."""

    def __eq__(self, other: object) -> bool:
        """Raises: TypeError - the other one is a number, or an array of them."""
        if hasattr(other, "__float__") and not isinstance(other, Holder):
            raise TypeError(f"{_a(self)} is not a number itself: compare its `{self._ask}` with {other!r}")
        return self is other

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        """Raises: TypeError - always."""
        raise TypeError(
            f"{_a(self)} is neither true nor false: write `if x.{self._ask}:` for what it holds, or `if x is not None:`"
        )

    def __iadd__(self, other: object) -> Never:
        """Raises: TypeError - always: `x += n` would read, add and assign, and others' additions would be lost."""
        raise TypeError(f"{_a(self)} is changed by its method: write x.{self._change} instead of x += …")


class Single(Holder):
    """What holds one number: arithmetic is refused with a sentence, too."""

    __slots__ = ()

    def _refuse(self, other: object) -> Never:
        """Raises: TypeError - always."""
        raise TypeError(f"{_a(self)} is not a number itself: compute with its `{self._ask}`, and compare that")

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _refuse
    __lt__ = __le__ = __gt__ = __ge__ = _refuse


def _a(thing: object) -> str:
    return f"a {type(thing).__name__}"
