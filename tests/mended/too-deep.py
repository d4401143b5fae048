from __future__ import annotations

import rseq
from rseq import i64


class Cell(rseq.Record):
    value: i64


@rseq.sequence
def add_all(cpu: Cell, n: i64) -> None:
    # fmt: off
    part = (
        n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n +
        n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n +
        n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n
    )
    cpu.value = part + part + part + part


def example() -> None:
    storage = rseq.percpu(Cell)
    add_all.bind(storage)(1)
    assert storage.per_cpu()["value"].sum() == 4 * 75
