"""What tells ring buffers apart: how large they are, what they hold, and what they do when they are full."""

from __future__ import annotations

from rseq._builtins.form import Form
from rseq._quick import NamedTuple, cache, partial
from rseq._structures.numpy_layout import said
from rseq._structures.ring.sizes import largest, low_bits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from rseq._language.compiled import Compiled
    from rseq._structures.ring.layout import Code

PARTS = 8
"""Parts of a ring that overwrites."""


class Kind(NamedTuple):
    """A kind of ring buffer."""

    units: int
    """How many positions `data` has: units of four bytes, or records; a power of two."""
    parts: int
    """Parts of a ring that overwrites; 0 if it does not, 1 if records have one layout."""
    clock: bool
    item: str | int | None = None
    """The name of a type of numbers, or the size of a record; None for records of any length."""
    dtype: Any = None
    """The NumPy dtype of a record, if there is an `item`."""

    @property
    def code(self) -> Code:
        """Its record, sequences and routines."""
        return _parsed(self.units, self.parts, self.clock, self.item)

    @property
    def form(self) -> Form:
        """The same, as users of machine code have it: `write`, `read`, `settle`."""
        return _form(self.units, self.parts, self.clock, self.item)

    @property
    def overwrites(self) -> bool:
        """If the newest records are kept."""
        return self.parts > 0

    @property
    def mode(self) -> str:
        """What `RingBuffer(mode=…)` was given."""
        return "overwrite" if self.overwrites else "drop"

    @property
    def said_dtype(self) -> Any:
        """The dtype as texts and lists of them; None if there is none."""
        return None if self.dtype is None else said(self.dtype)

    @property
    def is_number(self) -> bool:
        """If records are numbers."""
        return isinstance(self.item, str)

    @property
    def has_stamps(self) -> bool:
        """If there is an array of stamps."""
        return self.clock and self.item is not None

    @property
    def unit_bytes(self) -> int:
        """Bytes for each position."""
        return 4 if self.item is None else self.largest

    @property
    def capacity(self) -> int:
        """What `RingBuffer.capacity` says: bytes, or the records that are kept; one may be in a writer's hands."""
        if self.item is None:
            return 4 * self.units
        return self.units - 1 if self.overwrites else self.units

    @property
    def part_units(self) -> int:
        """Units in a part that begins with a serial number; 0 if there are none."""
        return self.units // self.parts if self.item is None and self.parts else 0

    @property
    def largest(self) -> int:
        """The bytes of the largest record."""
        if self.item is None:
            return largest(self.units, self.parts, self.clock)
        return size_of(self.item)

    @property
    def empty_head(self) -> int:
        """`head` of a ring in which nothing was written: behind the serial number of the first part, which is 0."""
        return 2 << low_bits(self.part_units) if self.part_units else 0

    @property
    def empty_tail(self) -> int:
        """`tail` of a ring in which nothing was written."""
        position = self.position(self.empty_head)
        return position << 1 if self.overwrites else position  # layout.tail_of

    @property
    def positions(self) -> int:
        """How many positions there are: behind the last one comes 0. A multiple of `units`."""
        if self.part_units:
            return 1 << 64 - low_bits(self.part_units)
        return 1 << 63 if self.overwrites else 1 << 64  # `tail` has a bit for something else

    def position(self, head: int) -> int:
        """The position up to which records are written."""
        return (head >> low_bits(self.part_units) if self.part_units else head) % self.positions

    def distance(self, behind: int, ahead: int) -> int:
        """How far one position is behind another."""
        return (ahead - behind) % self.positions

    def whole(self, position: int) -> int:
        """How many positions behind that one no writer has begun to overwrite, if records are written up to it."""
        if self.part_units:
            return position % self.part_units + (self.parts - 2) * self.part_units
        return self.units - 1 if self.parts else self.units


def size_of(item: str | int) -> int:
    """The bytes of a number of that type, or of a record."""
    return int(item[1:]) // 8 if isinstance(item, str) else item


@cache
def _form(units: int, parts: int, clock: bool, item: str | int | None) -> Form:
    about = f"{parts} parts" if parts else "drop", "clock" if clock else "no clock", "bytes" if item is None else item
    return Form(f"ring {units} {' '.join(map(str, about))}", partial(_parse, units, parts, clock, item))


def _parse(units: int, parts: int, clock: bool, item: str | int | None) -> Mapping[str, Compiled]:
    code = _parsed(units, parts, clock, item)
    return {"write": code.write, "read": code.read, "settle": code.settle}


def _parsed(units: int, parts: int, clock: bool, item: str | int | None) -> Code:
    if item is None:
        from rseq._structures.ring.variable import variable_ring

        return variable_ring(units, parts, clock)
    from rseq._language.types import SCALARS
    from rseq._structures.ring.rows import row_ring

    return row_ring(units, SCALARS[item] if isinstance(item, str) else item, parts > 0, clock)


ROW_BYTES = 12

SMALL = {
    "drop": Kind(16, 0, clock=False),
    "drop_clock": Kind(16, 0, clock=True),
    "over": Kind(32, 2, clock=False),
    "over_clock": Kind(32, 2, clock=True),
    "drop_u64": Kind(4, 0, False, "u64", "uint64"),
    "over_u64": Kind(4, 1, True, "u64", "uint64"),
    "drop_rows": Kind(2, 0, True, ROW_BYTES, f"V{ROW_BYTES}"),
    "over_rows": Kind(2, 1, False, ROW_BYTES, f"V{ROW_BYTES}"),
}
"""Small rings, which the checker can go through in a sensible time."""

SHIPPED = ("drop_clock", "over", "over_u64", "drop_rows")
"""Those that stand for all: each way to be full, each shape of record, with a clock and without."""
