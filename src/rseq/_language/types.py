"""The types of the language: scalars, arrays, pointers, and records with their memory layout.

Everything here is an ordinary Python object, so annotations are evaluated, printed and
compared like any other. For type checkers the scalar names are aliases of `int`, `float`
and `bool`, and `ptr[T]` and `prepared[T]` are `T`: a sequence's body then checks as the
plain Python that it is.

Layout is C's: each field at the next multiple of its alignment, the record's size a
multiple of its largest alignment. A `Record` is also a NumPy structured dtype.
"""

from __future__ import annotations

from rseq._integers import round_up
from rseq._language.annotations import Later, OwnName, evaluated_annotations
from rseq._language.kept import keep
from rseq._language.scalars import (
    MAX_RECORD_BYTES,
    SCALARS,
    Array,
    InArrays,
    InUnions,
    Maybe,
    Scalar,
    array_of,
    boolean,
)
from rseq._once import load
from rseq._quick import dataclass

__all__ = [
    "MAX_RECORD_BYTES",
    "SCALARS",
    "Array",
    "Buffer",
    "Field",
    "Index",
    "Maybe",
    "Numbers",
    "Part",
    "Pointer",
    "Prepared",
    "Record",
    "RecordType",
    "Scalar",
    "Type",
    "Word",
    "boolean",
    "f32",
    "f64",
    "i8",
    "i16",
    "i32",
    "i64",
    "index",
    "is_form",
    "prepared",
    "ptr",
    "resolve",
    "shown",
    "u8",
    "u16",
    "u32",
    "u64",
]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Annotated, Any, Literal, TypeAlias, TypeVar

    import numpy as np

_read_only = type(type.__dict__)  # types.MappingProxyType


class _Address(InArrays):
    kind: Literal["pointer", "unsigned"] = "pointer"
    size = 8
    code = "Q"
    is_float = False
    is_integer = False

    @property
    def name(self) -> str:
        """How the user writes it."""
        return repr(self)


@dataclass(frozen=True)
class Pointer(InUnions, _Address):
    """`ptr[T]`: the address of a `T`, or nothing (0). Written and compared in the language; never an integer.

    `lane`: the record is that of another CPU's lane, and there is one.
    """

    target: Scalar | RecordType
    lane: bool = False

    def __getitem__(self, length: int | tuple[int, ...]) -> Array:
        return array_of(self, length)

    @property
    def or_none(self) -> Pointer:
        """`… | None`: the same, as it may be None anyway."""
        return self

    def __repr__(self) -> str:
        target = self.target.__name__ if isinstance(self.target, RecordType) else repr(self.target)
        if self.lane:
            return f"another lane's {target}"
        return f"ptr[{target}]"


@dataclass(frozen=True, repr=False)
class Index(Pointer):
    """`index[T]`: which row of an array of `T` it is, counted from 1, or nothing (0).

    It is a pointer that means the same in every process, and is checked against the array whenever it is followed.
    """

    target: RecordType
    kind = "unsigned"
    size = 4
    code = "I"

    def __repr__(self) -> str:
        return f"index[{self.target.__name__}]"


@dataclass(frozen=True)
class Buffer(_Address):
    """A parameter `bytes` (any contiguous buffer) or `bytearray` (a writable one): its bytes, and `len()` of it.

    In a body's parameters its address is followed by its length in bytes, a u64.
    """

    writable: bool

    def __repr__(self) -> str:
        return "bytearray" if self.writable else "bytes"


Word = Scalar | Pointer | Buffer
"""What one register holds."""

Type = Scalar | Pointer | Array


@dataclass(frozen=True)
class Prepared:
    """The annotation `prepared[T]`: a field that readers ignore until a commit points at it."""

    type: Type | RecordType

    def __repr__(self) -> str:
        return f"prepared[{self.type!r}]"


@dataclass(frozen=True)
class Numbers:
    """A result `tuple[i64, f64]`: several numbers; or, if it is `maybe`, None."""

    types: tuple[Scalar, ...]
    maybe: bool = False

    def __repr__(self) -> str:
        return f"{shown(self.types)}{' | None' if self.maybe else ''}"


def shown(types: Sequence[Word]) -> str:
    """The type of a result of these parts."""
    return repr(types[0]) if len(types) == 1 else f"tuple[{', '.join(map(repr, types))}]"


def _numbers(annotation: object) -> Numbers | None:
    """What `tuple[…]`, or `tuple[…] | None`, means, if each part is a number."""
    parts = getattr(annotation, "__args__", ())
    if getattr(annotation, "__origin__", None) is not tuple:
        found = [_numbers(part) for part in parts if part is not type(None)]
        is_maybe = len(parts) == 2 and len(found) == 1 and found[0] is not None
        return Numbers(found[0].types, maybe=True) if is_maybe and found[0] is not None else None
    types = [boolean if part is bool else part for part in parts]
    scalars = tuple(type for type in types if isinstance(type, Scalar))
    return Numbers(scalars) if len(scalars) == len(types) > 1 else None


