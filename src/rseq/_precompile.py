"""Compiling sequences before they are needed: when an image is built, say, and containers start from its cache."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from rseq import _cache as cache
from rseq._builtins.bind import bound_to, kept_name, machine_code
from rseq._language.compiled import Compiled
from rseq._named import find, is_structure, module_of
from rseq._percpu.checks import MAX_DIMENSIONS, integer, one_of
from rseq._percpu.storage import INDEX_MODES

if TYPE_CHECKING:
    from rseq._arch.base import IndexMode


class Precompiled(NamedTuple):
    """What has become of a sequence or a routine, for one kind of storage."""

    name: str
    lane: str
    """"cpu_id" or "mm_cid", the number that chooses the lane; "spare" for threads that have no lane."""
    dimensions: int
    """Of the array of records that it works on; 0: one record."""
    is_kept: bool
    """Whether the next process finds it."""
    is_new: bool
    """Whether it has been compiled now."""

    def __str__(self) -> str:
        how = "not kept" if not self.is_kept else "compiled" if self.is_new else "was there"
        array = f", array of {self.dimensions} dimensions" if self.dimensions > 1 else ", array" * self.dimensions
        return f"{self.name} ({self.lane}{array}): {how}"


def precompile(
    *what: object, index: Iterable[IndexMode] = ("cpu_id",), dimensions: Iterable[int] = (0, 1)
) -> list[Precompiled]:
    """Compile sequences and routines, and keep them in the cache folder (`rseq cache`).

        rseq.precompile("shop.stock")           # a module, by its name or itself
        rseq.precompile(push, pop)              # or sequences and routines

    For each of them there is code for lanes of both kinds of threads (with rseq and without), for storage of one record
    and of an array of `dimensions`, by each `index`. A module's are those that it has names for, whatever it calls
    them, its structures', and what it has bound. What is shipped with rseq needs none of that.
    Returns: what was done, one after another. `is_kept` is False where there is no cache folder, or where a sequence
    depends on what has no name that the next process would know again.
    Raises: TypeError - something is neither a module nor a sequence. LookupError - a name leads to nothing.
    ValueError - another index, or too many dimensions. RuntimeError - there is no code generator for this machine.
    """
    codes: dict[Compiled, str] = {}
    for one in what:
        for code, name in _named(one):
            codes.setdefault(code, name)
    modes = [one_of("index", mode, INDEX_MODES) for mode in index]
    counts = [integer("dimensions", count) for count in dimensions]
    if not modes or any(not 0 <= count <= MAX_DIMENSIONS for count in counts):
        raise ValueError(f"expected an index at least, and dimensions of 0 to {MAX_DIMENSIONS}; got {modes}, {counts}")
    return [
        _kept(name, code, mode, count, has_rseq)
        for code, name in codes.items()
        for count in counts
        for mode, has_rseq in [*((mode, True) for mode in modes), (modes[0], False)]
    ]


def _named(thing: Any) -> Iterator[tuple[Compiled, str]]:
    """The sequences and routines that something means, with their names."""
    if isinstance(thing, str):
        module, _, path = thing.partition(":")
        if path:
            yield from ((code, name) for name, code in find(thing).sequences.items())
            return
        thing = module_of(module)
    if isinstance(thing, Compiled):
        yield thing, thing.__name__
    elif isinstance(thing, ModuleType):
        for name, value in list(vars(thing).items()):
            yield from _of_module(name, value)
    elif is_structure(thing):
        yield from ((code, f"{thing.__name__}.{name}") for name, code in thing._sequences().items())
    else:
        raise TypeError(f"expected modules, names of modules, sequences or routines; got {thing!r}")


def _of_module(name: str, value: Any) -> Iterator[tuple[Compiled, str]]:
    if type(value) is type(len):
        bound = bound_to(value)
        value = None if bound is None else bound.source
    if isinstance(value, Compiled) and not (value.__module__ or "").startswith("rseq."):
        yield value, name
    elif is_structure(value) and not value.__module__.startswith("rseq."):
        yield from _named(value)


def _kept(name: str, code: Compiled, mode: IndexMode, dimensions: int, has_rseq: bool) -> Precompiled:
    about = mode if has_rseq else "spare", dimensions
    there = kept_name(mode, dimensions, has_rseq=has_rseq)
    is_new = code.kept is None or code.kept.get(there) is None
    machine_code(code, mode, dimensions, has_rseq=has_rseq)
    known = None if code.kept is None else cache.find(code.kept.key)
    return Precompiled(name, *about, known is not None and known.get(there) is not None, is_new)
