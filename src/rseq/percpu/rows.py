"""Rows: what a `ptr[T]` argument is from Python.

A sequence stores through a pointer without looking, so a pointer never is an integer: it is a row of an array of
records, which exists and is bounds-checked, and which the row keeps alive.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final, Generic, NoReturn, SupportsIndex, TypeVar, cast, final

from rseq.language.types import Array, Index, Pointer, Record
from rseq.once import load
from rseq.percpu.checks import integer, require_bytes, require_record
from rseq.percpu.segment import zeroed
from rseq.percpu.shared import Segment, require_segment

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

R = TypeVar("R", bound=Record)


@final
class RowArray(Generic[R]):
    """`n` zeroed records side by side, not per CPU, for the `ptr[T]` and `index[T]` of sequences.

        nodes = rseq.array(Node, 100)
        push(nodes[3])

    `nodes.values` shows them as a NumPy array. The memory lives as long as the array, a row or a view of it. Storage
    into which sequences put a row's address keeps the array alive too (`Memory.keep`).
    `segment`: processes that are forked later share the records, see `rseq.Segment`; storage that holds numbers of rows
    (`index[T]`) is in the same one.
    Raises: TypeError - no record, integer or segment; in a segment, a record with pointers. ValueError - `n` below 1 or
    absurdly large. MemoryError - no memory.
    Threads: any thread. Who may write to a row that sequences have published is the sequences' matter.
    """

    __slots__ = ("__weakref__", "_data", "_kept", "address", "length", "record", "segment")

    def __init__(self, record: type[R], n: int, *, segment: Segment | None = None) -> None:
        require_record(record, "rseq.array(Node, 100)")
        if segment is not None:
            require_segment(segment)
            require_no_pointers(record)
        self.record = record
        self.segment: Final = segment
        """Whose processes share the records; None if they are this process's."""
        self.length = integer("n", n)
        if self.length < 1:
            raise ValueError(f"n: expected at least 1 record, got {n}")
        require_bytes(self.length * record.size, f"an array of {n} of {record.__name__}")
        self._data = _zeros(record.dtype, self.length, shared=segment is not None)
        self.address: int = self._data.__array_interface__["data"][0]
        self._kept: dict[int, object] = {}

    def keep(self, thing: object) -> None:
        """Keep `thing` alive as long as this array, because a row may hold its address. Threads: any thread."""
        self._kept.setdefault(id(thing), thing)

    @property
    def values(self) -> npt.NDArray[Any]:
        """The records as a live structured array of shape [n]. It keeps the memory alive.

        It is read-only if the record has pointers: a number in a pointer's place would be followed. Write through rows.
        """
        return guarded(self._data[:], self.record)

    def row_at(self, address: int) -> Row[R]:
        """The row that starts at `address`, such as one that a sequence has returned.

        Raises: ValueError - no row of this array starts there.
        """
        index, rest = divmod(address - self.address, self.record.size)
        if rest or not 0 <= index < self.length:
            raise ValueError(f"no row of {self!r} starts at {address:#x}")
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
        if not isinstance(row, Row):
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

    def __reduce__(self) -> NoReturn:
        raise TypeError("an array of rows cannot be pickled or copied: its rows are addresses. Pass `values` instead")


