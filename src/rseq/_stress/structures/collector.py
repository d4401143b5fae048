"""Collectors: what was appended is there, each number once and whole, or was counted as refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from rseq._language.types import SCALARS, i64, u64
from rseq._once import once
from rseq._sequence import Routine, routine
from rseq._stress.workload import SPREAD, Mortal, Workload
from rseq._structures.collector import Collector
from rseq._structures.collector_code import appender

_SMALL, _LARGE, _MORTAL = 4, 1 << 16, 1 << 10
_CHECKED_BITS = 22


def workloads() -> Iterator[Workload[Collector]]:
    """One that is full at once, and one that is full later."""
    for name, length in (("Collector", _SMALL), ("Collector, large", _LARGE)):
        yield Workload(name, partial(Collector, "i64", length), _work(length), _call, _law)


def mortals() -> Iterator[Mortal]:
    """What a process was appending is not there, and no number is torn."""
    yield Mortal(
        "Collector",
        lambda segment: Collector("i64", _MORTAL, segment=segment),
        _work(_MORTAL),
        lambda collector: [len(collector) + collector.refused],
        lambda difference: difference[0] in (0, 1),
        bury=_bury,
    )


@once
def _work(length: int) -> Routine[Any, int]:
    """Append a turn with a check of it; 1, as it is in the array or refused."""
    append = appender(SCALARS["i64"], length)
    Collected: Any = append.body.record  # noqa: N806 - it is a class

    @routine
    def work(cpu: Collected, turn: u64) -> i64:
        number = turn & 0xFFFFFFFFFF
        append(cpu, i64((number << _CHECKED_BITS) + (number * SPREAD >> (64 - _CHECKED_BITS))))
        return 1

    return work


def _call(collector: Collector, turn: int) -> int:
    number = turn & 0xFFFFFFFFFF
    collector.append((number << _CHECKED_BITS) + (number * SPREAD % (1 << 64) >> (64 - _CHECKED_BITS)))
    return 1


def _law(collector: Collector, ledger: Sequence[int]) -> Iterator[str]:
    there, refused = len(collector), collector.refused
    if there + refused != ledger[0]:
        yield f"{there:,} numbers are there and {refused:,} were refused, and {ledger[0]:,} were appended"
    yield from _torn(collector)


def _torn(collector: Collector) -> Iterator[str]:
    numbers = [int(number) for lane in collector.storage.per_cpu() for number in lane["slots"][: int(lane["count"])]]
    if not all(map(_is_whole, numbers)):
        yield "a number was never appended: it is torn"


def _is_whole(item: int) -> bool:
    number, check = divmod(item, 1 << _CHECKED_BITS)
    return number < 1 << 40 and check == (number * SPREAD % (1 << 64)) >> (64 - _CHECKED_BITS)


def _bury(collector: Collector, process: int, noted: int) -> Iterator[str]:
    yield from _torn(collector)
