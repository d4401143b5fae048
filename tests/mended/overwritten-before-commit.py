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
def advance_in_a_local(cpu: Items, i: i64) -> None:
    latest = cpu.latest + 1
    slot = cpu.slots[0] + 1
    cpu.count = latest + slot


@rseq.sequence
def advance_elsewhere(cpu: Items, i: i64) -> None:
    latest = cpu.latest + 1
    slot = cpu.slots[0] + 1
    cpu.slots[1] = slot
    cpu.count = latest


def example_of_a_local() -> None:
    storage = rseq.percpu(Items)
    advance_in_a_local.bind(storage)(3)
    assert storage.per_cpu()["count"].sum() == 2


def example_of_another_place() -> None:
    storage = rseq.percpu(Items)
    advance_elsewhere.bind(storage)(3)
    assert storage.per_cpu()["count"].sum() == 1
