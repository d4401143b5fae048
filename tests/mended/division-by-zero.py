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


SIZE = 4


@rseq.sequence
def bucket(cpu: Items, n: i64) -> i64:
    a = n // SIZE
    b = n + 7 // 2
    return a + b + n % 8


def example() -> None:
    assert bucket.bind(rseq.percpu(Items))(-9) == -9 // 4 + (-9 + 3) + -9 % 8
