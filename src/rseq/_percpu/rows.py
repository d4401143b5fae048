"""Rows: what a `ptr[T]` argument is from Python.

A sequence stores through a pointer without looking, so a pointer never is an integer: it is a row of an array of
records, which exists and is bounds-checked, and which the row keeps alive.
"""

from __future__ import annotations

from rseq._language.types import Array, Field, Index, Pointer, Record
from rseq._once import load
from rseq._percpu.checks import integer, require_bytes, require_record
from rseq._percpu.lanes import fields_of
from rseq._percpu.pointers import holds_pointers, is_followed, require_no_pointers
from rseq._percpu.shared.extents import Wanted
from rseq._percpu.shared.kinds import in_segment, own_name
from rseq._percpu.shared.segment import Segment, segment_of
from rseq._percpu.shown import shown
from rseq._percpu.storage import shown_fields
from rseq._quick import Generic, NamedTuple, final
from rseq._sealed import Sealed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, NoReturn, SupportsIndex, TypeVar

    import numpy.typing as npt

    R = TypeVar("R", bound=Record)


@final
class RowArray(Generic["R"]):
    """`n` zeroed records side by side, not per CPU, for the `ptr[T]` and `index[T]` of sequences.

        nodes = rseq.array(Node, 100)
        push(nodes[3])

    `nodes.values` shows them as a NumPy array. The memory lives as long as the array, a row or a view of it. Storage
    into which sequences put a row's address keeps the array alive too (`Memory.keep`).
    `segment` and `name`: processes share the records, see `rseq.percpu`; storage that holds numbers of rows
    (`index[T]`) is in the same one.
    Raises: TypeError - no record, integer or segment; in a segment, a record with pointers. ValueError - `n` below 1 or
    absurdly large. MemoryError - no memory.
    Threads: any thread. Who may write to a row that sequences have published is the sequences' matter.
    """

    __slots__ = ("__weakref__", "_parts")

    def __init__(
        self, record: type[R], n: int, *, segment: Segment | str | None = None, name: str | None = None
    ) -> None:
        require_record(record, "rseq.array(Node, 100)")
        if segment is not None:
            require_no_pointers(record)
        length = integer("n", n)
        if length < 1:
            raise ValueError(f"n: expected at least 1 record, got {n}")
        require_bytes(length * record.size, f"an array of {n} of {record.__name__}")
        called, found = own_name(segment, name), segment_of(segment)
        if found is None:
            address, owner = _zeros(length, record.size)
        else:
            called, address, owner = _shared(found, called, record, length)
        writable = _all_rows(record, length, address, owner, writable=True)
        public = _all_rows(record, length, address, owner, writable=False) if is_followed(record) else writable
        if not _parts.put(self, Rows(record, length, found, called, address, owner, writable, public, {})):
            raise TypeError("this array of rows has been set up; __init__ is called once")

    @property
    def record(self) -> type[R]:
        """What it is an array of."""
        return rows_of(self).record

    @property
    def length(self) -> int:
        """How many rows there are."""
        return rows_of(self).length

    @property
    def segment(self) -> Segment | None:
        """Whose processes share the records; None if they are this process's."""
        return rows_of(self).segment

    @property
    def name(self) -> str | None:
        """What others find it by in its segment, or None."""
        return rows_of(self).name

    @property
    def address(self) -> int:
        """Where the first row is."""
        return rows_of(self).address

    def keep(self, thing: object) -> None:
        """Keep `thing` alive as long as this array, because a row may hold its address. Threads: any thread."""
        rows_of(self).keep(thing)

    @property
    def values(self) -> npt.NDArray[Any]:
        """The records as a live structured array of shape [n]. It keeps the memory alive.

        It is read-only if the record has pointers: a number in a pointer's place would be followed. Write through rows.
        """
        view: npt.NDArray[Any] = rows_of(self).shown[:]
        return view

    def row_at(self, address: int) -> Row[R]:
        """The row that starts at `address`, such as one that a sequence has returned.

        Raises: ValueError - no row of this array starts there.
        """
        rows, number = rows_of(self), integer("address", address)
        index, rest = divmod(number - rows.address, rows.record.size)
        if rest or not 0 <= index < rows.length:
            raise ValueError(f"no row of {self!r} starts at {number:#x}")
        return Row(self, index)

    def row_of(self, stored: SupportsIndex) -> Row[R] | None:
        """What an `index[T]` in memory means: the row whose number it holds, or None.

        Raises: IndexError - it means no row of this array.
        """
        number = integer("a stored index", stored)
        if not 0 <= number <= self.length:
            raise IndexError(f"the stored index {number} means no row of {self!r}")
        return Row(self, number - 1) if number else None

    def index_of(self, row: Row[R] | None) -> int:
        """The number that an `index[T]` in memory holds for `row`, or for None.

        Raises: TypeError - it is neither. ValueError - a row of another array.
        """
        if row is None:
            return 0
        if type(row) is not Row:
            raise TypeError(f"expected a row of {self!r} or None, got {row!r}")
        if row.array is not self:
            raise ValueError(f"{row!r} is a row of another array")
        return row.index + 1

    def __getitem__(self, index: SupportsIndex) -> Row[R]:
        """Row `index`. Raises: IndexError - it is not in 0 … length - 1; negative ones are out of range too."""
        return Row(self, index)

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[Row[R]]:
        return (Row(self, index) for index in range(self.length))

    def __repr__(self) -> str:
        segment = f", segment={self.segment!r}" if self.segment is not None else ""
        return f"rseq.array({self.record.__name__}, {self.length}{segment})"

    def __reduce__(self) -> tuple[Any, ...]:
        if self.segment is not None and self.name is not None:
            return _reopened, (self.record, self.length, self.segment, self.name)
        raise TypeError(
            "a private array of rows cannot be pickled or copied: its rows are addresses. Make it in a "
            "segment, as in rseq.array(…, segment='shop'), or pass `values`"
        )


