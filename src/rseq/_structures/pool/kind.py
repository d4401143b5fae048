"""What an item of a pool is: bytes, or an array of numbers."""

from __future__ import annotations

from rseq._percpu.checks import MAX_DIMENSIONS, integer, product
from rseq._quick import NamedTuple
from rseq._structures.numpy_layout import layout_of, said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    import numpy as np

MAX_BYTES = 1 << 46
"""The largest pool: what a processor can address, more or less."""


class ItemKind(NamedTuple):
    """An array of that shape; of bytes, if there is no dtype."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any] | None

    @property
    def nbytes(self) -> int:
        """The bytes of an item."""
        return product(self.shape) * (1 if self.dtype is None else self.dtype.itemsize)

    @property
    def said(self) -> dict[str, Any]:
        """The same for a segment's directory."""
        return {} if self.dtype is None else {"dtype": said(self.dtype), "shape": self.shape}

    def __str__(self) -> str:
        if self.dtype is None:
            return f"items of {self.nbytes} bytes"
        return f"arrays of {self.dtype}, of shape {self.shape}"


def kind_of(item_size: object, dtype: object) -> ItemKind:
    """What `Pool` makes of its arguments. Raises: TypeError, ValueError - as that."""
    if dtype is None and isinstance(item_size, (tuple, list)):
        raise TypeError(
            f"item_size: expected an int, got {item_size!r}; items with a shape have a dtype, too: "
            f"rseq.Pool({item_size!r}, …, dtype=float)"
        )
    lengths = item_size if isinstance(item_size, (tuple, list)) else (item_size,)
    if len(lengths) >= MAX_DIMENSIONS:
        raise ValueError(f"item_size: expected fewer than {MAX_DIMENSIONS} dimensions, got {len(lengths)}")
    shape = tuple(bounded("item_size", length, MAX_BYTES) for length in lengths)
    kind = ItemKind(shape, None if dtype is None else layout_of(dtype))
    bounded("bytes of an item", kind.nbytes, MAX_BYTES)
    return kind


def bounded(name: str, value: object, most: int) -> int:
    """`value` as an int of 1 … `most`. Raises: TypeError, ValueError - it is none."""
    number = integer(name, value)
    if not 1 <= number <= most:
        raise ValueError(f"{name}: expected 1 … {most}, got {number}")
    return number
