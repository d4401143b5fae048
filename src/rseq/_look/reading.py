"""All structures of a segment, read in bulk: what lies side by side is added up over the lanes in one call."""

from __future__ import annotations

import json
import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from rseq._extras import MissingPackage
from rseq._look import metrics, structures
from rseq._look.base import Structure
from rseq._look.saying import plain
from rseq._percpu.segment import Place
from rseq._percpu.shared.layout import SegmentError
from rseq._percpu.sums import sums_of
from rseq._quick import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rseq._percpu.shared.core import Core
    from rseq._percpu.shared.directory import Entry

DAMAGE = (SegmentError, MemoryError, TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError)
"""What comes of an entry that somebody has written who should not."""


class Reading(NamedTuple):
    """What a structure says."""

    kind: str
    name: str
    args: dict[str, Any]
    value: dict[str, Any]
    problem: str
    """Why nothing can be said; "" if there is a value."""
    structure: Structure | None

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        said = {"problem": self.problem} if self.problem else {"value": self.value}
        return {"kind": self.kind, "name": self.name, "args": self.args, **said}


class Found(NamedTuple):
    """An entry of the directory, or the problem with it."""

    kind: str
    name: str
    args: dict[str, Any]
    structure: Structure | None
    problem: str


def found_in(core: Core, names: Sequence[str] = ()) -> list[Found]:
    """The structures in a segment, in the order in which they were made; only those with these names, if there are any.

    A metric is meant by its name with its labels, or all of them by the name alone.

    Raises: SegmentError - the directory is damaged as a whole.
    """
    return [
        one if isinstance(one, Found) else found_of(core, one)
        for one in _entries(core)
        if not names or (not isinstance(one, Found) and (one.name in names or family_of(one) in names))
    ]


def count_in(core: Core) -> int:
    """How many `found_in` finds. Raises: SegmentError - as it does."""
    return sum(1 for _ in _entries(core))


def _entries(core: Core) -> Iterator[Entry | Found]:
    read = (entry_at(core, place) for place in core.directory.places())
    return (one for one in read if one.kind not in metrics.HELPERS)


def family_of(one: Entry | Reading) -> str | None:
    """What the metric is called without its labels; None of other structures."""
    return plain(one.name).partition("{")[0] if one.kind in metrics.CLASSES else None


_CLASSES = {**structures.CLASSES, **metrics.CLASSES}


def entry_at(core: Core, place: int) -> Entry | Found:
    """The entry at that place of the directory, or the problem with it."""
    try:
        return core.directory.read(place)
    except (SegmentError, MemoryError) as error:
        return Found("?", f"entry {place}", {}, None, str(error))


def found_of(core: Core, entry: Entry) -> Found:
    """The structure of an entry, or the problem with it."""
    kind, name = plain(entry.kind), plain(entry.name)
    if entry.kind not in _CLASSES:
        return Found(kind, name, {}, None, "this version of rseq does not know such a structure")
    args: dict[str, Any] = {}
    try:
        args, layout = _spec(entry.spec)
        return Found(kind, name, args, _CLASSES[entry.kind](core, entry, args, layout), "")
    except MissingPackage as lack:
        return Found(kind, name, args, None, str(lack))
    except (*DAMAGE, RecursionError) as error:
        return Found(kind, name, args, None, _problem(error))


@lru_cache(4096)
def _spec(text: str) -> tuple[dict[str, Any], object]:
    found = json.loads(text)
    args = found["args"]
    if not isinstance(args, dict):
        raise SegmentError("it is damaged: nothing says what it was made with")
    return args, found["layout"]


def _problem(error: Exception) -> str:
    return str(error) if isinstance(error, SegmentError | MemoryError) else f"it is damaged: {plain(str(error))[:200]}"


def read(found: Iterable[Found]) -> list[Reading]:
    """What they say now. Each number is one that was there; two need not be of one moment."""
    known = list(map(_placed, found))
    sums = _sums([one.structure for one in known if one.structure is not None])
    return [_reading(one, sums) for one in known]


def _placed(one: Found) -> Found:
    """The same, if what is to be added up is where the entry says; else the problem with it."""
    try:
        if one.structure is not None and one.structure.sums:
            one.structure.place  # noqa: B018 - it is looked for once, and remembered
    except DAMAGE as error:
        return one._replace(structure=None, problem=_problem(error))
    return one


def _reading(one: Found, sums: dict[int, list[list[Any]]]) -> Reading:
    kind, name, args, structure, problem = one
    value: dict[str, Any] = {}
    if structure is not None:
        try:
            value = structure.value(sums.get(id(structure), ()))
        except MissingPackage as lack:
            problem = str(lack)
        except DAMAGE as error:
            problem = _problem(error)
    return Reading(kind, name, args, value, problem, structure)


class _Wanted(NamedTuple):
    base: int
    length: int
    structure: int
    number: int


def _sums(structures: Iterable[Structure]) -> dict[int, list[list[Any]]]:
    """What each structure wants added up, by its identity."""
    wanted: dict[tuple[Any, ...], list[_Wanted]] = {}
    result: dict[int, list[list[Any]]] = {}
    for one in structures:
        sums = one.sums
        if not sums:
            continue
        result[id(one)] = [[] for _ in sums]
        base, *extent = one.place
        for number, (offset, length, type) in enumerate(sums):
            wanted.setdefault((*extent, type), []).append(_Wanted(base + offset, length, id(one), number))
    for (stride, lanes, lock, type), all_here in wanted.items():
        for run in _runs(sorted(all_here)):
            first = run[0].base
            numbers = sums_of(Place(first, stride, lanes, lock), type, (run[-1].base - first) // 8 + run[-1].length)
            for base, length, structure, number in run:
                at = (base - first) // 8
                result[structure][number] = numbers[at : at + length]
    return result


def _runs(wanted: list[_Wanted]) -> Iterator[list[_Wanted]]:
    """Those that lie side by side, together."""
    run: list[_Wanted] = []
    for one in wanted:
        if run and one.base != run[-1].base + 8 * run[-1].length:
            yield run
            run = []
        run.append(one)
    if run:
        yield run


def is_still_at(core: Core, path: str) -> bool:
    """If that is the segment's file, and no new one has begun under its name."""
    try:
        return os.path.samestat(os.fstat(core.fd), os.stat(path, follow_symlinks=False))
    except FileNotFoundError:
        return False
