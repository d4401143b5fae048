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
def drain(cpu: Items, n: i64) -> i64:
    for i in range(8):
        if cpu.count <= 0:
            break
    total = 0
    for i in range(8):
        if i == n:
            break
        total += 1
    for i in range(64):
        total += cpu.slots[i]
    for i in range(8, 0, -1):
        if i > n:
            total += i
    return total


@rseq.sequence
def take(cpu: Items) -> bool:
    if cpu.count <= 0:
        return False
    cpu.count -= 1
    return True


@rseq.routine
def drain_all(cpu: Items) -> i64:
    taken = 0
    while take(cpu):
        taken += 1
    return taken


def example_of_a_constant() -> None:
    assert drain.bind(rseq.percpu(Items))(3) == 3 + (8 + 7 + 6 + 5 + 4)


def example_of_a_routine() -> None:
    assert drain_all.bind(rseq.percpu(Items))() == 0
