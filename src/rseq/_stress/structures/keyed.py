"""Counts by key: each is the sum of what was added under it, and what has no key is in the overflow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rseq._language.types import SCALARS
from rseq._percpu.shared.segment import Segment
from rseq._stress.structures.counter import is_addition, law, work
from rseq._stress.workload import Mortal, Workload, is_one
from rseq._structures.keyed import KeyedCounter

_KEYS = 7
_MANY_KEYS = 1 << 12


def workloads() -> Iterator[Workload[KeyedCounter]]:
    """Seven keys, and others, for which there is no room."""
    yield Workload("KeyedCounter", _made, work(SCALARS["i64"]), _call, _law)


def mortals() -> Iterator[Mortal]:
    """Each addition is one store. A key that a dead process has added is there, and once, or it is not."""
    yield Mortal(
        "KeyedCounter",
        lambda segment: _made(segment=segment),
        work(SCALARS["i64"]),
        lambda counter: [counter.overflow, *(count for _, count in counter.items())],
        is_addition,
    )
    yield Mortal(
        "KeyedCounter keys",
        lambda segment: KeyedCounter(_MANY_KEYS, segment=segment),
        _add_one,
        lambda counter: [counter.total(), *[0] * _MANY_KEYS],  # all is noted as of one element
        is_one,
        longest=200,
        bury=_bury,
    )


def _made(segment: Segment | None = None) -> KeyedCounter:
    """One whose key number n is in row n."""
    counter = KeyedCounter(_KEYS, segment=segment)
    for number in range(1, 1 + _KEYS):
        counter.add(("key", number), 0)
    return counter


def _call(counter: KeyedCounter, turn: int) -> int:
    """Count under a key from Python, now and then under one that is nowhere known."""
    n, row = turn & 3, turn % (1 + _KEYS)
    counter.add(("key", row or -turn), n)
    return n


def _law(counter: KeyedCounter, ledger: Sequence[int]) -> Iterator[str]:
    yield from law(counter, ledger)
    if counter.keys() != [("key", number) for number in range(1, 1 + _KEYS)]:
        yield f"other keys are there than were added: {counter.keys()}"
    if counter.total() != sum(ledger):
        yield f"the total is {counter.total():,}, and what was added comes to {sum(ledger):,}"


def _add_one(counter: KeyedCounter, turn: int) -> int:
    """Count under one of many keys: most are new for a while, to this process or to all."""
    counter.add((turn % (_MANY_KEYS + 100), "key"))
    return 1


def _bury(counter: KeyedCounter, process: int, noted: int) -> Iterator[str]:
    """The keys are there once, as a process reads them that comes now, and one more can be added if there is room."""
    segment, name = counter.storage.segment, counter.storage.name
    assert segment is not None
    assert name is not None
    keys, new = segment[name].keys(), segment[name]
    if len(set(keys)) != len(keys) or sorted(keys) != sorted(counter.keys()):
        yield f"{len(keys)} keys are there, {len(set(keys))} different ones, and {len(counter)} as the survivor says"
    if len(keys) < _MANY_KEYS and new.row_of((process, "grave")) != counter.row_of((process, "grave")):
        yield "a key has two rows"
