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
def record_in_fields_of_one_width(cpu: Items, n: i64) -> None:
    if n < 10:
        cpu.total = 1
    elif n < 100:
        cpu.count = n
    else:
        cpu.count = 5


@rseq.sequence
def record_small(cpu: Items) -> None:
    cpu.small = 1


@rseq.sequence
def record_count(cpu: Items, n: i64) -> None:
    cpu.count = n


@rseq.sequence
def record_average(cpu: Items) -> None:
    cpu.average = 0.5


@rseq.routine
def record(cpu: Items, n: i64) -> None:
    if n < 10:
        record_small(cpu)
    elif n < 100:
        record_count(cpu, n)
    else:
        record_average(cpu)


def example_of_one_width() -> None:
    storage = rseq.percpu(Items)
    record_in_fields_of_one_width.bind(storage)(7)
    record_in_fields_of_one_width.bind(storage)(70)
    assert storage.per_cpu()["total"].sum() == 1
    assert storage.per_cpu()["count"].sum() == 70


def example_of_several_sequences() -> None:
    storage = rseq.percpu(Items)
    bound = record.bind(storage)
    for n in (7, 70, 700):
        bound(n)
    assert storage.per_cpu()["small"].max() == 1
    assert storage.per_cpu()["count"].max() == 70
    assert storage.per_cpu()["average"].max() == 0.5
