"""Records in lanes as plain Python reads and writes them: what is known of a record without the language and NumPy."""

from __future__ import annotations

from rseq import _quick_ctypes as ctypes
from rseq._quick import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rseq._language.types import Record
    from rseq._percpu.segment import Place

_C_TYPES = {
    "bool": "c_bool", "i8": "c_int8", "i16": "c_int16", "i32": "c_int32", "i64": "c_int64", "u8": "c_uint8",
    "u16": "c_uint16", "u32": "c_uint32", "u64": "c_uint64", "f32": "c_float", "f64": "c_double",
}  # fmt: skip


def c_type(name: str) -> Any:
    """C's type of the numbers that the language calls so. Raises: KeyError - they are no numbers."""
    return getattr(ctypes, _C_TYPES[name])


class Fields(NamedTuple):
    """How a record lies in memory."""

    name: str
    size: int
    alignment: int
    places: dict[str, tuple[int, str, int]]
    """By the field's name: its offset, the type of its numbers, and how many there are; 0 if it is no array."""


def fields_of(record: type[Record]) -> Fields:
    """Those of a record; what is no number has no place here."""
    places = {}
    for name, field in record.fields.items():
        element: Any = getattr(field.type, "element", field.type)
        if getattr(element, "name", None) in _C_TYPES:
            places[name] = field.offset, element.name, getattr(field.type, "length", 0)
    return Fields(record.__name__, record.size, record.alignment, places)


class Lanes:
    """The records at a place. Whoever makes one keeps the memory alive as long as it is used."""

    __slots__ = ("_fields", "_place")

    def __init__(self, fields: Fields, place: Place) -> None:
        self._fields, self._place = fields, place

    def __len__(self) -> int:
        """How many there are, the spare one included."""
        return self._place.lanes + 1

    def read(self, name: str, at: int = 0) -> list[Any]:
        """A number in every lane, the spare one last: the field, or element `at` of it. Each is read in one piece."""
        offset, kind, _ = self._fields.places[name]
        one = c_type(kind)
        offset += at * ctypes.sizeof(one)
        return [one.from_address(address + offset).value for address in self._place.addresses()]

    def arrays(self, name: str, count: int | None = None) -> list[list[Any]]:
        """The first numbers of an array in every lane."""
        offset, kind, length = self._fields.places[name]
        whole = c_type(kind) * (length if count is None else count)
        return [list(whole.from_address(address + offset)) for address in self._place.addresses()]

    def sums(self, name: str, count: int | None = None) -> list[Any]:
        """The first numbers of an array, each summed over all lanes; they are of the types that can be (sums.py)."""
        from rseq._percpu.sums import sums_of

        offset, kind, length = self._fields.places[name]
        return sums_of(self._place.at(offset), kind, length if count is None else count)

    def read_one(self, lane: int, name: str, at: int = 0) -> Any:
        """A number in one lane."""
        return self._one(lane, name, at).value

    def write(self, name: str, value: float, at: int = 0) -> None:
        """The same number in every lane."""
        for lane in range(self._place.lanes + 1):
            self.write_one(lane, name, value, at)

    def write_one(self, lane: int, name: str, value: float, at: int = 0) -> None:
        """The same, stored in one piece."""
        self._one(lane, name, at).value = value

    def _one(self, lane: int, name: str, at: int) -> Any:
        offset, kind, _ = self._fields.places[name]
        one = c_type(kind)
        return one.from_address(self._place.base + lane * self._place.stride + offset + at * ctypes.sizeof(one))

    def write_array(self, name: str, values: list[Any]) -> None:
        """The first numbers of an array, the same in every lane."""
        offset, kind, _ = self._fields.places[name]
        whole = (c_type(kind) * len(values))(*values)
        for address in self._place.addresses():
            ctypes.memmove(address + offset, whole, ctypes.sizeof(whole))
