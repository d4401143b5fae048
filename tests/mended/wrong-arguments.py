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
def add(cpu: Items, n: i64, scale: i64 = 1) -> None:
    cpu.count += n * scale


@rseq.sequence
def count(cpu: Items) -> None:
    cpu.count += 1


@rseq.routine
def work(cpu: Items, n: i64) -> None:
    add(cpu, n)
    add(cpu, n)
    add(cpu, n, 2)
    count(cpu)


def example() -> None:
    storage = rseq.percpu(Items)
    work.bind(storage)(3)
    assert storage.per_cpu()["count"].sum() == 3 + 3 + 6 + 1
