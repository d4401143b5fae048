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
def clear(cpu: Items, limit: i64) -> i64 | None:
    n = cpu.count
    if n > limit:
        return None
    cpu.count = 0
    return n


def example() -> None:
    bound = clear.bind(rseq.percpu(Items))
    assert [bound(-1), bound(1)] == [None, 0]
