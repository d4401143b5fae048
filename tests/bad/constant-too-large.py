import rseq
from rseq import f32, f64, i32, i64, prepared


class Items(rseq.Record):
    count: i64
    small: i32
    total: i64
    average: f64
    is_full: bool
    counts: i64[8]
    slots: prepared[i64[64]]
    latest: prepared[i64]


LIMIT = 1 << 80


@rseq.sequence
def add(cpu: Items, n: i64, s: i32) -> None:
    a = n + LIMIT
    b = s & 0xFFFFFFFF
    c = n + (1 << 100)
    d = n + (1 >> -1)
    e = 1 << 63
    e = 5
    cpu.average = LIMIT * LIMIT * LIMIT * LIMIT * LIMIT * LIMIT * LIMIT * LIMIT * LIMIT * LIMIT * LIMIT * LIMIT * LIMIT
    x: f32 = 1e39
