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


@rseq.routine
def clear(cpu: Items, number: i64) -> None:
    there = rseq.lane(cpu, number)
    there.count = 0
