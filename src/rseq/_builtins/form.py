"""Forms: what the objects of a structure are made of, before anything is parsed or compiled.

A form is a record, and sequences and routines on it, for one type of number or one size. Their machine code comes with
the package, in the bundle `form / index` (_shipped.py); only where it does not, or something else than running it is
asked for, are they parsed.
"""

from __future__ import annotations

from rseq._loader import Blob
from rseq._loader import from_plain as blob_from_plain
from rseq._loader import plain as plain_blob
from rseq._percpu.lanes import Fields, fields_of
from rseq._quick import NamedTuple, cache
from rseq._shipped import bundle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from rseq._language.compiled import Compiled
    from rseq._language.types import Record

RECORD = "record"
"""What a bundle knows of the record."""


def bundle_name(form: str, index: str, *, has_rseq: bool) -> str:
    """The bundle of a form, whose sequences run on the lane that `index` chooses, or on the spare one."""
    return f"{form} / {index if has_rseq else 'spare'}"


class Form:
    """`parse()` returns the parts by name; it is called when they are first needed."""

    def __init__(self, name: str, parse: Callable[[], Mapping[str, Compiled]]) -> None:
        self.name, self._parse = name, parse

    @property
    def parts(self) -> Mapping[str, Compiled]:
        """The sequences and routines, parsed."""
        return self._parse()

    def part(self, name: str) -> Part:
        """One of them."""
        return Part(self, name)

    @property
    def record(self) -> type[Record]:
        """Their record."""
        record: Any = next(iter(self.parts.values())).head.record
        return record  # type: ignore[no-any-return]

    @property
    def fields(self) -> Fields:
        """How the record lies in memory."""
        return self._found_fields()

    @cache
    def _found_fields(self) -> Fields:
        for index, has_rseq in (("cpu_id", True), ("cpu_id", False)):
            found = self.shipped(index, has_rseq=has_rseq)
            if found is not None:
                return Fields(*found[RECORD])
        return fields_of(self.record)

    @cache
    def shipped(self, index: str, *, has_rseq: bool) -> Mapping[str, Any] | None:
        """What comes with the package: builtins by `Part.key`, and the record."""
        found: Mapping[str, Any] | None = bundle(bundle_name(self.name, index, has_rseq=has_rseq))
        return found


class Part:
    """A sequence or a routine of a form.

    One whose builtin takes more than the machine code does has a method `extended(title, usual)`. It returns what
    converts its arguments instead, as `usual` does (unusual.py).
    """

    __slots__ = ("form", "name")

    def __init__(self, form: Form, name: str) -> None:
        self.form, self.name = form, name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Part) and (self.form, self.name) == (other.form, other.name)

    def __hash__(self) -> int:
        return hash((self.form, self.name))

    @property
    def code(self) -> Compiled:
        """It, parsed."""
        return self.form.parts[self.name]

    def key(self, dimensions: int) -> str:
        """Its builtin's name in the bundle."""
        return f"{self.name} {dimensions}"

    def shipped(self, index: str, dimensions: int, *, has_rseq: bool) -> Made | None:
        """Its builtin, if that comes with the package."""
        found = self.form.shipped(index, has_rseq=has_rseq)
        parts = None if found is None else found.get(self.key(dimensions))
        return None if parts is None else from_plain(parts)


# ---- a builtin


class Made(NamedTuple):
    """What `make` has made of a sequence or a routine."""

    blob: Blob
    names: tuple[str, ...]
    """What the parameters are called."""
    text: str
    """What CPython shows of it, behind the name: parameters, and the docstring."""
    refusals: dict[int, tuple[str, str]]
    """What a caller is told of each code: the exception's name, and its text behind the title."""
    counters: tuple[str, ...]
    """The variables that count the aborts of each sequence."""


def plain(made: Made) -> tuple[Any, ...]:
    """The same as tuples, dicts, texts, bytes and numbers."""
    return (plain_blob(made.blob), *made[1:])


def from_plain(parts: tuple[Any, ...]) -> Made:
    """What `plain` was given."""
    return Made(blob_from_plain(parts[0]), *parts[1:])
