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
def pop(cpu: Items) -> i64 | None:
    n = cpu.count
    if n == 0:
        return None
    cpu.count = n - 1
    return n


@rseq.routine
def pop_doubled(cpu: Items) -> i64:
    item = pop(cpu)
    if item is None:
        return -1
    return item * 2


def example() -> None:
    assert pop_doubled.bind(rseq.percpu(Items))() == -1
