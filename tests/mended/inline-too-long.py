from __future__ import annotations

import rseq
from rseq import i64


class Cell(rseq.Record):
    value: i64


@rseq.inline
def mix(n: i64) -> i64:
    return (n * 5 + 1) ^ (n >> 7)


@rseq.sequence
def add(cpu: Cell, n: i64) -> None:
    cpu.value += n


@rseq.routine
def add_mixed(cpu: Cell, n: i64) -> None:
    i = 0
    while i < 3 * 512:
        n = mix(n)
        i += 1
    add(cpu, n)


@rseq.sequence
def mix_eight_times(cpu: Cell, n: i64) -> i64:
    for _ in range(8):
        n = mix(n)
    return n


def example_of_a_routine() -> None:
    storage = rseq.percpu(Cell)
    add_mixed.bind(storage)(1)
    assert storage.per_cpu()["value"].sum() == by_the_caller(storage)


def example_of_the_caller() -> None:
    assert by_the_caller(rseq.percpu(Cell)) != 1


def by_the_caller(storage: rseq.PerCPU[Cell]) -> int:
    bound, n = mix_eight_times.bind(storage), 1
    for _ in range(3 * 512 // 8):
        n = bound(n)
    return n
