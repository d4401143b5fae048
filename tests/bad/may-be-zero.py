import rseq
from rseq import i64


class Items(rseq.Record):
    count: i64
    total: i64


@rseq.sequence
def mean(cpu: Items, n: i64) -> i64:
    average = cpu.total // cpu.count
    if cpu.count > 0:
        average += cpu.total // cpu.count
    for turn in range(3):
        average += turn % n
    if n >= 0:
        average += 1 // n
    return average
