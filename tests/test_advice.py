"""What exceptions advise at run time can be done: each row is what is refused, the advice, and what follows it."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest

import rseq
from programs import compiled
from rseq import i64, index, ptr


class Node(rseq.Record):
    next: ptr[Node]
    value: i64
    pair: i64[2]


class Entry(rseq.Record):
    next: index[Entry]
    value: i64


class Head(rseq.Record):
    first: ptr[Node]
    count: i64


class Stack(rseq.Record):
    first: index[Entry]


@rseq.inline
def add_inline(cpu: Head, n: i64) -> None:
    cpu.count += n


@rseq.sequence
def add(cpu: Head, n: i64) -> None:
    add_inline(cpu, n)


@rseq.sequence
def push(cpu: Head, node: ptr[Node], value: i64) -> None:
    node.value = value
    cpu.first = node


@rseq.sequence
def push_after(cpu: Head, node: ptr[Node], other: ptr[Node]) -> None:
    node.value = other.value + 1
    cpu.first = node


@rseq.sequence
def read_number(cpu: Head, number: ptr[i64]) -> i64:
    return number[0]


@rseq.sequence
def read_row(cpu: Head, number: ptr[Node]) -> i64:
    return number.value


@rseq.sequence
def move(cpu: Head, data: bytes, out: bytearray) -> None:
    out[0] = data[0] + 1
    cpu.count = 1


@rseq.sequence
def push_entry(cpu: Stack, entry: index[Entry]) -> None:
    entry.next = cpu.first
    cpu.first = entry


def with_many(parameters: str) -> Any:
    """A sequence with these parameters after the first."""
    return compiled(f"def f(cpu: Head, {parameters}) -> None:\n    cpu.count += 1\n", Head=Head, bytes=bytes)


NODES = rseq.array(Node, 3)
HEADS = rseq.percpu(Head)
ROW = NODES[0]


class Case:
    """A row: `refused` raises with `advice` in its text, and `followed` does what that says."""

    def __init__(self, advice: str, refused: Callable[[], object], *followed: Callable[[], object]) -> None:
        self.advice, self.refused, self.followed = advice, refused, followed

    def __str__(self) -> str:
        return self.advice


def move_within(make: Callable[[bytearray], Any]) -> None:
    whole = bytearray(b"restart")
    move.bind(HEADS)(make(whole), whole)


def release_other() -> None:
    pool = rseq.Pool(64, 4)
    item = pool.acquire()
    try:
        pool.release(item[:8])
    finally:
        pool.release(item)


def release_same() -> None:
    pool = rseq.Pool(64, 4)
    pool.release(pool.acquire())


def release_number(method: str) -> None:
    pool = rseq.Pool(64, 4)
    getattr(pool, method)(pool.acquire_row())


def names_of(**fields: Any) -> Any:
    return type(rseq.Record)("Made", (rseq.Record,), {"__annotations__": fields})


def set_field(row: Any) -> None:
    row["value"] = 7
    assert row["value"] == 7


def set_attribute(row: Any) -> None:
    row.value = 7


def shared(record: Any) -> Callable[[], object]:
    return lambda: rseq.percpu(record, segment=rseq.Segment())


def bind_entries(*, is_shared: bool) -> object:
    segment = rseq.Segment()
    rows = rseq.array(Entry, 2, segment=segment if is_shared else None)
    return push_entry.bind(rseq.percpu(Stack, segment=segment), rows)


CASES = [
    # ---- calls and what is bound
    Case(
        "bind it, as in `bound = add.bind(rseq.percpu(Head))`", lambda: add(1), lambda: add.bind(rseq.percpu(Head))(1)
    ),
    Case(
        "add.bind() takes storage made by rseq.percpu(…)", lambda: add.bind(Head), lambda: add.bind(rseq.percpu(Head))
    ),
    Case(
        "as in push.bind(storage, rseq.array(Node, 100))",
        lambda: push.bind(HEADS),
        lambda: push.bind(HEADS, rseq.array(Node, 100)),
    ),
    Case(
        "from Python a pointer is a row, so use a record",
        lambda: read_number.bind(HEADS, NODES),
        lambda: read_row.bind(HEADS, NODES)(ROW),
    ),
    Case(
        "pass many numbers as a buffer (bytes) or as a row of an rseq.array",
        lambda: with_many(", ".join(f"n{i}: i64" for i in range(1000))).bind(HEADS),
        lambda: with_many("numbers: bytes").bind(HEADS)(bytes(8000)),
        lambda: push.bind(HEADS, NODES)(ROW, 1),
    ),
    Case("pass a row", lambda: push.bind(HEADS, NODES)(None, 1), lambda: push.bind(HEADS, NODES)(NODES[1], 1)),
    Case(
        "pass two rows",
        lambda: push_after.bind(HEADS, NODES)(NODES[1], NODES[1]),
        lambda: push_after.bind(HEADS, NODES)(NODES[1], NODES[2]),
    ),
    Case(
        "pass two that are apart",
        lambda: move_within(lambda whole: whole),
        lambda: move_within(bytes),
        lambda: move_within(bytearray),
    ),
    Case(
        "pass a copy, such as bytes(view)",
        lambda: move.bind(HEADS)(HEADS.view()[:1], bytearray(1)),
        lambda: move.bind(HEADS)(bytes(HEADS.view()[:1]), bytearray(1)),
    ),
    Case(
        "from Python call a sequence that does",
        lambda: add_inline(HEADS, 1),
        lambda: add.bind(HEADS)(1),
    ),
    Case(
        "rseq.percpu(…, segment=segment) goes with rseq.array(…, segment=segment)",
        lambda: bind_entries(is_shared=False),
        lambda: bind_entries(is_shared=True),
    ),
    Case("Keep numbers of rows, index[T], instead of addresses", shared(Head), shared(Stack)),
    # ---- records, rows and storage
    Case("make storage for it with rseq.percpu(Head)", Head, lambda: rseq.percpu(Head)),
    Case("write them as annotations, such as `value: i64`", names_of, lambda: names_of(value=i64)),
    Case("expected a subclass of rseq.Record", lambda: rseq.percpu(i64), lambda: rseq.percpu(names_of(value=i64))),
    Case('write its fields as row["value"] = …', lambda: set_attribute(NODES[2]), lambda: set_field(NODES[2])),
    Case("values takes slices", lambda: NODES[0:2], lambda: NODES.values[0:2]),
    Case("or pass `values`", lambda: pickle.dumps(NODES), lambda: pickle.dumps(NODES.values)),
    Case(
        "Pass its index, or its fields",
        lambda: pickle.dumps(ROW),
        lambda: pickle.dumps(0),
        lambda: pickle.dumps(ROW["value"]),
    ),
    Case(
        "pass the values that per_cpu() returns",
        lambda: pickle.dumps(HEADS),
        lambda: pickle.dumps(HEADS.per_cpu()),
    ),
    Case("leave it out for a single record", lambda: rseq.percpu(Head, 0), lambda: rseq.percpu(Head)),
    # ---- structures
    Case(
        "write rseq.i8 or 'int8' for 8 bits, rseq.i64 or 'int64' for 8 bytes",
        lambda: rseq.CounterArray(4, dtype="i8"),
        lambda: rseq.CounterArray(4, dtype=rseq.i8),
        lambda: rseq.CounterArray(4, dtype="int8"),
        lambda: rseq.CounterArray(4, dtype=rseq.i64),
        lambda: rseq.CounterArray(4, dtype="int64"),
    ),
    Case(
        "ask for a larger one or a narrower range",
        lambda: rseq.Histogram.exponential(1e-300, 1e300, relative_error=1e-6),
        lambda: rseq.Histogram.exponential(1e-300, 1e300, relative_error=0.5),
        lambda: rseq.Histogram.exponential(1.0, 1.001, relative_error=1e-6),
    ),
    Case("such as [0.1, 0.5, 1.0]", lambda: rseq.Histogram(1), lambda: rseq.Histogram([0.1, 0.5, 1.0])),
    Case(
        "use drain()",
        lambda: rseq.RingBuffer(1 << 12).drain_array(),
        lambda: rseq.RingBuffer(1 << 12).drain(),
        lambda: rseq.RingBuffer(1 << 12, dtype="f8").drain_array(),
    ),
    Case("pass the very object that acquire() returned", release_other, release_same),
    Case("release_row() takes numbers", lambda: release_number("release"), lambda: release_number("release_row")),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_an_exception_advises_can_be_done(case: Case) -> None:
    with pytest.raises((TypeError, ValueError, AttributeError)) as caught:
        case.refused()
    assert case.advice in str(caught.value)
    for followed in case.followed:
        followed()
