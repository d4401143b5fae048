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
def add(cpu: Items, n: i64) -> i64:
    positive = 0
    above = 0
    turn = 0
    if n > 0:
        positive = n
    for i in range(4):
        turn = i
        if n == i:
            break
        above = n
    if n == 1:
        return turn
    if n == 2:
        return above
    return positive


def example() -> None:
    bound = add.bind(rseq.percpu(Items))
    assert [bound(1), bound(2), bound(7), bound(-7)] == [1, 2, 7, 0]
