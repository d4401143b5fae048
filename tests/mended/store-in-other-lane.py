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
def clear(cpu: Items, number: i64) -> None:
    there = rseq.lane(cpu, number)
    rseq.store_release(there.count, 0)


def example() -> None:
    storage = rseq.percpu(Items)
    add.bind(storage)(5)
    bound = clear.bind(storage)
    for number in range(len(storage.per_cpu())):
        bound(number)
    assert storage.per_cpu()["count"].sum() == 0
