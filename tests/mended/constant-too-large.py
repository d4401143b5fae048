import rseq
from rseq import f32, f64, i32, i64, prepared, u64


class Items(rseq.Record):
    count: i64
    small: i32
    total: i64
    average: f64
    is_full: bool
    counts: i64[8]
    slots: prepared[i64[64]]
    latest: prepared[i64]


LIMIT = 1 << 60


@rseq.sequence
def add(cpu: Items, n: i64, s: i32) -> i64:
    a = n + LIMIT
    b = i64(s) & 0xFFFFFFFF
    c = n + (1 << 10)
    d = n + (1 >> 1)
    e: u64 = 1 << 63
    e = 5
    x: f64 = 1e39
    y = f32(1e39)
    cpu.average = 1e300
    return a + b + c + d + i64(e)


def example() -> None:
    storage = rseq.percpu(Items)
    assert add.bind(storage)(1, -1) == (1 + (1 << 60)) + 0xFFFFFFFF + 1025 + 1 + 5
    assert storage.per_cpu()["average"].max() == 1e300
