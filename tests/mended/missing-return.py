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
def sign(cpu: Items, n: i64) -> i64:
    if n > 0:
        return 1
    if n < 0:
        return -1
    return 0


@rseq.sequence
def sign_or_none(cpu: Items, n: i64) -> i64 | None:
    if n > 0:
        return 1
    if n < 0:
        return None


def example_of_a_value() -> None:
    bound = sign.bind(rseq.percpu(Items))
    assert [bound(7), bound(-7), bound(0)] == [1, -1, 0]


def example_of_none() -> None:
    bound = sign_or_none.bind(rseq.percpu(Items))
    assert [bound(7), bound(-7), bound(0)] == [1, None, None]
