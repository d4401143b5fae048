"""How CPython lays out objects: the one place that knows. Machine code is made for one of a few layouts.

    object             header, whose last word is the type; `header` is its size
    int, up to 3.11    ob_size: -1, 0 or 1 for an int of one digit or none, then the digit (u32)
    int, from 3.12     lv_tag: below 16 for a "compact" int, whose sign is 1 - (tag & 3), then the digit (u32)
    float              the double
    bytes              length, hash, the bytes

All follow the object's header (Include/cpython/longintrepr.h, bytesobject.h). Where a tuple's items begin differs in
more versions, and is asked of the process. `here` looks at a few objects before it believes that it knows.
"""

from __future__ import annotations

import sys

from rseq import _quick_ctypes as ctypes
from rseq._quick import NamedTuple, cache

COMPACT_TAGS = 16
"""Tags of ints from 3.12 on whose digit is all that there is."""

ITEMS_AT = tuple.__basicsize__
"""Where the items of a tuple begin, in this process."""

_SAMPLES = (0, 1, -1, 255, 256, -300, 2**30 - 1, 1 - 2**30, 2**30, -(2**30), 2**62, -(2**63), 10**30)


class Layout(NamedTuple):
    """A layout of objects."""

    name: str
    header: int
    """Bytes before what an object has of its own."""
    has_tag: bool
    """If ints are those from 3.12."""
    is_immortal: bool
    """If None, True and False need no counting (PEP 683)."""
    reads_numbers: bool = True
    """If machine code reads small ints, and floats, by itself; if not it asks the C API."""

    @property
    def digit(self) -> int:
        """Where the first digit of an int is."""
        return self.header + 8

    @property
    def bytes_at(self) -> int:
        """Where the bytes of a `bytes` object begin."""
        return self.header + 16

    @property
    def kept_at(self) -> int:
        """Where a payload (_builtins/payload.py) has what it keeps alive: behind header and length."""
        return self.header + 8

    @property
    def words_at(self) -> int:
        """Where its words begin."""
        return self.header + 16

    @property
    def type_at(self) -> int:
        """Where an object says of which type it is."""
        return self.header - 8


KNOWN = {
    layout.name: layout
    for layout in (
        Layout("cp311", 16, has_tag=False, is_immortal=False),
        Layout("cp312", 16, has_tag=True, is_immortal=True),
        Layout("cp313t", 32, has_tag=True, is_immortal=True),
    )
}
"""Of Python 3.11, from 3.12 on, and of the free-threaded builds from 3.13 on."""


def this() -> Layout:
    """The layout of this process's objects, of the known ones; else one that reads no numbers."""
    known = here()
    return known or Layout("other", object.__basicsize__, False, sys.version_info >= (3, 12), reads_numbers=False)


@cache
def here() -> Layout | None:
    """The known layout of this process's objects; None if it is another one."""
    if sys.implementation.name != "cpython" or ctypes.sizeof(ctypes.c_void_p) != 8:
        return None
    has_tag = sys.version_info >= (3, 12)
    for layout in KNOWN.values():
        if layout.header == object.__basicsize__ and layout.has_tag == has_tag and _is_true(layout):
            return layout
    return None


def _is_true(layout: Layout) -> bool:
    """If what a few objects are is where the layout says."""
    if ctypes.c_double.from_address(id(-7.25) + layout.header).value != -7.25:
        return False
    if bytes.__basicsize__ - 1 != layout.bytes_at:
        return False
    return all(read(layout, number) in (number, None) for number in _SAMPLES) and read(layout, 7) == 7


def read(layout: Layout, number: int) -> int | None:
    """What machine code would read of `number`; None where it would ask the C API."""
    address = id(number)
    if ctypes.c_size_t.from_address(address + layout.type_at).value != id(int):
        return None
    word = ctypes.c_int64.from_address(address + layout.header).value
    digit = ctypes.c_uint32.from_address(address + layout.digit).value
    if layout.has_tag:
        return (1 - (word & 3)) * digit if 0 <= word < COMPACT_TAGS else None
    return word * digit if -1 <= word <= 1 else None
