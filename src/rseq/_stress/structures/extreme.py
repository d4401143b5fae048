"""Extremes: what a lane has seen only becomes better. None is killed on: an update is one store, as an addition is."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from rseq._language.types import SCALARS, f64, i64, u64
from rseq._once import once
from rseq._sequence import Routine, routine, sequence
from rseq._stress.workload import Workload
from rseq._structures.extreme import Max, Min
from rseq._structures.extreme_code import updater
from rseq._structures.number import worst_of
from rseq._thread.current import cpu_number


def workloads() -> Iterator[Workload[Any]]:
    """One for each end."""
    yield Workload("Max", Max, _work(True), _call, _law)
    yield Workload("Min", Min, _work(False), _call, _law)


@once
def _work(is_max: bool) -> Routine[Any, int]:
    """An update by one more than a lane has seen; 1 if that lane has become worse meanwhile.

    An update that was stopped in between and is not restarted puts back what it was called with, long ago. What a lane
    has seen and its number are read at once: the thread may be moved. A lane that has seen nothing shows no number.
    """
    update = updater(SCALARS["f64"], is_max)
    Extreme = update.body.record  # noqa: N806 - it is a class
    sign, worst, nothing = 1 if is_max else -1, worst_of("f64", is_max), -math.inf

    @sequence
    def seen(cpu: Extreme) -> f64:  # type: ignore[valid-type]
        return cpu.value * sign * 4096 + f64(cpu_number())  # type: ignore[attr-defined, no-any-return]

    @routine
    def work(cpu: Extreme, turn: u64) -> i64:  # type: ignore[valid-type]
        before: f64 = seen(cpu)  # type: ignore[assignment]
        best: i64 = 0
        if before > 0:
            best = i64(before) >> 12
        if turn & 7 == 0:
            update(cpu, worst)
        elif turn & 7 == 1:
            update(cpu, f64(best - 1) * sign)
        else:
            update(cpu, f64(best + 1) * sign)
        after: f64 = seen(cpu)  # type: ignore[assignment]
        if nothing < after < before and i64(after) & 4095 == i64(before) & 4095:
            return 1
        return 0

    return work


def _call(extreme: Any, turn: int) -> int:
    """Updates from Python that change nothing any more, or nothing at all."""
    worst = worst_of("f64", isinstance(extreme, Max))
    extreme.update(0 if turn & 1 else math.nan if turn & 2 else worst)
    return 0


def _law(extreme: Any, ledger: Sequence[int]) -> Iterator[str]:
    if ledger[0]:
        yield f"a lane that had seen a number had only a worse one afterwards, {ledger[0]:,} times"
    if extreme.value is None or abs(extreme.value) == math.inf:
        yield f"after so many updates the value is {extreme.value}"
