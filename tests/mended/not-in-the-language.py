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


@rseq.inline
def same(n: i64) -> i64:
    return n


@rseq.sequence
def everything(cpu: Items, n: i64) -> i64:
    a = n
    b = n
    a = n
    b = n
    total = a + b
    total += n * n
    cpu.slots[0] = n
    cpu.slots[1] = n
    total += n * n
    f = n == 1 or n == 2
    g = n == n
    total += i64(f) + i64(g)
    total += i64(n) + i64(n)
    total += same(n)
    k = 1.0
    total += i64(k)
    if n <= 0:
        return 0
    for number in range(3):
        total += number
    is_broken = False
    for m in range(3):
        if m == n:
            is_broken = True
            break
    for p in range(3):
        total += p
    for r in range(3):
        total += r
    total += n // 8 + n % 8
    total += cpu.counts[1]
    w = n != 1 and n != 2
    total += i64(w)
    y = n
    total += y + 1
    total += i64(k)
    match n:
        case 1:
            pass
    total += rseq.bits(n)
    if not is_broken:
        cpu.count = 1
    return total


def example() -> None:
    storage = rseq.percpu(Items)
    assert everything.bind(storage)(5) == 10 + 25 + 25 + 1 + 15 + 1 + 3 * 3 + 5 + 0 + 1 + 6 + 1 + 2
    assert storage.per_cpu()["count"].sum() == 1