@dataclass(frozen=True)
class Field:
    """One field of a record. `offset` is in bytes from the record's start."""

    name: str
    type: Type
    offset: int
    prepared: bool

    @property
    def element(self) -> Scalar | Pointer:
        """What stands there `count` times, side by side."""
        return self.type.element if isinstance(self.type, Array) else self.type

    @property
    def count(self) -> int:
        """One, if it is no array."""
        return self.type.length if isinstance(self.type, Array) else 1

    @property
    def place(self) -> range:
        """Its bytes in the record."""
        return range(self.offset, self.offset + self.type.size)

    def leaves(self) -> Iterator[Field]:
        """Itself."""
        yield self


@dataclass(frozen=True)
class Part:
    """A record in a record."""

    name: str
    type: RecordType
    offset: int
    prepared: bool

    def leaves(self) -> Iterator[Field]:
        """Its fields, as fields of the record that it is in."""
        for field in self.type.fields.values():
            is_prepared = self.prepared or field.prepared
            yield Field(f"{self.name}.{field.name}", field.type, self.offset + field.offset, is_prepared)


def resolve(annotation: object) -> Type | RecordType | Prepared | Maybe | Numbers | Buffer | None:
    """What an annotation means in the language, or None if it means nothing there."""
    if annotation is bool:
        return boolean
    if annotation == bool | None:
        return Maybe(boolean)
    if annotation in (bytes, bytearray):
        return Buffer(writable=annotation is bytearray)
    if isinstance(annotation, (Scalar, Pointer, Array, Prepared, Maybe, RecordType)):
        return annotation
    return _numbers(annotation)


class RecordType(type):
    """The metaclass of `Record`: computes the layout when the class is made, and holds it off the instances' names."""

    __fields: Mapping[str, Field] = _read_only({})
    __parts: Mapping[str, Part | Field] = _read_only({})

    def __init_subclass__(cls) -> None:
        raise TypeError("the class of records has no subclasses: machine code goes by the layout that it computes")

    @classmethod
    def __prepare__(cls, name: str, bases: tuple[type, ...], /, **keywords: object) -> dict[str, object]:
        """The names in a record's body: its own, so that it can have pointers to its own kind."""
        return {name: OwnName(name)}

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> RecordType:
        if isinstance(namespace.get(name), OwnName):
            del namespace[name]
        cls = super().__new__(mcs, name, bases, namespace)
        keep(cls.__module__)  # the module is being imported: sequences may be made of its functions much later
        parents = [base for base in bases if isinstance(base, RecordType) and base.fields]
        if parents:
            raise TypeError(f"record {name}: a record derives from rseq.Record itself, not from {parents[0].__name__}")
        cls.__parts = _read_only(_layout(cls, evaluated_annotations(cls)) if bases else {})
        cls.__fields = _read_only({leaf.name: leaf for part in cls.__parts.values() for leaf in part.leaves()})
        given = [part for part in cls.__parts if part in namespace]
        if given:
            raise TypeError(f"record {name}, field {given[0]!r}: fields have no defaults; memory begins as zeros")
        return cls

    @property
    def fields(cls) -> Mapping[str, Field]:
        """The fields by name, in order. Those of a record in it stand in its place, as `point.x`."""
        return cls.__fields

    @property
    def parts(cls) -> Mapping[str, Part | Field]:
        """What stands in the class: fields, and records in it."""
        return cls.__parts

    def part(cls, name: str) -> RecordType | None:
        """The record in it that is called so, `inner` or `outer.inner`, if there is one."""
        inside: RecordType | None = cls
        for one in name.split("."):
            part = None if inside is None else inside.__parts.get(one)
            inside = part.type if isinstance(part, Part) else None
        return inside

    @property
    def alignment(cls) -> int:
        """Alignment in bytes: that of the most aligned field."""
        return max((field.type.alignment for field in cls.__fields.values()), default=1)

    @property
    def size(cls) -> int:
        """Size in bytes, padding included."""
        end = max((field.offset + field.type.size for field in cls.__fields.values()), default=0)
        return round_up(end, cls.alignment)

    @property
    def dtype(cls) -> np.dtype[Any]:
        """The record as a NumPy structured dtype with the same offsets. Pointers are uint64, indices uint32."""
        load("numpy")
        import numpy as np

        parts = cls.__parts.values()
        return np.dtype(
            {
                "names": [part.name for part in parts],
                "formats": [_numpy_format(part.type) for part in parts],
                "offsets": [part.offset for part in parts],
                "itemsize": cls.size,
            }
        )


