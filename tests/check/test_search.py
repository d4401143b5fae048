"""Which cases are tried: memory that operations reach, its limits, and arguments at which they decide."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import rseq
from rseq import i64, prepared, ptr, u64
from rseq._check.choose import Chooser
from rseq._check.code import Operation
from rseq._check.machine import LANES
from rseq._check.search import Search
from rseq._check.states import CPUS, Cases
from rseq._language.parser.parse import parse
from rseq._sequence import Sequence
from rseq.check import check


def searched(*codes: Any) -> Search:
    """What is found for sequences, and for routines that cross CPUs."""
    made = [Operation.of(code) for code in codes]
    routines = [one for one, code in zip(made, codes, strict=True) if code.kind == "routine"]
    return Search(Cases(made, 2), routines)


def lanes(search: Search, number: int = 0) -> list[Any]:
    """What a lane holds in each case."""
    cases = search.cases
    held = [state[number * cases.stride :][: cases.record.size] for state in search.states]
    return [np.frombuffer(lane, cases.record.dtype)[0] for lane in held]


class Stack(rseq.Record):
    limit: u64
    count: u64
    slots: prepared[u64[16]]

    @staticmethod
    def starts(lanes: Any) -> None:
        lanes["limit"] = 11

    @staticmethod
    def live(lane: Any) -> Any:
        return lane["slots"][: min(int(lane["count"]), 16)]


@rseq.sequence
def push(cpu: Stack, value: u64) -> bool:
    n = cpu.count
    if n >= cpu.limit:
        return False
    cpu.slots[n] = value
    cpu.count = n + 1
    return True


@rseq.sequence
def pop(cpu: Stack) -> u64:
    n = cpu.count
    if n == 0:
        return 0
    value: u64 = cpu.slots[n - 1]
    cpu.count = n - 1
    return value


class Queue(rseq.Record):
    head: u64
    gap: u64[8]
    tail: u64
    data: prepared[u64[4]]

    @staticmethod
    def live(lane: Any) -> list[int]:
        head, tail = int(lane["head"]), int(lane["tail"])
        return [int(lane["data"][place % 4]) for place in range(tail, head)] if 0 <= head - tail <= 4 else []


@rseq.sequence(release=True)
def put(cpu: Queue, x: u64) -> bool:
    head = cpu.head
    if head - rseq.load_acquire(cpu.tail) >= 4:
        return False
    cpu.data[head & 3] = x
    cpu.head = head + 1
    return True


@rseq.sequence(release=True)
def put_one_too_many(cpu: Queue, x: u64) -> bool:
    head = cpu.head
    if head - rseq.load_acquire(cpu.tail) > 4:
        return False
    cpu.data[head & 3] = x
    cpu.head = head + 1
    return True


@rseq.routine
def get(cpu: Queue, number: u64) -> u64:
    there = rseq.lane(cpu, number)
    tail = there.tail
    if tail == rseq.load_acquire(there.head):
        return 0
    x = there.data[tail & 3]
    rseq.store_release(there.tail, tail + 1)
    return x


@rseq.routine
def read_from(cpu: Queue, number: u64, begin: u64, out: bytearray) -> u64:
    """Copies an item, if `begin` is where the reader is."""
    there = rseq.lane(cpu, number)
    if begin != there.tail or begin >= rseq.load_acquire(there.head):
        return 0
    rseq.copy(out, there.data[begin & 3], 8)
    return 1


class Switch(rseq.Record):
    state: u64
    value: u64


@rseq.sequence
def turn(cpu: Switch, known: u64) -> bool:
    if cpu.state != known:
        return False
    cpu.state = known + 1000
    return True


@rseq.sequence
def set_to(cpu: Switch, state: u64) -> None:
    cpu.state = state


# ---- memory


def test_memory_begins_as_the_record_says() -> None:
    first, *_ = lanes(searched(push, pop))
    assert (first["limit"], first["count"]) == (11, 0)


def test_a_record_may_say_several_beginnings() -> None:
    class Counter(rseq.Record):
        value: i64

        @staticmethod
        def starts(lanes: Any) -> Iterator[None]:
            for value in (7, -1):
                lanes["value"] = value
                yield

    @rseq.sequence
    def add(cpu: Counter) -> None:
        cpu.value += 1

    assert [int(lane["value"]) for lane in lanes(searched(add))][:2] == [7, -1]


def test_a_stack_is_filled_and_emptied_by_its_own_operations() -> None:
    counts = {int(lane["count"]) for lane in lanes(searched(push, pop)) if lane["limit"] == 11}
    assert {0, 10, 11} <= counts


def test_a_queue_is_full_and_turns_over() -> None:
    found = [(int(lane["head"]), int(lane["tail"])) for lane in lanes(searched(put, get))]
    assert any(head - tail == 4 for head, tail in found)
    assert any(head - tail == 3 for head, tail in found)
    assert any(head > 4 and 0 < head - tail <= 4 for head, tail in found)


def test_fields_that_are_compared_differ_by_the_constants_of_the_code() -> None:
    cases = Cases([Operation.of(put)], 2)
    at = [cases.record.fields[name].offset for name in ("head", "tail")]
    pairs = [tuple(int.from_bytes(state[place : place + 8], "little") for place in at) for state in cases.filled()]
    differences = {(head - tail) % (1 << 64) for head, tail in pairs}
    assert {3, 4, 5} <= differences


def test_the_two_lanes_differ() -> None:
    for codes in ((push, pop), (put, get), (turn, set_to)):
        search = searched(*codes)
        differ = [mine != theirs for mine, theirs in zip(lanes(search), lanes(search, 1), strict=True)]
        assert sum(differ) > len(differ) // 2


class Node(rseq.Record):
    next: ptr[Node]  # type: ignore[name-defined]
    value: i64


class Head(rseq.Record):
    first: ptr[Node]


@rseq.sequence
def link(cpu: Head, node: ptr[Node]) -> None:
    node.next = cpu.first
    cpu.first = node


def test_no_row_is_linked_twice_on_the_way() -> None:
    search = searched(link)
    longest = 0
    for state in search.states:
        rows = [row for lane in (0, 1) for row in chain(state, lane * search.cases.stride)]
        assert len(rows) == len(set(rows))
        longest = max(longest, len(rows))
    assert longest > 3


def chain(state: bytes, at: int) -> list[int]:
    """The rows that a lane's list leads to; what no list leads to may hold anything."""
    rows: list[int] = []
    while (row := int.from_bytes(state[at : at + 8], "little")) and row not in rows:
        rows.append(row)
        at = row - LANES
    return rows


