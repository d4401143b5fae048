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
def add_here(cpu: Items, n: i64) -> i32:
    cpu.count += n
    return rseq.cpu_number()


@rseq.routine
def add(cpu: Items, n: i64) -> i64:
    return i64(add_here(cpu, n))


def example() -> None:
    storage = rseq.percpu(Items)
    assert add.bind(storage)(2) >= 0
    assert storage.per_cpu()["count"].sum() == 2
