"""Records in records: laid out as NumPy and C lay them out, and named with dots, in lanes and in rows."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import rseq
from compilers import compile_with, output_of, write
from programs import compiled
from rseq import i8, i64, index, prepared, ptr, u8, u32
from rseq._language.errors import CompileError
from rseq._language.interpret import Memory, run
from rseq.check import check


class Point(rseq.Record):
    x: i64
    tag: u8


class Pair(rseq.Record):
    before: u8
    first: Point
    second: Point
    counts: u32[2, 2]


class Node(rseq.Record):
    small: i8
    pair: Pair
    next: ptr[Node]
    last: u8


class Head(rseq.Record):
    kept: u8
    pair: Pair
    draft: prepared[Pair]
    node: ptr[Node]


NAMES: dict[str, Any] = {"Node": Node, "Head": Head}


class PointInC(ctypes.Structure):
    _fields_ = [("x", ctypes.c_int64), ("tag", ctypes.c_uint8)]


class PairInC(ctypes.Structure):
    _fields_ = [
        ("before", ctypes.c_uint8),
        ("first", PointInC),
        ("second", PointInC),
        ("counts", ctypes.c_uint32 * 4),
    ]


class NodeInC(ctypes.Structure):
    _fields_ = [("small", ctypes.c_int8), ("pair", PairInC), ("next", ctypes.c_uint64), ("last", ctypes.c_uint8)]


@pytest.mark.parametrize(("record", "in_c"), [(Point, PointInC), (Pair, PairInC), (Node, NodeInC)])
def test_the_layout_is_that_of_c_and_of_numpy(record: Any, in_c: Any) -> None:
    assert record.size == ctypes.sizeof(in_c) == record.dtype.itemsize
    for name, part in record.parts.items():
        assert part.offset == getattr(in_c, name).offset == record.dtype.fields[name][1]


def test_the_fields_are_those_of_all_that_is_in_it() -> None:
    assert list(Pair.fields) == ["before", "first.x", "first.tag", "second.x", "second.tag", "counts"]
    assert Node.fields["pair.second.x"].offset == NodeInC.pair.offset + PairInC.second.offset
    assert not Head.fields["pair.first.x"].prepared
    assert all(field.prepared for name, field in Head.fields.items() if name.startswith("draft."))
    assert Node.dtype["pair"]["first"]["x"] == np.int64


def test_fields_of_lanes_and_rows_are_loaded_and_stored_where_they_are() -> None:
    text = """
def f(cpu: Head, node: ptr[Node], n: i64) -> i64:
    cpu.draft.second.x = n
    node.pair.first.x = n + 1
    node.pair.counts[1, n & 1] = 5
    found = cpu.pair.first.x
    cpu.pair.first.x = found + n
    return found * 1000 + len(cpu.pair.counts)
"""
    code = compiled(text, **NAMES)
    memory = Memory.of(Head)
    row = memory.add(Node.size)
    assert [run(code.body, memory, [row, 7]), run(code.body, memory, [row, 1])] == [2, 7002]
    lane = np.frombuffer(bytes(memory.blocks[memory.lane(0)]), Head.dtype)[0]
    assert (lane["pair"]["first"]["x"], lane["draft"]["second"]["x"]) == (8, 1)
    nodes, heads = rseq.array(Node, 2), rseq.percpu(Head)
    bound = code.bind(heads, nodes)
    assert bound(nodes[1], 7) == 2
    assert nodes.values["pair"]["first"]["x"].tolist() == [0, 8]
    assert nodes.values["pair"]["counts"][1].tolist() == [[0, 0], [0, 5]]
    assert heads.per_cpu()["pair"]["first"]["x"].sum() == 7


def test_a_pointer_is_followed_out_of_one_and_into_another() -> None:
    text = """
def f(cpu: Head) -> i64:
    node = cpu.node
    if node is None:
        return -1
    after = node.next
    if after is None:
        return node.pair.second.x
    return after.pair.second.x
