"""Which forms of the structures come with the package as machine code. The others are compiled when they are made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rseq._arch.base import IndexMode
from rseq._builtins.form import Form
from rseq._language.types import SCALARS
from rseq._structures.bucket import BUCKET
from rseq._structures.cell import cell, cells
from rseq._structures.collector import collector
from rseq._structures.extreme import extreme
from rseq._structures.histogram.bounds import log_linear, searching
from rseq._structures.keyed.counter import keyed
from rseq._structures.lock import LOCK
from rseq._structures.pool.items import items
from rseq._structures.rcu.grace import READERS
from rseq._structures.ring.clock import CLOCK
from rseq._structures.ring.kind import PARTS, Kind
from rseq._structures.stack import stack

_NUMBERS = tuple(name for name in SCALARS if name != "bool")
_BOTH: tuple[IndexMode, ...] = ("cpu_id", "mm_cid")
_CPU: tuple[IndexMode, ...] = ("cpu_id",)


class Shipped(NamedTuple):
    """A form, and what of it there is."""

    form: Form
    builtins: tuple[tuple[str, int], ...]
    """Parts, and of how many dimensions the array is that they work on."""
    indexes: tuple[IndexMode, ...]


def shipped_forms() -> Iterator[Shipped]:
    """All of them."""
    for type in ("i64", "f64"):
        yield _alone(cell(type), "add", "value", indexes=_BOTH)
    for type in _NUMBERS:
        yield Shipped(cells(type), tuple(("add", dimensions) for dimensions in (1, 2, 3)), _BOTH)
        for is_max in (False, True):
            yield _alone(extreme(type, is_max), "update", "value", indexes=_BOTH)
    yield Shipped(keyed(), (("add_row", 1),), _CPU)
    yield _alone(LOCK, "acquire", "release", "try_acquire")
    yield _alone(BUCKET, "take")
    yield _alone(READERS, "read_lock", "read_unlock")
    yield _alone(CLOCK, "read_clock")
    for bits in range(13):
        yield _alone(stack(1 << bits), "push", "pop")
    for type in ("i64", "f64"):
        for bits in range(10, 21):
            yield _alone(collector(type, 1 << bits), "append", indexes=_BOTH)
    for bits in range(1, 9):
        yield _alone(searching(bits), *_HISTOGRAM, indexes=_BOTH)
    for bits in range(1, 13):
        yield _alone(log_linear(1 << bits), *_HISTOGRAM, indexes=_BOTH)
    for shift in range(13):
        yield _alone(items(shift), "take", "give", "acquire_row", "release_row")
    for bits in range(10, 25):
        for parts in (0, PARTS):
            for clock in (False, True):
                yield _alone(Kind(1 << bits - 2, parts, clock).form, "write", "read", "settle")


_HISTOGRAM = ("observe", "count_many", "add_sum", "count_nan")


def _alone(form: Form, *parts: str, indexes: tuple[IndexMode, ...] = _CPU) -> Shipped:
    """Parts that work on one record in each lane."""
    return Shipped(form, tuple((part, 0) for part in parts), indexes)
