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
def total(cpu: Items) -> i64:
    return cpu.total


@rseq.sequence
def mean_of_a_power_of_two(cpu: Items, total: i64, bits: i64) -> i64:
    average = total >> bits
    return average + (total & ((1 << bits) - 1))


def example_of_the_caller() -> None:
    bound, n = total.bind(rseq.percpu(Items)), 5
    assert bound() // 3 + bound() % n == 0


def example_of_a_shift() -> None:
    assert mean_of_a_power_of_two.bind(rseq.percpu(Items))(37, 4) == 37 // 16 + 37 % 16