def _numpy_format(type: Type | RecordType) -> Any:
    if isinstance(type, RecordType):
        return type.dtype
    if isinstance(type, Array):
        return (_numpy_format(type.element), type.shape)
    if isinstance(type, Pointer):
        return "uint32" if isinstance(type, Index) else "uint64"
    return type.numpy_name


def _instead_of(annotation: object) -> str:
    """What to write for a type of Python's."""
    if annotation is int or annotation is float:
        return "; write i64 for an int, f64 for a float"
    if annotation is bytes or annotation is str:
        return "; write u8[16] for up to 16 bytes, such as those of an encoded str"
    return ""


def _layout(cls: RecordType, annotations: Mapping[str, object]) -> dict[str, Part | Field]:
    name = cls.__name__
    if not annotations:
        raise TypeError(f"record {name} has no fields; write them as annotations, such as `value: i64`")
    parts: dict[str, Part | Field] = {}
    offset = 0
    for field_name, annotation in annotations.items():
        meaning = resolve(annotation)
        is_prepared = isinstance(meaning, Prepared)
        type = meaning.type if isinstance(meaning, Prepared) else meaning
        if type is None or isinstance(type, (Maybe, Numbers, Buffer)):
            raise TypeError(
                f"record {name}, field {field_name!r}: expected a type of the language "
                f"({', '.join(SCALARS)}, an array such as i64[64], ptr[…], index[…], prepared[…], a record); "
                f"got {annotation!r}{_instead_of(annotation)}"
            )
        if isinstance(type, RecordType) and not type.parts:
            what = f"{type.__name__} has no fields"
            what = "it cannot hold itself; keep a ptr[…] or an index[…]" if type is cls else what
            raise TypeError(f"record {name}, field {field_name!r}: {what}")
        offset = round_up(offset, type.alignment)
        kind = Part if isinstance(type, RecordType) else Field
        parts[field_name] = kind(field_name, type, offset, is_prepared)  # type: ignore[arg-type]
        offset += type.size
    if offset > MAX_RECORD_BYTES:
        raise ValueError(f"record {name} has {offset} bytes; the largest is {MAX_RECORD_BYTES}")
    return parts


class Record(metaclass=RecordType):
    """What one CPU's lane holds: a class with a type of the language for each field.

        class Items(rseq.Record):
            count: i64
            slots: prepared[i64[64]]

    `Items.dtype` is the NumPy dtype of the same layout, `Items.size` its bytes, `Items.fields` its fields.
    A record is never instantiated; `rseq.percpu(Items)` makes one in each CPU's lane.
    """

    def __init__(self) -> None:
        raise TypeError(f"a record is not instantiated; make storage for it with rseq.percpu({type(self).__name__})")


@dataclass(frozen=True, repr=False)
class _Form:
    """What is written as `name[T]`, where T is one of `kinds`."""

    name: str
    kinds: tuple[type, ...]
    make: Callable[[Any], object]
    says: str

    def __getitem__(self, target: object) -> object:
        if isinstance(target, str):
            return Later(target, self.__getitem__)
        if isinstance(target, Later):
            return target.then(self.__getitem__)
        meaning = resolve(target)
        if not isinstance(meaning, self.kinds):
            raise TypeError(f"{self.name}[T] {self.says}; got {self.name}[{target!r}]")
        return self.make(meaning)

    def __repr__(self) -> str:
        return self.name


def is_form(value: object) -> bool:
    """Whether it is `ptr`, `index` or `prepared`."""
    return isinstance(value, _Form)


if TYPE_CHECKING:
    _T = TypeVar("_T")
    i8: TypeAlias = int
    i16: TypeAlias = int
    i32: TypeAlias = int
    i64: TypeAlias = int
    u8: TypeAlias = int
    u16: TypeAlias = int
    u32: TypeAlias = int
    u64: TypeAlias = int
    f32: TypeAlias = float
    f64: TypeAlias = float
    ptr = Annotated[_T | Any, "ptr"]  # Any: from Python, a row is passed
    index = Annotated[_T | Any, "index"]
    prepared = Annotated[_T, "prepared"]
else:
    i8, i16, i32, i64, u8, u16, u32, u64, f32, f64 = (
        SCALARS[name] for name in ("i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "f32", "f64")
    )
    ptr = _Form("ptr", (Scalar, RecordType), Pointer, "points to a record or a number")
    index = _Form("index", (RecordType,), Index, "counts the rows of an rseq.array(T, n), T being a record")
    prepared = _Form(
        "prepared", (Scalar, Pointer, Array, RecordType), Prepared, "marks a number, a pointer, an array or a record"
    )
