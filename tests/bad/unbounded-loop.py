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
def drain(cpu: Items, n: i64) -> None:
    while cpu.count > 0:
        pass
    for i in range(n):
        pass
    for i in cpu.slots:
        pass
    for i in range(8, 0, 0):
        pass
