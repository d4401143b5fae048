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
def take(cpu: Items, index: i64) -> i64:
    n = cpu.count
    total = cpu.total
    last = cpu.counts[n & 7]
    cpu.count = n - 1
    if n > 8:
        return total
    return last


def example() -> None:
    storage = rseq.percpu(Items)
    assert take.bind(storage)(1) == 0
    assert storage.per_cpu()["count"].sum() == -1
