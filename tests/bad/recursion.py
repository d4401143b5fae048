from __future__ import annotations

import rseq
from rseq import i64


class Cell(rseq.Record):
    value: i64


@rseq.inline
def even(n: i64) -> bool:
    return n == 0 or odd(n - 1)


@rseq.inline
def odd(n: i64) -> bool:
    return n != 0 and even(n - 1)


@rseq.routine
def add_even(cpu: Cell, n: i64) -> None:
    is_even = even(n)
    if n > 0:
        add_even(cpu, n - 1)
