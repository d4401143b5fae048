"""The memory handle: what owns an item, and what builtins and arrays keep alive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from rseq.once import load
from rseq.percpu.allocator import MAX_ITEM_BYTES, Allocator, Lease
from rseq.percpu.checks import integer, product
from rseq.percpu.segment import PAGE_BYTES, Place
from rseq.percpu.shared import Segment, require_segment

if TYPE_CHECKING:
    import numpy.typing as npt

_private = Allocator()


class Memory:
    """An item: `nbytes` bytes in every lane. They are its own as long as the handle, or a view of it, lives.

    It refers to none of its users, so that builtins can hold it without a cycle. Hashable (by identity) and
    weakly referable. Made by `allocate`; cannot be pickled or copied.
    """

    __slots__ = ("__weakref__", "_kept", "_owner", "nbytes", "place")

    place: Place
    """Where the item is. Addresses in it mean something only while the handle lives."""
    nbytes: int
    """Bytes in each lane."""

    def __init__(self, place: Place, nbytes: int, owner: object) -> None:
        """`owner` is kept as long as this handle lives; when it goes, the memory goes back."""
        self.place = place
        self.nbytes = nbytes
        self._owner = owner
        self._kept: dict[int, object] = {}

    def keep(self, thing: object) -> None:
        """Keep `thing` alive as long as this memory, because a lane may hold its address. Twice is as good as once.

        Threads: any thread.
        """
        self._kept.setdefault(id(thing), thing)

    def view(self, dtype: npt.DTypeLike, shape: tuple[int, ...] = ()) -> npt.NDArray[Any]:
        """The item in all lanes as a live array of shape [lanes + 1, *shape], the spare lane last.

        Writing to it while sequences run on the same item loses updates, theirs or yours. Reading is safe: each
        aligned word is a value that was there, but two words need not be of one moment.
        Raises: ValueError - an array of that dtype and shape is larger than the item. TypeError - a dtype of Python
        objects.
        Threads: any thread. The array keeps the memory alive.
        """
        load("numpy")
        import numpy as np

        element = np.dtype(dtype)
        if element.hasobject:
            raise TypeError(f"per-CPU memory holds numbers, not references to Python objects; got dtype {element}")
        nbytes = element.itemsize * product(shape)
        if not 0 < nbytes <= self.nbytes:
            raise ValueError(f"expected a dtype and shape of 1 … {self.nbytes} bytes, got {element} {shape}: {nbytes}")
        return np.asarray(self)[:, :nbytes].view(element.base).reshape(-1, *shape, *element.shape)

    @property
    def __array_interface__(self) -> dict[str, Any]:
        """The item's bytes in all lanes, for NumPy; the array's base is this handle."""
        return {
            "version": 3,
            "typestr": "|u1",
            "data": (self.place.base, False),
            "shape": (self.place.lanes + 1, self.nbytes),
            "strides": (self.place.stride, 1),
        }

    def __repr__(self) -> str:
        return f"<{self.nbytes} bytes in each of {self.place.lanes} lanes and a spare one at {self.place.base:#x}>"

    def __reduce__(self) -> NoReturn:
        if not isinstance(self._owner, Lease):
            raise TypeError(
                "per-CPU memory of a shared segment cannot be pickled or copied: processes forked after it was made "
                "have it already. Let them inherit it, or pass the values of a view"
            )
        raise TypeError(
            "private per-CPU memory cannot be pickled or copied: it belongs to one process, and its address is its "
            "identity. Make new memory in the other process, or pass the values of a view"
        )


def allocate(nbytes: int, alignment: int = 8, segment: Segment | None = None) -> Memory:
    """`nbytes` of memory in every lane, zeroed, at a multiple of `alignment` in each; private, or in `segment`.

    Items of 8 bytes lie densely, 512 to a page of 4 KiB. An alignment of a cache line or more keeps every other item
    off those lines. Private memory that was given back is used again, so that making and dropping items costs no
    memory; that of a shared segment is not, because other processes may still use it.
    Raises: TypeError - not integers, or no segment. ValueError - fewer bytes than 1, absurdly many, or an alignment
    that is no power of two up to the page size. MemoryError - no address space or no memory left.
    Threads: any thread at any time; signal handlers, finalisers and forked children too.
    """
    size, power = integer("nbytes", nbytes), integer("alignment", alignment)
    if not 1 <= size <= MAX_ITEM_BYTES:
        raise ValueError(f"nbytes: expected 1 … {MAX_ITEM_BYTES}, got {size}")
    if not 1 <= power <= PAGE_BYTES or power & (power - 1):
        raise ValueError(f"alignment: expected a power of two up to the page size, {PAGE_BYTES}; got {power}")
    if segment is not None:
        require_segment(segment)
    place, owner = _private.lend(size, power) if segment is None else segment.lend(size, power)
    return Memory(place, size, owner)
