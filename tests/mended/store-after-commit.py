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
def observe_prepared(cpu: Items, value: i64) -> None:
    cpu.latest = value
    cpu.count += 1


@rseq.sequence
def observe_packed(cpu: Items, value: i64) -> None:
    cpu.total += (1 << 40) + value


def example_of_preparation() -> None:
    storage = rseq.percpu(Items)
    observe_prepared.bind(storage)(7)
    assert storage.per_cpu()["latest"].sum() == 7
    assert storage.per_cpu()["count"].sum() == 1


def example_of_one_word() -> None:
    storage = rseq.percpu(Items)
    observe_packed.bind(storage)(7)
    assert storage.per_cpu()["total"].sum() == (1 << 40) + 7
