"""A check says what its cases have not reached, and that is a failure of what is shipped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import rseq
from rseq import i64, prepared, u64
from rseq._cli import main
from rseq.check import Report, check


class Cell(rseq.Record):
    value: i64


class Box(rseq.Record):
    content: prepared[u64]
    number: u64
    gap: u64[8]
    taken: u64


@rseq.sequence(release=True)
def hand_over(cpu: Box, content: u64) -> None:
    cpu.content = content
    cpu.number = cpu.number + 1


@rseq.sequence(release=True)
def hand_over_when_taken(cpu: Box, content: u64) -> bool:
    number = cpu.number
    if number != rseq.load_acquire(cpu.taken):
        return False
    cpu.content = content
    cpu.number = number + 1
    return True


@rseq.routine
def look(cpu: Box, lane: u64) -> u64:
    there = rseq.lane(cpu, lane)
    if rseq.load_acquire(there.number) == 0:
        return 0
    return there.content


@rseq.routine
def look_without_acquire(cpu: Box, lane: u64) -> u64:
    return rseq.lane(cpu, lane).number


@rseq.routine
def take(cpu: Box, lane: u64) -> bool:
    there = rseq.lane(cpu, lane)
    number = rseq.load_acquire(there.number)
    if number == there.taken:
        return False
    return rseq.compare_exchange(there.taken, number - 1, number)


@rseq.routine
def acknowledge(cpu: Box, lane: u64) -> None:
    there = rseq.lane(cpu, lane)
    rseq.store_release(there.taken, rseq.load_acquire(there.number))


def said(report: Report) -> list[str]:
    """What was not reached, without where."""
    assert report.ok, str(report)
    return [text.partition(": ")[2] for text in report.vacuous]


@pytest.mark.parametrize("kind", [rseq.Counter, rseq.Max])
def test_everything_that_reads_is_reached(kind: type) -> None:
    assert check(kind).vacuous == ()


@pytest.mark.slow
def test_everything_of_a_stack_and_of_a_hand_over_is_reached() -> None:
    assert check(rseq.Stack).vacuous == ()
    assert said(check(hand_over_when_taken, look, take, acknowledge)) == []


def test_an_operation_that_no_case_leads_to_is_told() -> None:
    @rseq.sequence
    def guarded(cpu: Cell, n: i64) -> None:
        if n * n * n == 10_218_313:
            cpu.value = 1

    report = check(guarded)
    assert said(report) == ["guarded never came here"]
    assert report.vacuous[0].startswith("test_reached.py:")
    assert "not reached: test_reached.py:" in str(report)
    assert "vacuous: 1," in report.summary


def test_a_branch_that_goes_one_way_only_is_told() -> None:
    @rseq.sequence
    def never_below(cpu: Cell, n: i64) -> None:
        if n * n * n != 10_218_313:
            n = n + 1
        cpu.value = n

    assert said(check(never_below)) == ["never_below: this is decided one way only"]


def test_what_is_declared_out_of_reach_is_not_told() -> None:
    @rseq.sequence
    def guarded(cpu: Cell, n: i64) -> None:
        if n * n * n == 10_218_313:
            cpu.value = 1  # unreached: nobody guesses this number

    assert said(check(guarded)) == []


def test_a_declaration_needs_a_reason() -> None:
    @rseq.sequence
    def guarded(cpu: Cell, n: i64) -> None:
        if n * n * n == 10_218_313:
            cpu.value = 1  # unreached:

    assert len(said(check(guarded))) == 1


def test_a_declaration_that_is_wrong_is_told() -> None:
    @rseq.sequence
    def plain(cpu: Cell, n: i64) -> None:
        if n > 0:
            cpu.value = 1  # unreached: so I thought

    (sentence,) = check(plain).vacuous
    assert sentence.endswith(": declared unreached, and reached")


def test_a_release_that_no_acquire_sees_is_told() -> None:
    assert said(check(hand_over, look)) == []
    assert said(check(hand_over)) == ["hand_over: no load that acquires has seen its commit"]
    assert said(check(hand_over, look_without_acquire)) == ["hand_over: no load that acquires has seen its commit"]
    assert "acknowledge: no load that acquires has seen this store" in said(check(hand_over, look, acknowledge))


def test_a_load_between_which_nobody_stores_is_told() -> None:
    """`look` alone has nobody who stores, so its loads are none that cross; beside `hand_over` they see it."""

    @rseq.sequence
    def never_with_look(cpu: Box) -> None:
        if cpu.taken * cpu.taken == 10_218_313:
            cpu.number = 5

    assert "look: nobody stored between two loads of this" in said(check(never_with_look, look))


def test_two_routines_meet_each_other() -> None:
    """Only another `take` changes `taken` between the load and the exchange."""
    alone = [text for text in said(check(hand_over, look, take)) if "take" in text]
    assert alone == []


def test_it_is_enough_to_be_reached_in_one_way_of_choosing_the_lane() -> None:
    report = check(hand_over, look)
    assert {one.group for one in report.checked} == {0}
    assert len(report.checked) == 2


def test_routines_that_meet_no_sequence_are_said_not_to_be_checked() -> None:
    @rseq.sequence
    def add(cpu: Cell) -> None:
        cpu.value += 1

    assert check(add, look).skipped == ("look: none of the sequences works on Box",)


# ---- the command


def run(*arguments: str) -> Any:
    return CliRunner().invoke(main, ["check", *arguments])


def test_the_command_reports_it_and_fails_if_asked_to(tmp_path: Path) -> None:
    path = tmp_path / "shop.py"
    path.write_text(
        "import rseq\n"
        "from rseq import i64\n"
        "class Cell(rseq.Record):\n"
        "    value: i64\n"
        "@rseq.sequence\n"
        "def guarded(cpu: Cell, n: i64) -> None:\n"
        "    if n * n * n == 10_218_313:\n"
        "        cpu.value = 1\n"
    )
    plain, strict = run(f"{path}:guarded"), run(f"{path}:guarded", "--strict")
    assert (plain.exit_code, strict.exit_code) == (0, 1)
    assert "not reached: shop.py:8:9: guarded never came here" in plain.output
    found = json.loads(run(f"{path}:guarded", "--json").output)
    assert found["vacuous"] == ["shop.py:8:9: guarded never came here"]
