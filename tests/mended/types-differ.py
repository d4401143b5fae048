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
def mixed(cpu: Items, n: i64, x: f64, s: i32, flag: bool) -> i64:
    total = n + i64(x)
    b: i32 = i32(n)
    total += b
    c = 1.5
    c = f64(n)
    total += i64(x) // 2
    total += n // 2
    total += i64(flag) + i64(flag)
    total += ~i64(x)
    total += cpu.counts[i64(x)]
    total += n + i64(0.5)
    j: i64 = 1
    k: i32 = 1
    total += j + k
    cpu.average = f64(n) + c
    return total


@rseq.sequence
def wider(cpu: Items, n: i64) -> i64:
    b: i64 = n
    return b


@rseq.sequence
def fill(cpu: Items, n: i64) -> None:
    if n == 2:
        cpu.is_full = bool(n)
    elif n == 1:
        cpu.is_full = n == 1
    else:
        cpu.is_full = True


def example_of_conversions() -> None:
    storage = rseq.percpu(Items)
    assert mixed.bind(storage)(9, 3.7, 2, True) == (9 + 3) + 9 + 1 + 4 + 2 + ~3 + 0 + 9 + 2
    assert storage.per_cpu()["average"].sum() == 18.0


def example_of_a_declaration() -> None:
    assert wider.bind(rseq.percpu(Items))(1 << 40) == 1 << 40


def example_of_a_truth() -> None:
    storage = rseq.percpu(Items)
    bound = fill.bind(storage)
    for n in (0, 1, 2):
        bound(n)
    assert storage.per_cpu()["is_full"].any()
