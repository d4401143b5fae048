import rseq
from rseq import f64, i32, i64, prepared, ptr


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
def add(cpu: Items, n: i64, q: ptr[Items]) -> i64:
    a = cpu.count
    b = n
    d = q.count
    return a + b + d


@rseq.routine
def first_of(cpu: Items, p: ptr[i64]) -> i64:
    return p[0]


def example() -> None:
    rows = rseq.array(Items, 2)
    rows.values["count"] = 4
    assert add.bind(rseq.percpu(Items), rows)(3, rows[1]) == 7
