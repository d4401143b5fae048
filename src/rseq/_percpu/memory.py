"""The memory handle: what owns an item, and what builtins and arrays keep alive."""

from __future__ import annotations

from rseq import _quick_ctypes as ctypes
from rseq._once import load
from rseq._percpu.allocator import MAX_ITEM_BYTES, Allocator
from rseq._percpu.checks import integer, product
from rseq._percpu.segment import PAGE_BYTES, Place
from rseq._quick import NamedTuple
from rseq._sealed import Sealed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    import numpy.typing as npt

    from rseq._percpu.shared.segment import Segment

_private = Allocator()


class Memory:
    """An item: `nbytes` bytes in every lane. They are its own as long as the handle, or a view of it, lives.

    It refers to none of its users, so that builtins can hold it without a cycle. Hashable (by identity) and
    weakly referable. Made by `allocate`; cannot be pickled or copied, nor changed.
    """

    __slots__ = ("__weakref__", "_item")

    def __init__(self, place: Place, nbytes: int, owner: object, *, writable: bool = True) -> None:
        """`owner` is kept as long as this handle lives; when it goes, the memory goes back. `writable`: by views."""
        if not _item.put(self, _Item(place, nbytes, owner, writable, {})):
            raise TypeError("this memory has been set up; __init__ is called once")

    @property
    def place(self) -> Place:
        """Where the item is. Addresses in it mean something only while the handle lives."""
        return _item.of(self).place

    @property
    def nbytes(self) -> int:
        """Bytes in each lane."""
        return _item.of(self).nbytes

    def keep(self, thing: object) -> None:
        """Keep `thing` alive as long as this memory, because a lane may hold its address. Twice is as good as once.

        Threads: any thread.
        """
        _item.of(self).kept.setdefault(id(thing), thing)

    @property
    def refusals(self) -> Memory:
        """Memory of this process where compiled loops count, in the spare lane's word, what they had to leave out.

        It is made when it is first asked for. Threads: any thread.
        """
        kept = _item.of(self).kept
        if _REFUSALS not in kept:
            kept.setdefault(_REFUSALS, allocate(8))
        made = kept[_REFUSALS]
        assert isinstance(made, Memory)
        return made

    @property
    def refused(self) -> int:
        """How many calls compiled loops have left out so far, in this process."""
        known = _REFUSALS in _item.of(self).kept
        return int(self.refusals.view("u8")[-1]) if known else 0

    def view(self, dtype: npt.DTypeLike, shape: tuple[int, ...] = ()) -> npt.NDArray[Any]:
        """The item in all lanes as a live array of shape [lanes + 1, *shape], the spare lane last.

        It is read-only if sequences follow pointers that stand there. Writing to it while sequences run on the same
        item loses updates, theirs or yours. Reading is safe: each aligned word is a value that was there, but two words
        need not be of one moment.
        Raises: ValueError - an array of that dtype and shape is larger than the item. TypeError - a dtype of Python
        objects.
        Threads: any thread. The array keeps the memory alive.
        """
        load("numpy")
        import numpy as np

        from rseq._percpu.shown import shown

        element = np.dtype(dtype)
        if element.hasobject:
            raise TypeError(f"per-CPU memory holds numbers, not references to Python objects; got dtype {element}")
        nbytes = element.itemsize * product(shape)
        if not 0 < nbytes <= self.nbytes:
            raise ValueError(f"expected a dtype and shape of 1 … {self.nbytes} bytes, got {element} {shape}: {nbytes}")
        place, _, _, writable, _ = _item.of(self)
        lanes = shown(place.base, (place.lanes + 1, nbytes), (place.stride, 1), owner=self, writable=writable)
        return lanes.view(element.base).reshape(-1, *shape, *element.shape)

    def buffer(self) -> memoryview:
        """The bytes of the spare lane, for memory that is not per CPU. They keep the memory alive."""
        whole = (ctypes.c_ubyte * self.nbytes).from_address(self.place.addresses()[-1])
        whole._memory = self  # type: ignore[attr-defined]
        return memoryview(whole).cast("B")

    def __repr__(self) -> str:
        return f"<{self.nbytes} bytes in each of {self.place.lanes} lanes and a spare one at {self.place.base:#x}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "per-CPU memory cannot be pickled or copied: its address is its identity. Pass the structure in an "
            "rseq.Segment that it belongs to, or the values of a view"
        )


_REFUSALS = 0
"""Their key among what a memory keeps; the others are addresses of objects."""


class _Item(NamedTuple):
    place: Place
    nbytes: int
    owner: object
    writable: bool
    kept: dict[int, object]


_item: Sealed[_Item] = Sealed(Memory, "_item")


def allocate(nbytes: int, alignment: int = 8, segment: Segment | None = None, *, writable: bool = True) -> Memory:
    """`nbytes` of memory in every lane, zeroed, at a multiple of `alignment` in each; private, or in `segment`.

    `writable`: whether views of it are.

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
    place, owner = _private.lend(size, power) if segment is None else _shared(segment, size, power)
    return Memory(place, size, owner, writable=writable)


def _shared(segment: Segment, size: int, alignment: int) -> tuple[Place, object]:
    from rseq._percpu.shared.segment import lend, require_segment

    require_segment(segment)
    return lend(segment, size, alignment)
