"""Buffers that are views of memory which sequences work on: of the lanes, and of rows that a sequence finds."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

import rseq
from rseq import i64, index, prepared, ptr, u8, u64

pytestmark = pytest.mark.needs_rseq


class Text(rseq.Record):
    count: u64
    text: prepared[u8[16]]


class Row(rseq.Record):
    text: u8[16]


class Head(rseq.Record):
    first: ptr[Row]
    number: index[Row]
    kept: i64


@rseq.sequence
def put(cpu: Text, data: bytes) -> None:
    rseq.copy(cpu.text, data, 4)
    cpu.count += 1


@rseq.sequence
def get(cpu: Text, out: bytearray) -> u64:
    rseq.copy(out, cpu.text, 4)
    return cpu.count


@rseq.routine
def put_twice(cpu: Text, data: bytes) -> None:
    put(cpu, data)
    put(cpu, data)


@rseq.sequence
def push(cpu: Head, row: ptr[Row]) -> None:
    cpu.first = row


@rseq.sequence
def pop(cpu: Head, out: bytearray) -> bool:
    first = cpu.first
    if first is None:
        return False
    rseq.copy(out, first.text, 4)
    cpu.first = None
    return True


@rseq.sequence
def set_number(cpu: Head, row: index[Row]) -> None:
    cpu.number = row


@rseq.sequence
def text_of(cpu: Head, out: bytearray) -> bool:
    number = cpu.number
    if number is None:
        return False
    rseq.copy(out, number.text, 4)
    cpu.number = None
    return True


VIEW = r"a buffer is a view of the per-CPU memory that this works on: pass a copy, such as bytes\(view\)$"


@pytest.mark.parametrize("sequence", [put, get, put_twice])
def test_a_view_of_a_lane_is_refused(sequence: Any) -> None:
    texts = rseq.percpu(Text)
    bound = sequence.bind(texts)
    for lane in texts.view():
        with pytest.raises(ValueError, match=VIEW):
            bound(memoryview(lane["text"]))
    assert not texts.per_cpu()["count"].any()
    bound(bytearray(16))  # as the message says


def test_a_part_of_a_view_is_refused_and_what_lies_beside_it_is_not() -> None:
    """Other records lie in the same lanes; only what the sequence works on is refused."""
    before, texts, behind = rseq.percpu(Text), rseq.percpu(Text), rseq.percpu(Text)
    bound = put.bind(texts)
    with pytest.raises(ValueError, match=VIEW):
        bound(memoryview(texts.view()[0]["text"])[12:])
    for other in (before, behind):
        bound(memoryview(other.view()[0]["text"]))
    other_element = rseq.percpu(Text, 2)
    element = put.bind(other_element)
    with pytest.raises(ValueError, match=VIEW):
        element(1, memoryview(other_element.view()[0][1]["text"]))
    element(0, memoryview(other_element.view()[0][1]["text"]))


@pytest.mark.usefixtures("one_cpu")
def test_rows_that_are_found_are_compared_with_the_buffer() -> None:
    heads, rows = rseq.percpu(Head), rseq.array(Row, 4)
    pushed, popped = push.bind(heads, rows), pop.bind(heads)
    memory = memoryview(rows.values).cast("B")
    for start, stop in itertools.combinations(range(0, 65, 4), 2):
        pushed(rows[1])
        if start < 32 and stop > 16:
            message = r"^pop\(\): out is a view of a row that ptr\[Row\] leads to: pass a copy$"
            with pytest.raises(ValueError, match=message):
                popped(memory[start:stop])
        else:
            assert popped(memory[start:stop])
    pushed(rows[1])
    assert popped(bytearray(4))  # as the message says
    assert not popped(bytearray(4))


@pytest.mark.usefixtures("one_cpu")
def test_rows_that_are_found_by_number_are_compared_too() -> None:
    heads, rows = rseq.percpu(Head), rseq.array(Row, 4)
    numbered, texts = set_number.bind(heads, rows), text_of.bind(heads, rows)
    numbered(rows[2])
    memory = memoryview(rows.values).cast("B")
    with pytest.raises(ValueError, match="leads to: pass a copy"):
        texts(memory[40:50])
    assert texts(memory[48:])


@pytest.mark.usefixtures("one_cpu")
def test_numba_refuses_them_as_well() -> None:
    numba = pytest.importorskip("numba")
    texts, heads, rows = rseq.percpu(Text), rseq.percpu(Head), rseq.array(Row, 4)
    bound, popped = put.bind(texts), pop.bind(heads)
    push.bind(heads, rows)(rows[1])

    @numba.njit
    def puts(data: Any) -> None:
        bound(data)

    @numba.njit
    def pops(out: Any) -> bool:
        return popped(out)

    with pytest.raises(ValueError, match=VIEW):
        puts(texts.view()[0]["text"])
    with pytest.raises(ValueError, match="leads to: pass a copy"):
        pops(rows.values["text"][1])
    puts(rows.values["text"][1])
    assert pops(rows.values["text"][2])