# ---- arguments


def test_arguments_are_those_at_which_the_operation_decides() -> None:
    search = searched(turn)
    returned = {search.trial(turn_, case.given, search.states[case.state]).outcome for turn_, case in _cases(search)}
    assert returned == {("True", ""), ("False", "")}


def _cases(search: Search) -> list[tuple[Operation, Any]]:
    return [(operation, case) for operation, cases in search.found.items() for case in cases]


def test_who_interrupts_is_called_with_numbers_at_which_the_victim_decides() -> None:
    """Only one number in 2**64 has `turn` decide otherwise: the one that it is called with."""
    search = searched(turn, set_to)
    victim, other = search.cases.operations
    changed = False
    for meeting in Chooser(search).meetings(victim, other, 30, 2):
        state = search.states[meeting.case.state]
        alone = search.trial(victim, meeting.case.given, state).outcome
        for given in meeting.others:
            after = search.trial(other, given, state, 1).shared
            changed |= (alone, search.trial(victim, meeting.case.given, after).outcome) == (
                ("False", ""),
                ("True", ""),
            )
    assert changed


def test_a_reader_is_called_with_where_it_is_and_copies_what_the_writer_writes() -> None:
    search = searched(put, read_from)
    victim, routine = search.cases.operations
    copied = 0
    for state, mine, theirs in Chooser(search).crossing(victim, routine, 30):
        number, *_ = search.arguments(routine, theirs, 1)
        after = search.trial(victim, mine, search.states[state]).shared
        copied += number == 0 and search.trial(routine, theirs, after, 1).outcome == ("1", "")
    assert copied > 1


def test_a_lane_s_number_is_the_writer_s_the_reader_s_or_the_spare_lane_s() -> None:
    cases = Cases([Operation.of(get)], 2)
    (operation,) = cases.operations
    numbers = {cases.resolved(operation, given, 0)[0] for given in cases.given(operation)}
    assert numbers == {0, 1, CPUS}


@pytest.mark.slow
def test_the_search_is_the_same_each_time_and_bounded() -> None:
    one, other = searched(put, get), searched(put, get)
    assert one.states == other.states
    assert list(one.found.values()) == list(other.found.values())
    assert len(searched(put, get)._tried) <= one.trials + 100


# ---- what that finds


@pytest.mark.slow
def test_a_queue_that_overwrites_its_oldest_item_is_found() -> None:
    assert check(put, get).ok
    report = check(put_one_too_many, get)
    assert {violation.rule for violation in report.violations} == {"half-done"}


def test_a_read_that_is_out_of_date_by_one_number_is_found() -> None:
    """The restart is harmless for all numbers but one."""

    class Pair(rseq.Record):
        seen: prepared[u64]
        state: u64

        @staticmethod
        def live(lane: Any) -> int:
            return int(lane["seen"]) if lane["state"] == 1000 else 0

    def remember(cpu: Pair, known: u64) -> bool:
        if cpu.state != known:
            return False
        cpu.seen = cpu.seen + 1
        cpu.state = 1000
        return True

    @rseq.sequence
    def become(cpu: Pair, state: u64) -> None:
        cpu.state = state

    sequence: Any = Sequence(remember, parse(remember))
    assert not check(sequence, become).ok
