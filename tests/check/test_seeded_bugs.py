"""Wrong code, and the checker notices: each case is a small change to what is emitted, or a sequence that the contract
would have refused. Unchanged, the same sequences pass. The last ones are between CPUs: a hand-over without a release, a
steal without a fence.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

import rseq
import tiers
from rseq import _arch as arch
from rseq import i32, i64, index, prepared, u32
from rseq._arch.base import Assembly
from rseq._language.parser.parse import parse
from rseq._sequence import Sequence
from rseq.check import Report, check
from seeded import (
    RESTART,
    START,
    Spoil,
    abort_to_start,
    commit_split,
    cpu_read_before_the_section,
    end_before_the_commit,
    end_late_with_a_second_store,
    input_modified,
    instruction_between_store_and_start,
    lane_from_cpu_id_start,
    made_of,
    no_descriptor_store,
    parts_of,
    store_after_start,
    two_commit_sites,
    wrong_signature,
)
from support import run_of


class Cell(rseq.Record):
    value: i32


@rseq.sequence
def add(cpu: Cell, n: i32) -> i32:
    """A load, an addition and a store; what was there before is returned."""
    before = cpu.value
    cpu.value = before + n
    return before


SPOILT: dict[str, tuple[Spoil, int]] = {
    function.__name__: (function, depth)
    for function, depth in [
        (no_descriptor_store, 1),
        (store_after_start, 2),
        (instruction_between_store_and_start, 2),
        (end_before_the_commit, 1),
        (end_late_with_a_second_store, 1),
        (cpu_read_before_the_section, 2),
        (lane_from_cpu_id_start, 2),
        (abort_to_start, 2),
        (wrong_signature, 1),
        (input_modified, 1),
        (commit_split, 1),
        (two_commit_sites, 1),
    ]
}
"""Each change, and how many interruptions of one run it takes to see it."""


def failing(report: Report) -> set[str]:
    return {violation.rule for violation in report.violations}


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", tiers.names())
@pytest.mark.parametrize("depth", [1, 2])
def test_unchanged_it_passes(name: str, depth: int) -> None:
    report = check(add, arch=name, depth=depth)
    assert report.ok, str(report)


@pytest.mark.parametrize(("change", "name"), tiers.by_turns(SPOILT))
def test_a_change_to_the_code_is_noticed(change: str, name: str) -> None:
    spoil, depth = SPOILT[change]
    report = check(add, arch=name, depth=depth, spoil=spoil)
    assert failing(report) - {"no-lane"}
    assert "differs" not in failing(report), str(report)  # uninterrupted, it would have passed


def test_a_failure_of_two_interruptions_can_be_replayed() -> None:
    first = check(add, depth=2, spoil=abort_to_start).violations[0]
    run = run_of(first)
    assert run.count("/") == 2
    assert check(add, depth=2, spoil=abort_to_start, replay=run).violations[0].text == first.text


def lane_number_unchecked(assembly: Assembly) -> Assembly:
    before, lane, body, end = parts_of(assembly)
    address = [line for line in lane if not re.search(r"\b9b\b", line.text)]
    assert address != lane
    return made_of(assembly, RESTART, before, START, address, body, end)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("name", tiers.names())
@pytest.mark.parametrize("change", [lane_number_unchecked, lane_from_cpu_id_start], ids=lambda one: one.__name__)
def test_threads_without_a_lane_are_noticed(name: str, change: Spoil) -> None:
    assert failing(check(add, arch=name, spoil=change)) & {"no-lane"}


# ---- sequences that the contract refuses


def unchecked(function: Callable[..., Any]) -> Sequence[..., Any]:
    """A sequence that nobody has held against the contract."""
    return Sequence(function, parse(function))


class Visible(rseq.Record):
    """`first` is prepared for the compiler; for whoever reads it, it is always live."""

    first: prepared[i32]
    second: i32

    @staticmethod
    def live(lane: Any) -> int:
        return int(lane["first"])


@unchecked
def store_before_the_commit(cpu: Visible, n: i32) -> None:
    cpu.first = n
    cpu.second += n


class Scratch(rseq.Record):
    turn: prepared[i32]
    value: i32


@unchecked
def write_after_read(cpu: Scratch, n: i32) -> None:
    turn = cpu.turn + n
    cpu.turn = turn
    cpu.value = turn


@pytest.mark.one_in(2)
@pytest.mark.parametrize("name", tiers.names())
@pytest.mark.parametrize("sequence", [store_before_the_commit, write_after_read], ids=lambda one: one.__name__)
def test_what_the_contract_refuses_is_noticed(name: str, sequence: Any) -> None:
    report = check(sequence, arch=name)
    assert not report.ok
    assert "differs" not in failing(report), str(report)


# ---- between CPUs


class Box(rseq.Record):
    content: prepared[i32]
    number: u32


@rseq.sequence(release=True)
def hand_over(cpu: Box, content: i32) -> None:
    number = cpu.number
    cpu.content = content
    cpu.number = number + 1


@rseq.sequence
def hand_over_unordered(cpu: Box, content: i32) -> None:
    number = cpu.number
    cpu.content = content
    cpu.number = number + 1


@rseq.routine
def receive(cpu: Box, lane: i64, known: u32) -> i32:
    there = rseq.lane(cpu, lane)
    if rseq.load_acquire(there.number) == known:
        return -1
    return there.content


@rseq.routine
def receive_unordered(cpu: Box, lane: i64, known: u32) -> i32:
    there = rseq.lane(cpu, lane)
    if there.number == known:
        return -1
    return there.content


def no_release(assembly: Assembly) -> Assembly:
    """The plain form of the store, where there is one for an ordered commit."""
    body = assembly.section.body
    plain = assembly.architecture.assemble(replace(assembly.section, body=replace(body, release=False)), assembly.index)
    return replace(plain, section=assembly.section)


class Bag(rseq.Record):
    stopped: u32
    count: i32
    slots: prepared[i32[4]]


@rseq.sequence
def take(cpu: Bag) -> i32 | None:
    if rseq.load_acquire(cpu.stopped) != 0:
        return None
    n = cpu.count
    if n < 1:
        return None
    item = cpu.slots[n - 1]
    cpu.count = n - 1
    return item


@rseq.sequence
def take_looking_late(cpu: Bag) -> i32 | None:
    """A steal may begin and end between its two loads."""
    n = cpu.count
    if rseq.load_acquire(cpu.stopped) != 0 or n < 1:
        return None
    item = cpu.slots[n - 1]
    cpu.count = n - 1
    return item


@rseq.routine
def steal(cpu: Bag, lane: i64) -> i32:
    there = rseq.lane(cpu, lane)
    if not rseq.compare_exchange(there.stopped, 0, 1):
        return -1
    item: i32 = -2
    if rseq.fence(lane):
        n = rseq.load_acquire(there.count)
        if n >= 1:
            item = there.slots[n - 1]
            rseq.store_release(there.count, n - 1)
    rseq.store_release(there.stopped, 0)
    return item


@rseq.routine
def steal_unfenced(cpu: Bag, lane: i64) -> i32:
    there = rseq.lane(cpu, lane)
    if not rseq.compare_exchange(there.stopped, 0, 1):
        return -1
    item: i32 = -2
    n = rseq.load_acquire(there.count)
    if n >= 1:
        item = there.slots[n - 1]
        rseq.store_release(there.count, n - 1)
    rseq.store_release(there.stopped, 0)
    return item


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", tiers.names())
def test_what_crosses_cpus_in_order_passes(name: str) -> None:
    report = check(hand_over, receive, take, steal, arch=name)
    assert report.ok, str(report)


@pytest.mark.parametrize("name", tiers.names(only=arch.host()))
@pytest.mark.parametrize(
    "wrong",
    [
        (hand_over_unordered, receive),
        (hand_over, receive_unordered),
        (take, steal_unfenced),
        (take_looking_late, steal),
    ],
    ids=["hand-over without release", "hand-over without acquire", "steal without fence", "looking late"],
)
def test_what_crosses_cpus_without_order_is_noticed(name: str, wrong: tuple[Any, ...]) -> None:
    report = check(*wrong, arch=name)
    assert failing(report) == {"not-an-order"}
    assert {violation.operation for violation in report.violations} == {wrong[0].__name__}


@pytest.mark.parametrize("name", tiers.names(lambda one: tiers.runs_here(one) and bool(one.release_marks)))
def test_an_architecture_that_forgets_the_release_is_noticed(name: str) -> None:
    report = check(hand_over, receive, arch=name, spoil=no_release)
    assert failing(report) == {"not-an-order"}


def test_what_went_wrong_between_cpus_can_be_replayed() -> None:
    first = check(take, steal_unfenced).violations[0]
    assert "the other CPU exchanges 0 for 1 at stopped of lane" in first.text
    run = run_of(first)
    again = check(take, steal_unfenced, replay=run).violations
    assert [violation.text for violation in again] == [first.text]


# ---- rows that are found by their number


class Small(rseq.Record):
    value: i64


class Chosen(rseq.Record):
    small: index[Small]


@rseq.sequence
def raise_chosen(cpu: Chosen, n: i64) -> None:
    """Commit through an index that was found in memory."""
    cpu.small.value = n


def _unchecked(assembly: Assembly) -> Assembly:
    """A row is taken without a look at how many there are."""
    return replace(assembly, hot=tuple(line for line in assembly.hot if not line.comment.startswith("check ")))


@pytest.mark.parametrize("name", tiers.names(lambda one: tiers.runs_here(one) and one.pointer_bytes == 8))
# rows count in u64
def test_an_index_that_is_not_checked_is_noticed(name: str) -> None:
    assert check(raise_chosen, arch=name).ok
    assert not check(raise_chosen, arch=name, spoil=_unchecked).ok