@final
class Row(Generic[R]):
    """One record of an `rseq.array`: the address that a sequence gets, and the array that owns it.

    Immutable; rows are equal if they are the same record in memory. `row["count"]` reads a field and
    `row["count"] = 1` writes it, as elements of the array's `values`.
    Threads: any thread; see `RowArray`.
    """

    __slots__ = ("__weakref__", "address", "array")

    address: int
    array: RowArray[R]

    def __new__(cls, array: RowArray[R], index: SupportsIndex) -> Row[R]:
        """Row `index` of `array`; the same as `array[index]`."""
        if not isinstance(array, RowArray):
            raise TypeError(f"a row belongs to an rseq.array; expected one, got {array!r}")
        row = super().__new__(cls)
        object.__setattr__(row, "array", array)
        object.__setattr__(row, "address", array.address + _bounded(array, index) * array.record.size)
        return row

    @property
    def index(self) -> int:
        """Which row of its array this is."""
        return (self.address - self.array.address) // self.array.record.size

    def __getitem__(self, field: str) -> Any:
        """The value of `field`; an array field is a live view. Raises: KeyError - the record has no such field."""
        kind = self.array.record.fields[self._known(field)].type
        value = self.array._data[field][self.index]
        if isinstance(kind, Array) and _is_followed(kind.element):
            value.flags.writeable = False
        return value

    def __setitem__(self, field: str, value: object) -> None:
        kind = self.array.record.fields[self._known(field)].type
        if isinstance(kind, Pointer):
            value = self._address_of(field, value, kind)
        elif isinstance(kind, Array) and isinstance(kind.element, Pointer):
            value = [self._address_of(field, one, kind.element) for one in cast("Iterable[object]", value)]
        self.array._data[field][self.index] = value

    def _address_of(self, field: str, value: object, kind: Pointer) -> int:
        """What a pointer field is given for a row or None: the row's address or number, or 0."""
        if value is None:
            return 0
        if not isinstance(value, Row) or value.array.record is not kind.target:
            raise TypeError(f"{field} is {kind!r}: expected a row of such an array, or None; got {value!r}")
        self.array.keep(value.array)
        return value.array.index_of(value) if isinstance(kind, Index) else value.address

    def _known(self, field: str) -> str:
        fields = self.array.record.fields
        if field not in fields:
            raise KeyError(f"record {self.array.record.__name__} has the fields {', '.join(fields)}; got {field!r}")
        return field

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f'a row is immutable; write its fields as row["{name}"] = …')

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("a row is immutable")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Row):
            return NotImplemented
        return bool(self.address == other.address and self.array is other.array)

    def __hash__(self) -> int:
        return hash(self.address)

    def __repr__(self) -> str:
        return f"{self.array!r}[{self.index}]"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a row cannot be pickled or copied: it is an address. Pass its index, or its fields")


def guarded(view: npt.NDArray[Any], record: type[Record]) -> npt.NDArray[Any]:
    """`view`, read-only if `record` has pointers: sequences follow what stands there."""
    if any(holds_pointers(field.type) for field in record.fields.values()):
        view.flags.writeable = False
    return view


def holds_pointers(kind: object) -> bool:
    """Whether sequences follow what a field of this type holds."""
    return _is_followed(kind.element if isinstance(kind, Array) else kind)


def _is_followed(kind: object) -> bool:
    """True for pointers; an index is looked at before it is followed."""
    return isinstance(kind, Pointer) and not isinstance(kind, Index)


def require_no_pointers(record: type[Record]) -> None:
    """Raises: TypeError - `record` has pointers, and is to be shared between processes."""
    pointers = [name for name, field in record.fields.items() if holds_pointers(field.type)]
    if pointers:
        raise TypeError(
            f"record {record.__name__} has pointers ({', '.join(pointers)}), which mean nothing in another process: a "
            "shared segment cannot hold it. Keep numbers of rows, index[T], instead of addresses"
        )


def _zeros(dtype: np.dtype[Any], n: int, *, shared: bool) -> npt.NDArray[Any]:
    load("numpy")
    import numpy as np

    if shared:
        return np.ndarray(n, dtype, zeroed(n * dtype.itemsize, shared=True))
    try:
        return np.zeros(n, dtype)
    except MemoryError as error:
        raise MemoryError(f"no memory for {n} records of {dtype.itemsize} bytes") from error


def _bounded(array: RowArray[Any], index: object) -> int:
    if isinstance(index, slice):
        raise TypeError(f"a row is picked by an int; {array!r}.values takes slices")
    number = integer("row index", index)
    if not 0 <= number < array.length:
        raise IndexError(f"row index {number} is not in 0 … {array.length - 1} of {array!r}")
    return number
