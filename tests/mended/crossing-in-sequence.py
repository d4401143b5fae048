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
def peek(cpu: Items, number: i64) -> i64:
    return rseq.lane(cpu, number).count


@rseq.sequence(release=True, acquire=True)
def add(cpu: Items, n: i64) -> None:
    cpu.count += n


def example() -> None:
    storage = rseq.percpu(Items)
    add.bind(storage)(3)
    look = peek.bind(storage)
    assert sum(look(number) for number in range(len(storage.per_cpu()))) == 3