"""
    code = compiled(text, **NAMES)
    memory = Memory.of(Head)
    rows = memory.add(2 * Node.size)
    store = memory.store
    lane, second = memory.lane(0), Node.fields["pair.second.x"]
    assert run(code.body, memory) == -1
    store(lane + Head.fields["node"].offset, Head.fields["node"].element, rows)
    store(rows + second.offset, second.element, 30)
    assert run(code.body, memory) == 30
    store(rows + Node.fields["next"].offset, Node.fields["next"].element, rows + Node.size)
    assert run(code.body, memory) == 0


def test_a_routine_reads_another_lanes() -> None:
    text = "def f(cpu: Head, number: u64) -> i64:\n    return rseq.load_acquire(rseq.lane(cpu, number).pair.second.x)\n"
    code = compiled(text, rseq.routine, **NAMES)
    assert code.bind(rseq.percpu(Head), rseq.array(Node, 1))(0) == 0


def test_rows_name_them_with_dots() -> None:
    nodes = rseq.array(Node, 2)
    row: Any = nodes[1]
    row["pair.second.x"] = 9
    row["pair.counts"][1, 1] = 4
    assert row["pair.second.x"] == 9
    assert nodes.values["pair"]["second"]["x"].tolist() == [0, 9]
    assert nodes.values["pair"]["counts"][1].tolist() == [[0, 0], [0, 4]]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return cpu.pair", "cpu.pair is a Pair, a record; it has no value as a whole; use a field: cpu.pair.before"),
        ("return cpu.pair.first", "cpu.pair.first is a Point, a record; .* use a field: cpu.pair.first.x"),
        ("return cpu.pair.third", "record Pair has no field 'third'; its fields are before, first, second, counts"),
        ("return cpu.pair.first.z", "record Point has no field 'z'; its fields are x, tag"),
        ("return cpu.pair.first.x.y", "cpu.pair.first.x is i64, which has no fields"),
        ("cpu.pair = 1\n    return 1", "cpu.pair is a Pair"),
        ("return cpu.pair[0]", "cpu.pair is a Pair"),
    ],
)
def test_what_is_no_field_is_refused(body: str, message: str) -> None:
    with pytest.raises(CompileError, match=message.partition(";")[0]):
        compiled(f"def f(cpu: Head) -> i64:\n    {body}\n", **NAMES)


def test_a_record_without_fields_is_none_that_can_be_held() -> None:
    with pytest.raises(TypeError, match="field 'inner': Record has no fields"):
        type(rseq.Record)("Made", (rseq.Record,), {"__annotations__": {"inner": rseq.Record}})


def test_the_checker_knows_their_fields() -> None:
    @rseq.sequence
    def add(cpu: Head, n: i64) -> None:
        cpu.draft.first.x = n
        cpu.pair.second.x += n

    assert check(add).violations == ()


@pytest.mark.needs_rseq
def test_in_c_they_are_structs_in_structs(tmp_path: Any) -> None:
    @rseq.sequence
    def put(cpu: Head, node: ptr[Node], n: i64) -> None:
        node.pair.second.x = n
        cpu.pair.first.tag = u8(n)

    program = """
    #include "put.h"
    #include <stdio.h>
    enum { CPUS = 4096 };
    static struct shop_head lanes_of[CPUS];
    int main(void) {
        struct rseq_lanes lanes = {lanes_of, sizeof lanes_of[0], CPUS};
        struct shop_node node = {0};
        int sum = 0, put = shop_put(&lanes, &node, 77);
        for (int cpu = 0; cpu < CPUS; cpu++)
            sum += lanes_of[cpu].pair.first.tag;
        printf("%d %d %d", put, (int)node.pair.second.x, sum);
        return 0;
    }
    """
    write(tmp_path, program__c=program, put__h=put.emit(prefix="shop"))
    compile_with("gcc", "c", ["-O2", "program.c", "-o", "program"], tmp_path)
    assert output_of(tmp_path / "program") == "0 77 77"


class Entry(rseq.Record):
    point: Point
    after: u8


class Book(rseq.Record):
    small: u8
    point: Point
    first: index[Entry]


def test_a_named_segment_shows_them(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RSEQ_SEGMENT_DIR", str(tmp_path))

    @rseq.sequence
    def put(cpu: Book, n: i64) -> None:
        cpu.point.x = n

    books = rseq.percpu(Book, name="books", segment="shop")
    put.bind(books)(12)
    command = [sys.executable, "-m", "rseq", "show", "shop"]
    shown = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "point.x 12" in shown.stdout, shown
