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
def clear(cpu: Items, i: i64) -> None:
    cpu.counts[i] = 0


@rseq.routine
def clear_all(cpu: Items) -> i64:
    turns = 0
    while turns < 5000:
        clear(cpu, turns & 7)
        turns += 1
    return turns


def example_of_a_routine() -> None:
    assert clear_all.bind(rseq.percpu(Items))() == 5000


def example_of_the_caller() -> None:
    bound = clear.bind(rseq.percpu(Items))
    for turn in range(5000):
        bound(turn & 7)
