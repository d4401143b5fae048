"""The oracle's own contract: memory, arguments, what it raises. (That it agrees with machines: tests/native.)"""

from __future__ import annotations

import math
import sys
from typing import Any

import pytest

import rseq
from programs import compiled
from rseq import f64, i16, i64, index, prepared, ptr
from rseq._language.interpret import FaultError, LimitError, Memory, run
from rseq._language.types import SCALARS


class Node(rseq.Record):
    value: i64
    next: i64


class Lane(rseq.Record):
    count: i64
    small: i16
    head: ptr[Node]
    slots: prepared[i64[4]]


@rseq.sequence
def push(cpu: Lane, value: i64 = 5) -> bool:
    n = cpu.count
    if n == 4:
        return False
    cpu.slots[n] = value
    cpu.count = n + 1
    return True


@rseq.sequence
def put(cpu: Lane, index: i64) -> None:
    cpu.slots[0] = 9
    at = index + 1
    cpu.slots[at] = 9
    cpu.count = 1


@rseq.sequence
def divide(cpu: Lane, a: f64, b: f64) -> f64:
    return a / b


@rseq.routine
def fill(cpu: Lane, value: i64) -> i64:
    done = 0
    while push(cpu, value):
        done += 1
    return done


@rseq.routine
def push_and_put(cpu: Lane, index: i64) -> None:
    push(cpu, 7)
    put(cpu, index)
    push(cpu, 8)


def number(memory: Memory, cpu: int, field: str) -> Any:
    place = Lane.fields[field]
    return memory.load(memory.lane(cpu) + place.offset, getattr(place.type, "element", place.type))


def test_it_runs_on_one_lane_and_leaves_the_others_alone() -> None:
    memory = Memory.of(Lane, lanes=3)
    assert run(push.body, memory, [7], cpu=1) is True
    assert [number(memory, cpu, "count") for cpu in range(3)] == [0, 1, 0]
    assert number(memory, 1, "slots") == 7


def test_defaults_are_filled_in_and_arguments_brought_into_their_types() -> None:
    memory = Memory.of(Lane)
    run(push.body, memory)
    assert number(memory, 0, "slots") == 5
    run(push.body, memory, [(1 << 64) + 3])
    with pytest.raises(TypeError, match=r"push\(\) takes 1 arguments after cpu; got 2"):
        run(push.body, memory, [1, 2])
    with pytest.raises(TypeError, match=r"put\(\) takes 1 arguments after cpu; got 0"):
        run(put.body, memory)


def test_a_failed_check_commits_nothing_and_keeps_what_was_prepared() -> None:
    memory = Memory.of(Lane)
    with pytest.raises(IndexError, match=r"at is out of range for cpu\.slots, which has 4 elements"):
        run(put.body, memory, [3])
    assert number(memory, 0, "slots") == 9
    assert number(memory, 0, "count") == 0


def test_a_routine_runs_whole_sequences_until_one_fails() -> None:
    memory = Memory.of(Lane, lanes=2)
    assert run(fill.body, memory, [3], cpu=1) == 4
    memory = Memory.of(Lane)
    with pytest.raises(IndexError):
        run(push_and_put.body, memory, [-2])
    assert number(memory, 0, "count") == 1


def test_a_loop_that_never_ends_is_stopped() -> None:
    waiting = compiled("def f(cpu: Lane) -> None:\n    while True:\n        pass\n", rseq.routine, Lane=Lane)
    with pytest.raises(LimitError, match=r"f\(\) has not ended"):
        run(waiting.body, Memory.of(Lane), limit=1000)


