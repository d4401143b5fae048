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


SIZE = 0


@rseq.sequence
def bucket(cpu: Items, n: i64) -> i64:
    a = n // SIZE
    b = n + 7 // 0
    return n % 0
