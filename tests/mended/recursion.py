from __future__ import annotations

import rseq
from rseq import i64


class Cell(rseq.Record):
    value: i64


@rseq.inline
def even(n: i64) -> bool:
    is_even = True
    for i in range(64):
        if i < n:
            is_even = not is_even
    return is_even


@rseq.sequence
def add(cpu: Cell, n: i64) -> None:
    cpu.value += n


@rseq.routine
def add_even(cpu: Cell, n: i64) -> None:
    while n > 0:
        if even(n):
            add(cpu, n)
        n -= 1


def example() -> None:
    storage = rseq.percpu(Cell)
    add_even.bind(storage)(6)
    assert storage.per_cpu()["value"].sum() == 2 + 4 + 6
