"""What the classes have in common that read a structure in a segment (structures.py, held.py, metrics.py)."""

from __future__ import annotations

from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from rseq._integers import round_up
from rseq._percpu.lanes import Fields, Lanes
from rseq._percpu.shared.kinds import digest_of
from rseq._percpu.shared.layout import SegmentError
from rseq._quick import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rseq._builtins.form import Form
    from rseq._percpu.segment import Place
    from rseq._percpu.shared.core import Core
    from rseq._percpu.shared.directory import Entry


class Summed(NamedTuple):
    """Numbers of the entry's first block that are to be added up over all lanes."""

    offset: int
    length: int
    type: str


class Structure:
    """A structure as it is found. `sums` are read for all structures at once, and handed to `value`."""

    sums: Sequence[Summed] = ()

    def __init__(self, core: Core, entry: Entry, args: dict[str, Any], layout: object) -> None:
        self.core, self.entry, self.args, self._layout = core, entry, args, layout

    def value(self, sums: Sequence[list[Any]]) -> dict[str, Any]:
        """What it says: numbers, texts, lists and dicts of them. Raises: SegmentError - it is damaged."""
        raise NotImplementedError

    def per_cpu(self) -> list[float]:
        """What each lane has, the spare one last; nothing if that does not say anything."""
        return []

    # ---- memory

    @cached_property
    def place(self) -> Place:
        """Where its first block is. Raises: SegmentError - nowhere."""
        if not self.entry.blocks:
            raise self.damaged("a block of memory is missing")
        return self.core.extents.place(self.entry.blocks[0])

    def lanes(self, fields: Fields, digest: int, count: int = 1) -> Lanes:
        """The records at its first block. Raises: SegmentError - there is something else, or not as much."""
        nbytes = round_up(count * fields.size, max(fields.alignment, 8))
        if not self.entry.blocks or self.entry.blocks[0].nbytes != nbytes:
            raise self.damaged(f"its memory is not of {nbytes} bytes")
        if self._layout != digest:
            raise SegmentError("it is laid out as another version of rseq does it")
        return Lanes(fields, self.place)

    def damaged(self, what: str) -> SegmentError:
        """What to raise."""
        return SegmentError(f"it is damaged: {what}")


class OfForm(Structure):
    """One whose memory has the form of that structure."""

    def __init__(self, core: Core, entry: Entry, args: dict[str, Any], layout: object) -> None:
        super().__init__(core, entry, args, layout)
        self.fields, digest = _form_of(self.form())
        self.words = self.lanes(self.fields, digest, self.count())

    def form(self) -> Form:
        """Its form."""
        raise NotImplementedError

    def count(self) -> int:
        """How many records each lane has."""
        return 1


@cache
def _form_of(form: Form) -> tuple[Fields, int]:
    """How the record of a form lies in memory, and the digest of that."""
    fields = form.fields
    return fields, digest_of(fields[1:])
