"""Indices of rows: native code, interpreter and Python's side agree, and nothing that is stored can crash."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

import pytest

import rseq
from oracle import Bench, writable
from programs import compiled
from rseq import i64, index, prepared, u8

pytestmark = [pytest.mark.needs_rseq, pytest.mark.usefixtures("cpu")]


class Entry(rseq.Record):
    next: index[Entry]  # type: ignore[name-defined]
    value: i64
    tags: u8[5]


class Pair(rseq.Record):
    low: u8
    high: u8


class Lane(rseq.Record):
    first: index[Entry]
    count: i64
    recent: prepared[index[Entry][3]]
    pair: index[Pair]


NAMES = {"Lane": Lane, "Entry": Entry, "Pair": Pair, "index": index}
NOT_THERE = [0, 5, 6, 1 << 31, (1 << 32) - 1]


@pytest.fixture
def entries() -> Any:
    return rseq.array(Entry, 4)


def function(parameters: str, result: str, *lines: str, decorator: Any = rseq.sequence, **names: Any) -> Any:
    text = "\n".join([f"def f(cpu: Lane{parameters}) -> {result}:", *(f"    {line}" for line in lines)]) + "\n"
    return compiled(text, decorator, **NAMES, **names)


push = function(", e: index[Entry], n: i64", "None", "e.next = cpu.first", "e.value = n", "cpu.first = e")
pop = function(
    "", "index[Entry]", "e = cpu.first", "if e is None:", "    return None", "cpu.first = e.next", "return e"
)
first_value = function("", "i64", "return cpu.first.value")
tag = function(", e: index[Entry], at: i64", "i64", "e.tags[at & 7] = 3", "return at")


def test_a_stack_of_rows(entries: Any) -> None:
    storage = rseq.percpu(Lane)
    pushed, popped = push.bind(storage, entries), pop.bind(storage, entries)
    for number in (2, 0, 3):
        pushed(entries[number], number * 10)
    assert entries.values["value"].tolist() == [0, 0, 20, 30]
    assert [popped() for _ in range(4)] == [entries[3], entries[0], entries[2], None]


@pytest.mark.parametrize("stored", NOT_THERE)
def test_what_is_no_row_is_an_index_error_and_changes_nothing(cpu: int, entries: Any, stored: int) -> None:
    bench = Bench(first_value, cpu, entries)
    for lane in bench.lanes:
        lane["first"] = stored
    text = "IndexError: cpu.first is no row of the array of Entry: it is None or out of range"
    assert bench.check() == text


def test_each_row_is_reached(cpu: int, entries: Any) -> None:
    bench = Bench(first_value, cpu, entries)
    entries.values["value"] = [5, 6, 7, 8]
    for number in range(4):
        for lane in bench.lanes:
            lane["first"] = number + 1
        assert bench.check() == 5 + number


@pytest.mark.parametrize("at", range(8))
def test_elements_of_a_row_are_checked_too(cpu: int, entries: Any, at: int) -> None:
    answer = Bench(tag, cpu, entries).check(entries[3], at)
    assert answer == (at if at < 5 else "IndexError: at & 7 is out of range for e.tags, which has 5 elements")
    assert entries.values["tags"].sum() == (3 if at < 5 else 0)


def test_rows_of_every_size_are_where_they_are(cpu: int) -> None:
    code = function(", p: index[Pair], n: u8", "i64", "p.high = n", "return i64(p.low)")
    pairs = rseq.array(Pair, 5)
    pairs.values["low"] = [1, 2, 3, 4, 5]
    bench = Bench(code, cpu, pairs)
    assert [bench.check(pairs[number], 50 + number) for number in range(5)] == [1, 2, 3, 4, 5]
    assert pairs.values["high"].tolist() == [50, 51, 52, 53, 54]


@pytest.mark.parametrize(("first", "second"), [(0, 0), (0, 1), (None, None), (2, None)])
def test_indices_are_compared(cpu: int, entries: Any, first: int | None, second: int | None) -> None:
    lines = ("if a is None:", "    return -1", "if a == b:", "    return 1", "return 2 if b is not None else 3")
    code = function(", a: index[Entry], b: index[Entry]", "i64", *lines)
    a, b = (None if number is None else entries[number] for number in (first, second))
    expected = -1 if a is None else 1 if a == b else 2 if b is not None else 3
    assert Bench(code, cpu, entries).check(a, b) == expected


def test_indices_are_stored_in_elements_and_given_back(cpu: int, entries: Any) -> None:
    lines = ("cpu.recent[at] = e", "cpu.recent[0] = None", "cpu.count += 1", "return e")
    code = function(", e: index[Entry], at: i64", "index[Entry]", *lines)
    bench = Bench(code, cpu, entries)
    assert bench.check(entries[1], 2) == entries[1]
    assert bench.check(None, 1) is None
    assert bench.lanes[0]["recent"].tolist() == [[0, 0, 2]]


def test_two_arrays_are_told_apart(cpu: int, entries: Any) -> None:
    code = function(", e: index[Entry]", "None", "value = cpu.pair.high", "e.value = i64(value)")
    pairs = rseq.array(Pair, 3)
    pairs.values["low"], pairs.values["high"] = [1, 2, 3], [4, 5, 6]
    bench = Bench(code, cpu, pairs, entries)
    for lane in bench.lanes:
        lane["pair"] = 3
    bench.check(entries[2])
    assert entries.values["value"].tolist() == [0, 0, 6, 0]


def test_routines_follow_indices_and_pass_the_arrays_on(cpu: int, entries: Any) -> None:
    lines = ("push(cpu, e, 5)", "e.value = e.value + 1", "n: i64 = 0", "while e is not None and n < 100:")
    lines += ("    n = n + e.value", "    e = e.next", "return n")
    code = function(", e: index[Entry]", "i64", *lines, decorator=rseq.routine, push=push)
    assert Bench(code, cpu, entries).check(entries[1]) == 6


def test_a_circle_in_corrupt_memory_ends_when_the_routine_says_so(cpu: int, entries: Any) -> None:
    lines = (
        "e = cpu_first(cpu)",
        "n: i64 = 0",
        "while e is not None and n < 10:",
        "    n += 1",
        "    e = e.next",
        "return n",
    )
    first = function("", "index[Entry]", "return cpu.first")
    code = function("", "i64", *lines, decorator=rseq.routine, cpu_first=first)
    entries[0]["next"] = entries[0]
    bench = Bench(code, cpu, entries)
    for lane in bench.lanes:
        lane["first"] = 1
    assert bench.check() == 10


def test_arguments_are_rows_of_the_array(entries: Any) -> None:
    bound = tag.bind(rseq.percpu(Lane), entries)
    with pytest.raises(TypeError, match=r"f\(\): e is index\[Entry\], a row of an rseq.array or None; got 1"):
        bound(1, 0)
    with pytest.raises(ValueError, match="a row of another array"):
        bound(rseq.array(Entry, 4)[0], 0)
    with pytest.raises(IndexError, match="e is no row of the array of Entry"):
        bound(None, 0)
    with pytest.raises(TypeError, match="so it is bound with one array of that record"):
        first_value.bind(rseq.percpu(Lane))


def test_a_returned_index_that_means_no_row_is_an_index_error(entries: Any) -> None:
    storage = rseq.percpu(Lane)
    bound = function("", "index[Entry]", "return cpu.first").bind(storage, entries)
    assert bound() is None
    writable(storage)["first"] = 9
    with pytest.raises(IndexError, match=r"the stored index 9 means no row of rseq.array\(Entry, 4\)"):
        bound()


def test_python_reads_and_writes_stored_indices(entries: Any) -> None:
    entries[0]["next"] = entries[2]
    assert entries[0]["next"] == 3 == entries.index_of(entries[2])
    assert entries.row_of(entries[0]["next"]) == entries[2]
    assert (entries.row_of(0), entries.index_of(None)) == (None, 0)
    entries.values["next"][1] = 1  # not read-only: a wrong number is noticed when it is followed
    for wrong in (-1, 5):
        with pytest.raises(IndexError):
            entries.row_of(wrong)
    with pytest.raises(ValueError, match="another array"):
        entries.index_of(rseq.array(Entry, 4)[0])
    with pytest.raises(TypeError, match="expected a row of"):
        entries.index_of(3)
    with pytest.raises(TypeError, match=r"next is index\[Entry\]"):
        entries[0]["next"] = 1


class Link(rseq.Record):
    next: rseq.index[Link]  # type: ignore[name-defined]
    value: i64


class Links(rseq.Record):
    first: rseq.index[Link]


@rseq.sequence
def put_link(cpu: Links, link: rseq.index[Link]) -> None:
    link.next = cpu.first
    cpu.first = link


@rseq.sequence
def take_link(cpu: Links) -> rseq.index[Link]:
    link = cpu.first
    if link is None:
        return None
    cpu.first = link.next
    return link


def test_forked_processes_share_lists_of_rows() -> None:
    """Who has taken a row has it alone: what all have added is in the rows, and each row is on one list."""
    segment = rseq.Segment()
    links = rseq.array(Link, 12, segment=segment)
    lists, added = rseq.percpu(Links, segment=segment), rseq.Counter(segment=segment)
    put, take = put_link.bind(lists, links), take_link.bind(lists, links)
    for link in links:
        put(link)

    def work() -> None:
        for turn in range(2000):
            link = take()
            if link is not None:
                link["value"] += turn % 3
                added.add(turn % 3)
                put(link)

    children = [forked(work) for _ in range(3)]
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
    found = []
    for number in lists.view()["first"].tolist():
        row = links.row_of(number)
        while row is not None:
            found.append(row.index)
            row = links.row_of(row["next"])
    assert sorted(found) == list(range(12))
    assert links.values["value"].sum() == added.value > 0


def forked(work: Callable[[], None]) -> int:
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(sys.exc_info()[0] is not None)
    return child


def test_rows_and_storage_belong_to_the_same_processes() -> None:
    class Entry(rseq.Record):
        value: i64

    class Head(rseq.Record):
        first: rseq.index[Entry]

    @rseq.sequence
    def put(cpu: Head, entry: rseq.index[Entry]) -> None:
        cpu.first = entry

    entries = rseq.array(Entry, 3)
    put.bind(rseq.percpu(Head), entries)(entries[1])
    segment = rseq.Segment()
    shared = rseq.array(Entry, 3, segment=segment)
    put.bind(rseq.percpu(Head, segment=segment), shared)(shared[1])
    for storage, rows in [
        (rseq.percpu(Head, segment=segment), entries),
        (rseq.percpu(Head), shared),
        (rseq.percpu(Head, segment=rseq.Segment()), shared),
    ]:
        with pytest.raises(TypeError, match=r"^put\.bind\(\): Head holds numbers of rows, so the storage and the rows"):
            put.bind(storage, rows)
    with pytest.raises(TypeError, match=r"^put\.bind\(\) takes arrays made by rseq\.array"):
        put.bind(rseq.percpu(Head), rseq.percpu(Head))  # type: ignore[arg-type]
