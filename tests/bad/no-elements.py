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
def add(cpu: Items, n: i64, p: ptr[i64], q: ptr[Items]) -> None:
    a = cpu.count[0]
    b = n[0]
    c = p[n]
    d = q[0]
