"""A record of the user's from what a segment's directory says of it: its class is not known here.

An entry has the fields' names and types as texts, and a digest of the layout. The record is laid out by the same rules
again, and the digests compared: what is shown is what was written, or nothing.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from rseq._integers import round_up
from rseq._percpu.lanes import Fields
from rseq._percpu.shared.layout import SegmentError
from rseq._quick import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ELEMENT = r"(?P<element>\w+|index\[.{1,1000}\]|ptr\[.{1,1000}\])"
_SHAPE, _PLACE = r"\[(?P<shape>[0-9]{1,9}(, [0-9]{1,9}){0,31})\]", r"@(?P<offset>[0-9]{1,10})"
_TYPE = re.compile(f"{_ELEMENT}({_SHAPE})?({_PLACE})?", re.DOTALL)
_SIZES = {
    "bool": 1,
    **{f"{kind}{bits}": bits // 8 for kind in "iu" for bits in (8, 16, 32, 64)},
    "f32": 4,
    "f64": 8,
}
_FOLLOWED = {"index": "u32", "ptr": "u64"}
"""What stands in memory for the number of a row, and for an address."""


class Field(NamedTuple):
    """A field of a record."""

    offset: int
    type: str
    """Of its numbers."""
    length: int
    """How many there are; 0 if it is no array."""


class Layout(NamedTuple):
    """A record: its fields as its entry names them, and as `Lanes` reads them."""

    fields: Fields
    hashed: tuple[Any, ...]
    """What the entry's digest is made of."""


def layout_of(name: str, said: Mapping[str, str]) -> Layout:
    """The layout of a record whose fields have these types. Raises: SegmentError - there are no such types."""
    places: dict[str, tuple[int, str, int]] = {}
    numbers: dict[str, tuple[int, str, int]] = {}
    offset, alignment = 0, 1
    for field, text in said.items():
        element, length, at = _parsed(field, text)
        type = _FOLLOWED.get(element.partition("[")[0], element)
        size = _SIZES[type]
        offset, alignment = max(round_up(offset, size), at), max(alignment, size)
        if offset % size:
            raise SegmentError(f"field {field!r} is of type {text!r}, which is at no such place")
        places[field] = offset, type, length
        if type == element:
            numbers[field] = places[field]
        offset += size * max(length, 1)
    fields = Fields(name, round_up(offset, alignment), alignment, places)
    return Layout(fields, (fields.size, fields.alignment, numbers))


def _parsed(field: str, text: str) -> tuple[str, int, int]:
    found = _TYPE.fullmatch(text)
    element = found["element"] if found else ""
    if found is None or element.partition("[")[0] not in (*_SIZES, *_FOLLOWED):
        raise SegmentError(f"field {field!r} is of type {text!r}, which this version does not know")
    shape = [int(one) for one in found["shape"].split(", ")] if found["shape"] else []
    return element, math.prod(shape) if shape else 0, int(found["offset"] or 0)


def rows_at(fields: Fields, address: int, count: int) -> Iterator[dict[str, Any]]:
    """The first `count` records at that address, each word read in one piece."""
    kinds = {name: _kind(type, length) for name, (_, type, length) in fields.places.items()}
    for first in range(address, address + count * fields.size, fields.size):
        yield {name: _read(kind, first + fields.places[name][0]) for name, kind in kinds.items()}


def _kind(type: str, length: int) -> Any:
    from rseq._percpu.lanes import c_type

    return c_type(type) * length if length else c_type(type)


def _read(kind: Any, address: int) -> Any:
    found = kind.from_address(address)
    return found.value if hasattr(found, "value") and not hasattr(found, "_length_") else list(found)