def _column(rows: Any, field: Field) -> Any:
    """A field of all rows: of a record in them, `point.x`."""
    for name in field.name.split("."):
        rows = rows[name]
    return rows


def _flat(value: Any, shape: tuple[int, ...]) -> Any:
    """The elements of an array that is given as lists in lists."""
    return value if len(shape) == 1 else [one for row in value for one in _flat(row, shape[1:])]


@final
class Row(Generic["R"]):
    """One record of an `rseq.array`: the address that a sequence gets, and the array that owns it.

    Immutable; rows are equal if they are the same record in memory. `row["count"]` reads a field and
    `row["count"] = 1` writes it, as elements of the array's `values`.
    Threads: any thread; see `RowArray`.
    """

    __slots__ = ("__weakref__", "_address", "_array")

    def __new__(cls, array: RowArray[R], index: SupportsIndex) -> Row[R]:
        """Row `index` of `array`; the same as `array[index]`."""
        rows = rows_of(array, "a row belongs to an rseq.array")
        row = super().__new__(cls)
        _array.put(row, array)
        _address.put(row, rows.address + _bounded(array, rows.length, index) * rows.record.size)
        return row

    @property
    def array(self) -> RowArray[R]:
        """The array that it is a row of, and keeps alive."""
        return _array.of(self)

    @property
    def address(self) -> int:
        """Where the record is."""
        return _address.of(self)

    @property
    def index(self) -> int:
        """Which row of its array this is."""
        rows = rows_of(self.array)
        return int((self.address - rows.address) // rows.record.size)

    def __getitem__(self, field: str) -> Any:
        """The value of `field`; an array field is a live view. Raises: KeyError - the record has no such field."""
        rows, known = rows_of(self.array), self._known(field)
        if rows.shown is rows.writable or not isinstance(known.type, Array) or holds_pointers(known.type):
            return _column(rows.shown, known)[self.index]
        place, element = self.address + known.offset, _column(rows.shown, known).dtype
        flat = shown(place, (known.type.size,), owner=rows.owner, writable=True).view(element)
        return flat.reshape(known.type.shape)

    def __setitem__(self, field: str, value: object) -> None:
        rows, known = rows_of(self.array), self._known(field)
        if isinstance(known.type, Pointer):
            value = self._address_of(field, value, known.type)
        elif isinstance(known.type, Array) and isinstance(known.type.element, Pointer):
            addresses = self._addresses_of(field, _flat(value, known.type.shape), known.type.length, known.type.element)
            _column(rows.writable, known)[self.index].reshape(-1)[:] = addresses
            return
        _column(rows.writable, known)[self.index] = value

    def _addresses_of(self, field: str, value: object, length: int, kind: Pointer) -> list[int]:
        given: list[object] = []
        several: Any = value
        for one in several:
            given.append(one)
            if len(given) > length:
                break
        if len(given) != length:
            raise ValueError(f"{field} has {length} elements; got {'more' if len(given) > length else len(given)}")
        return [self._address_of(field, one, kind) for one in given]

    def _address_of(self, field: str, value: object, kind: Pointer) -> int:
        """What a pointer field is given for a row or None: the row's address or number, or 0."""
        if value is None:
            return 0
        if type(value) is not Row or rows_of(value.array).record is not kind.target:
            raise TypeError(f"{field} is {kind!r}: expected a row of such an array, or None; got {value!r}")
        rows_of(self.array).keep(value.array)
        return value.index + 1 if isinstance(kind, Index) else value.address

    def _known(self, field: str) -> Field:
        record = self.array.record
        if field not in record.fields:
            raise KeyError(f"record {record.__name__} has the fields {', '.join(record.fields)}; got {field!r}")
        return record.fields[field]

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f'a row is immutable; write its fields as row["{name}"] = …')

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("a row is immutable")

    def __eq__(self, other: object) -> bool:
        if type(other) is not Row:
            return NotImplemented
        return bool(self.address == other.address and self.array is other.array)

    def __hash__(self) -> int:
        return hash(self.address)

    def __repr__(self) -> str:
        return f"{self.array!r}[{self.index}]"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a row cannot be pickled or copied: it is an address. Pass its index, or its fields")


