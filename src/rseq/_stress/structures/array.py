"""Arrays of counters: each element is the sum of what was added to it, for each type of number."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from rseq._language.types import SCALARS
from rseq._stress.structures.counter import call, is_addition, law, work
from rseq._stress.workload import Mortal, Workload
from rseq._structures.array import CounterArray


def workloads() -> Iterator[Workload[Any]]:
    """One for each type of number."""
    for scalar in SCALARS.values():
        if scalar.kind != "bool":
            yield Workload(f"CounterArray {scalar}", partial(CounterArray, (2, 4), scalar), work(scalar), call, law)


def mortals() -> Iterator[Mortal]:
    """Each addition is one store."""
    yield Mortal(
        "CounterArray",
        lambda segment: CounterArray(5, segment=segment),
        work(SCALARS["i64"]),
        lambda array: array.values().tolist(),
        is_addition,
    )
