import sys

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
def put_length(cpu: Items, data: bytes) -> None:
    cpu.count = i64(len(data))


@rseq.sequence
def put_byte(cpu: Items, data: bytes) -> None:
    cpu.count = i64(data[0])


@rseq.sequence
def put_all(cpu: Items, data: bytes) -> None:
    rseq.copy(cpu.slots, data, len(data))
    cpu.count = 1


def example_of_the_length() -> None:
    storage = rseq.percpu(Items)
    put_length.bind(storage)(b"seven b")
    assert storage.per_cpu()["count"].sum() == 7


def example_of_a_byte() -> None:
    storage = rseq.percpu(Items)
    put_byte.bind(storage)(b"seven b")
    assert storage.per_cpu()["count"].sum() == ord("s")


def example_of_a_copy() -> None:
    storage = rseq.percpu(Items)
    put_all.bind(storage)((7).to_bytes(8, sys.byteorder))
    assert storage.per_cpu()["slots"].sum() == 7
