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
def mixed(cpu: Items, n: i64, x: f64, s: i32, flag: bool) -> None:
    cpu.average = n
    a = n + x
    b: i32 = n
    c = 1.5
    c = n
    d = x // 2
    e = n / 2
    f = flag + flag
    g = ~x
    h = cpu.counts[x]
    i = n + 0.5
    cpu.is_full = 1
    cpu.is_full = n
    j: i64 = 1
    j: i32 = 1
    return n
