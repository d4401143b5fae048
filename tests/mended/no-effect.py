import rseq
from rseq import f64, i32, i64, prepared


class Items(rseq.Record):
    count: i64
    small: i32
    total: i64
    average: f64
    is_full: bool
    counts: i64[8]
    slots: prepared[i64[64]]
    latest: prepared[i64]


@rseq.sequence
def add_assigned(cpu: Items, n: i64) -> i64:
    is_same = cpu.count == n
    more = n + 1
    return more if is_same else n


@rseq.sequence
def add_nothing(cpu: Items, n: i64) -> None:
    pass


def example_of_an_assignment() -> None:
    assert add_assigned.bind(rseq.percpu(Items))(0) == 1


def example_without_it() -> None:
    add_nothing.bind(rseq.percpu(Items))(0)