def test_pointers_are_addresses_in_the_memory_that_is_there() -> None:
    text = "def f(cpu: Lane, p: ptr[Node]) -> ptr[Node]:\n    p.value = 3\n    cpu.head = p\n    return p\n"
    publish = compiled(text, Lane=Lane, Node=Node)
    memory = Memory.of(Lane)
    rows, more = memory.add(3 * Node.size), memory.add(1)
    assert more >= rows + 3 * Node.size
    assert run(publish.body, memory, [rows + Node.size]) == rows + Node.size
    assert memory.load(rows + Node.size, SCALARS["i64"]) == 3
    assert number(memory, 0, "head") == rows + Node.size
    for address in (0, rows + 3 * Node.size, rows - 1):
        with pytest.raises(FaultError, match="is in no block of this memory"):
            run(publish.body, memory, [address])


def test_two_pointers_that_must_be_apart_are() -> None:
    text = "def f(cpu: Lane, p: ptr[Node], q: ptr[Node]) -> None:\n    q.value = p.value + 1\n    cpu.count = 1\n"
    sequence = compiled(text, Lane=Lane, Node=Node)
    memory = Memory.of(Lane)
    row, other = memory.add(Node.size), memory.add(Node.size)
    with pytest.raises(ValueError, match=r"^f\(\): p and q are the same row; "):
        run(sequence.body, memory, [row, row])
    assert memory.load(row, i64) == memory.load(memory.lane(0), i64) == 0
    run(sequence.body, memory, [row, other])
    assert memory.load(other, i64) == 1


def test_a_copy_of_memory_is_apart() -> None:
    memory = Memory.of(Lane)
    copy = memory.copy()
    run(push.body, memory)
    assert number(memory, 0, "count") == 1
    assert number(copy, 0, "count") == 0


@pytest.mark.parametrize(("order", "byteorder"), [("<", "little"), (">", "big"), ("=", sys.byteorder)])
def test_memory_has_a_byte_order(order: str, byteorder: Any) -> None:
    memory = Memory.of(Lane)
    memory.order = order
    memory.store(memory.lane(0), SCALARS["i16"], -2)
    assert memory.blocks[memory.lane(0)][:2] == (-2).to_bytes(2, byteorder, signed=True)
    assert memory.load(memory.lane(0), SCALARS["i16"]) == -2


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (1.0, 0.0, math.inf),
        (1.0, -0.0, -math.inf),
        (-1.0, 0.0, -math.inf),
        (-math.inf, -0.0, math.inf),
        (0.0, 0.0, math.nan),
        (math.nan, 0.0, math.nan),
        (1e308, 1e-308, math.inf),
        (1.0, math.nan, math.nan),
    ],
)
def test_division_by_zero_is_ieee(a: float, b: float, expected: float) -> None:
    assert repr(run(divide.body, Memory.of(Lane), [a, b])) == repr(expected)


def test_a_buffer_an_index_and_a_default_go_together() -> None:
    class Row(rseq.Record):
        value: i64

    class Shelf(rseq.Record):
        first: index[Row]
        total: i64

    text = "def f(cpu: Shelf, data: bytes, n: i64 = 5) -> i64:\n    return cpu.first.value + i64(data[1]) + n\n"
    code = compiled(text, Shelf=Shelf, Row=Row)
    memory = Memory.of(Shelf)
    rows = memory.add_rows(Row, 2)
    memory.store(rows + Row.size, SCALARS["i64"], 100)
    memory.store(memory.lane(0), SCALARS["u32"], 2)
    data = memory.add(3)
    memory.write(data, b"abc")
    assert run(code.body, memory, [data, 3]) == 100 + ord("b") + 5
    assert run(code.body, memory, [data, 3, 1000]) == 100 + ord("b") + 1000
    with pytest.raises(TypeError, match=r"^f\(\) takes 3 arguments after cpu; got 1$"):
        run(code.body, memory, [data])


def test_none_may_come_first_in_a_conditional_expression() -> None:
    text = "def f(cpu: Lane, n: i64, node: ptr[Node]) -> ptr[Node]:\n    return {}\n"
    for choice in ("None if n > 0 else node", "node if n <= 0 else None", "None if not n <= 0 else node"):
        body = compiled(text.format(choice)).body
        assert [run(body, Memory.of(body.record), [n, 64]) for n in (1, 0)] == [0, 64]