class Rows(NamedTuple):
    """What an array of rows is."""

    record: type[Any]
    length: int
    segment: Segment | None
    name: str | None
    address: int
    owner: object
    """Of the memory."""
    writable: npt.NDArray[Any]
    shown: npt.NDArray[Any]
    """The same, or read-only: sequences follow what stands there."""
    kept: dict[int, object]

    def keep(self, thing: object) -> None:
        """Keep `thing` alive as long as the array."""
        self.kept.setdefault(id(thing), thing)


_parts: Sealed[Rows] = Sealed(RowArray, "_parts")
_address: Sealed[int] = Sealed(Row, "_address")  # the first in memory; machine code reads it
_array: Sealed[RowArray[Any]] = Sealed(Row, "_array")


def rows_of(array: object, said: str = "expected an array made by rseq.array(…)") -> Rows:
    """What `array` is, whatever it claims. Raises: TypeError - no array of rows; `said` is how its text begins."""
    try:
        return _parts.of(array)
    except (AttributeError, TypeError):
        raise TypeError(f"{said}; got {_shown(array)}") from None


def _shown(array: object) -> str:
    return object.__repr__(array) if issubclass(type(array), RowArray) else repr(array)


def _all_rows(record: type[Record], length: int, address: int, owner: object, *, writable: bool) -> npt.NDArray[Any]:
    rows: npt.NDArray[Any] = shown(address, (length * record.size,), owner=owner, writable=writable).view(record.dtype)
    return rows


def _shared(segment: Segment, name: str | None, record: type[Record], n: int) -> tuple[str, int, object]:
    """Name, address and owner of rows in a segment."""
    args = {"record": record.__name__, "fields": shown_fields(record), "n": n}
    wanted = Wanted(n * record.size, record.alignment, is_plain=True)
    found, (memory,) = in_segment(segment, name, "array", args, fields_of(record)[1:], [wanted], lambda places: None)
    return found, memory.place.base, memory


def _reopened(record: type[R], n: int, segment: Segment, name: str) -> RowArray[R]:
    """An array that was pickled."""
    return RowArray(record, n, segment=segment, name=name)


def _zeros(n: int, size: int) -> tuple[int, object]:
    """Address and owner of zeroed memory."""
    load("numpy")
    import numpy as np

    try:
        zeros = np.zeros(n * size, np.uint8)
    except MemoryError as error:
        raise MemoryError(f"no memory for {n} records of {size} bytes") from error
    return zeros.__array_interface__["data"][0], zeros


def _bounded(array: RowArray[Any], length: int, index: object) -> int:
    if isinstance(index, slice):
        raise TypeError(f"a row is picked by an int; {array!r}.values takes slices")
    number = integer("row index", index)
    if not 0 <= number < length:
        raise IndexError(f"row index {number} is not in 0 … {length - 1} of {array!r}")
    return number
