"""Memory as NumPy shows it: nothing leads from an array to more memory, or to writing where that was not allowed.

An array that owns its memory can be resized, one of an `mmap` outlives its `close`, and whoever finds a writable array
among the bases of a read-only one makes that writable. So the base of all arrays that users get is a `Shown`, which
has an address and an owner, and shows neither.
"""

from __future__ import annotations

from rseq._once import load
from rseq._quick import NamedTuple, final
from rseq._sealed import Sealed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    import numpy.typing as npt


class _Bytes(NamedTuple):
    address: int
    shape: tuple[int, ...]
    strides: tuple[int, ...] | None
    owner: object
    writable: bool


@final
class Shown:
    """The base of arrays. It keeps the memory's owner alive."""

    __slots__ = ("_bytes",)

    @property
    def __array_interface__(self) -> dict[str, Any]:
        """What NumPy asks for."""
        found = _bytes.of(self)
        return {
            "version": 3,
            "typestr": "|u1",
            "data": (found.address, not found.writable),
            "shape": found.shape,
            "strides": found.strides,
        }


_bytes: Sealed[_Bytes] = Sealed(Shown, "_bytes")


def shown(
    address: int,
    shape: tuple[int, ...],
    strides: tuple[int, ...] | None = None,
    *,
    owner: object,
    writable: bool,
) -> npt.NDArray[Any]:
    """An array of the bytes at `address`, which are there as long as `owner`, and which the array keeps alive."""
    load("numpy")
    import numpy as np

    base = Shown()
    _bytes.put(base, _Bytes(address, shape, strides, owner, writable))
    return np.asarray(base)
