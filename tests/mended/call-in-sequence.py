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
def add(cpu: Items, n: i64) -> None:
    cpu.count += n


@rseq.routine
def add_twice(cpu: Items, n: i64) -> i64:
    add(cpu, n)
    a = n if n >= 0 else -n
    add(cpu, a)
    return n


def example() -> None:
    storage = rseq.percpu(Items)
    assert add_twice.bind(storage)(-3) == -3
    assert storage.per_cpu()["count"].sum() == 0
