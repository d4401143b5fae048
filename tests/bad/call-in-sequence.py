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


@rseq.sequence
def add_twice(cpu: Items, n: i64) -> None:
    add(cpu, n)
    a = round(n)
    print(n)
