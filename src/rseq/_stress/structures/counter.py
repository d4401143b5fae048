"""Counters: the total is the sum of what was added."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rseq._language.types import SCALARS, Scalar, i64, u64
from rseq._once import once
from rseq._sequence import Routine, routine
from rseq._stress.workload import SPREAD, Mortal, Workload
from rseq._structures.cell import sum_over_lanes
from rseq._structures.cell_code import adder
from rseq._structures.counter import Counter, FloatCounter


def workloads() -> Iterator[Workload[Any]]:
    """One for each kind of number."""
    yield Workload("Counter", Counter, work(SCALARS["i64"]), call, law)
    yield Workload("FloatCounter", FloatCounter, work(SCALARS["f64"]), call, law)


def mortals() -> Iterator[Mortal]:
    """Each addition is one store."""
    yield Mortal(
        "Counter", lambda segment: Counter(segment=segment), work(SCALARS["i64"]), lambda one: [one.value], is_addition
    )


@once
def work(scalar: Scalar) -> Routine[Any, int]:
    """Add a number that depends on `turn`, and return it.

    It lies between -63 and 63, and successive ones, also those of one element of an array, go to and fro around 0:
    sums stay small, and exact in floats. That is what multiples of the golden ratio do.
    """
    add = adder(scalar)
    Cell = add.body.record  # noqa: N806 - it is a class

    @routine
    def work(cpu: Cell, turn: u64) -> i64:  # type: ignore[valid-type]
        n = i64(turn * SPREAD >> 58) * 2 - 63
        add(cpu, scalar(n))  # type: ignore[operator]
        return n

    return work


def call(counter: Any, turn: int) -> int:
    """The same from Python, with a number that every type holds."""
    n = turn & 3
    if counter.storage.record.fields["value"].type.is_float:
        n = 2 * n - 3  # to and fro around 0, as above
    counter.add(*_element(counter.storage.shape, turn), n)
    return n


def _element(shape: tuple[int, ...], turn: int) -> Iterator[tuple[int, ...]]:
    """The index of element `turn` of an array, turning over; nothing for what is no array."""
    if shape:
        index: list[int] = []
        for length in reversed(shape):
            index.insert(0, turn % length)
            turn //= length
        yield tuple(index)


def law(counter: Any, ledger: Sequence[int]) -> Iterator[str]:
    """Each sum is what was added. Integers wrap around."""
    scalar, found = counter.storage.record.fields["value"].type, sum_over_lanes(counter.storage)
    for position, (value, added) in enumerate(zip(found.reshape(-1).tolist(), ledger, strict=True)):
        expected = scalar.wrap(added)
        if value != expected:
            yield f"element {position} is {value:,}, and what was added to it comes to {expected:,}"


def is_addition(difference: Sequence[int]) -> bool:
    """One element, by an odd number up to 63."""
    changed = [n for n in difference if n]
    return not changed or (len(changed) == 1 and changed[0] in range(-63, 64, 2))
