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
def everything(cpu: Items, n: i64) -> None:
    import math
    a = b = n
    a, cpu.count = n, n
    with open("log") as log:
        pass
    try:
        c = n**2
    finally:
        pass
    d = [n, n]
    e = n @ n
    f = n in (1, 2)
    g = n is n
    h = i64(n, n)
    i = i64(value=n)
    j = lambda: n
    k: float = 1.0
    assert n > 0
    del n
    for cpu.count in range(3):
        pass
    for m in range(3):
        m = 5
    for m in range(3):
        pass
    else:
        cpu.count = 1
    o = [p for p in range(3)]
    q = sum(r for r in range(3))
    s = divmod(n, 8)
    t = f"{n}"
    u = cpu.counts[1:2]
    v = {n: n}
    w = n not in {1, 2}
    x = (y := n) + 1
    z = round(n)
    yield n
    yield from range(3)
    global LIMIT
    match n:
        case [1]:
            pass

    def inner() -> None:
        pass

    n.append(1)
    print(*[n])
