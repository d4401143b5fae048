import rseq
from rseq import i64


class Items(rseq.Record):
    count: i64
    total: i64


@rseq.sequence
def fill(cpu: Items) -> None:
    cpu.count = 4


@rseq.sequence
def mean_after_leaving(cpu: Items, n: i64) -> i64:
    count = cpu.count
    if count == 0:
        return -1
    return (cpu.total + n) // count


@rseq.sequence
def mean_without_it(cpu: Items, n: i64) -> i64:
    average = -1
    if n > 0:
        average = 100 // n
    return average


@rseq.sequence
def mean_by_one_at_least(cpu: Items, n: i64) -> i64:
    return (cpu.total + n) // max(cpu.count, 1)


def example_of_leaving() -> None:
    assert mean_after_leaving.bind(rseq.percpu(Items))(37) == -1


def example_of_going_on() -> None:
    bound = mean_without_it.bind(rseq.percpu(Items))
    assert [bound(n) for n in (0, -5, 7)] == [-1, -1, 14]


def example_of_one_at_least() -> None:
    assert mean_by_one_at_least.bind(rseq.percpu(Items))(37) == 37
