"""`rseq.check`, `rseq check` and `rseq.testing`: what passes, what is told of failures, and what is refused."""

from __future__ import annotations

import os
import signal
from itertools import product
from typing import Any

import pytest
from click.testing import CliRunner

import rseq
import tiers
from rseq import _arch as arch
from rseq import i8, i32, i64, index, prepared, ptr, u32, u64
from rseq._arch.base import Assembly
from rseq._check.code import Operation, compiled
from rseq._check.explore import Explorer, Run
from rseq._check.kernel import Area
from rseq._check.machine import Moment
from rseq._cli import main
from rseq._language.parser.parse import parse
from rseq._named import name_of
from rseq._sequence import Sequence
from rseq.check import Report, check
from rseq.testing import assert_restartable
from support import run_of

HOST = arch.host()


class Cell(rseq.Record):
    value: i64


class Scratch(rseq.Record):
    turn: prepared[i64]
    value: i64


class Stack(rseq.Record):
    """A stack whose slots are live below `count`."""

    count: i64
    slots: prepared[i64[8]]

    @staticmethod
    def live(lane: Any) -> Any:
        return lane["slots"][: max(0, min(lane["count"], 8))]


@rseq.sequence
def push(cpu: Stack, value: i64) -> bool:
    n = cpu.count
    if n < 0 or n >= 8:
        return False
    cpu.slots[n] = value
    cpu.count = n + 1
    return True


@rseq.sequence
def pop(cpu: Stack) -> i64:
    n = cpu.count
    if n < 1 or n > 8:
        return -1
    value = cpu.slots[n - 1]
    cpu.count = n - 1
    return value


@rseq.sequence
def add(cpu: Cell, n: i64) -> i64:
    before = cpu.value
    cpu.value = before + n
    return before


class Narrow(rseq.Record):
    value: i32


@rseq.sequence
def up(cpu: Narrow) -> None:
    cpu.value += 1


@rseq.sequence
def stamp(cpu: Cell) -> None:
    cpu.value = i64(rseq.clock())


def write_after_read(cpu: Scratch, n: i64) -> None:
    turn = cpu.turn + n
    cpu.turn = turn
    cpu.value = turn


broken: Any = Sequence(write_after_read, parse(write_after_read))


def overwrite(cpu: Stack, value: i64) -> None:
    cpu.slots[0] = value
    cpu.count = 1


# ---- what passes


class Mixed(rseq.Record):
    """Numbers of one width and of several types."""

    wide: i64
    big: u64
    first: ptr[Cell]
    signed: i32
    unsigned: u32
    flag: bool
    tiny: i8


@rseq.sequence
def one_of_three(cpu: Mixed, n: i64, cell: ptr[Cell]) -> None:
    if n < 0:
        cpu.wide = n
    elif n < 2:
        cpu.big += 3
    else:
        cpu.first = cell


@rseq.sequence
def either(cpu: Mixed, n: i32) -> None:
    if n < 0:
        cpu.signed += n
    else:
        cpu.unsigned += 4_000_000_000


@rseq.sequence
def tiny_or_true(cpu: Mixed, n: i8) -> None:
    if n < 0:
        cpu.tiny = n
    else:
        cpu.flag = n > 3


@rseq.sequence
def sum_of_rows(cpu: Cell, one: index[Cell], other: index[Cell]) -> i64:
    """Two rows by number, which must be two."""
    other.value = one.value + 1
    total = cpu.value + one.value
    cpu.value = total
    return total


def test_one_row_by_number_is_refused_before_the_section() -> None:
    assert [(one.name, other.name) for one, other in sum_of_rows.body.apart] == [("one", "other")]
    report = check(sum_of_rows)
    assert report.ok, str(report)


@pytest.mark.parametrize("name", tiers.names(only=HOST))
def test_paths_commit_different_types_of_one_width(name: str) -> None:
    report = check(one_of_three, either, tiny_or_true, arch=name)
    assert report.ok, str(report)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("depth", [1, 2])
def test_a_stack_passes_with_its_live_slots(depth: int) -> None:
    report = assert_restartable(push, pop, depth=depth)
    assert [one.operations for one in report.checked] == [("push", "pop")] * 2
    assert [one.index for one in report.checked] == ["cpu_id", "mm_cid"]


def test_live_slots_are_compared() -> None:
    """Slot 0 is live while there is anything on the stack: overwriting it before the commit can be seen."""
    with pytest.raises(AssertionError, match="no order of whole operations gives"):
        assert_restartable(Sequence(overwrite, parse(overwrite)), pop)


def test_clocks_may_be_read() -> None:
    assert check(stamp).ok


def test_the_sequences_of_routines_and_structures_are_meant() -> None:
    @rseq.routine
    def twice(cpu: Cell, n: i64) -> None:
        add(cpu, n)
        add(cpu, n)

    assert [one.operations for one in check(twice, [rseq.Counter]).checked] == [("add",)] * 4


def test_only_a_handler_leaves_a_section_of_its_own_in_rseq_cs(monkeypatch: pytest.MonkeyPatch) -> None:
    assert HOST is not None
    operations = [Operation.of(add)]
    explorer = Explorer(compiled(operations, HOST), operations)
    left: dict[str, set[bool]] = {}
    go_on = explorer._go_on

    def watched(run: Run, after: Moment, *rest: Any) -> None:
        area = Area.unpack(after.area, HOST.order)
        left.setdefault(run.hops[-1].event.kind, set()).add(area.rseq_cs != 0)
        go_on(run, after, *rest)

    monkeypatch.setattr(explorer, "_go_on", watched)
    assert list(explorer.findings()) == []
    assert left.pop("signalled") == {True}
    assert left.pop("preempted") == left.pop("migrated") == {False}


# ---- reports


def test_a_report_counts_what_was_tried() -> None:
    report = check(add)
    (first, second) = report.checked
    assert HOST is not None
    assert (first.arch, first.record, first.operations) == (HOST.name, "Cell", ("add",))
    assert 0 < first.aborts < first.interruptions < first.runs
    assert report.total("states") == first.states + second.states
    assert report.summary.startswith("violations: 0; 1 operations on")


def test_a_report_tells_what_was_not_reached() -> None:
    @rseq.sequence
    def guarded(cpu: Cell, n: i64) -> None:
        if n * n * n == 10_218_313:
            cpu.value = 1

    (first, _) = check(guarded).checked
    assert 0 < len(first.not_reached) < first.instructions
    assert all(place.startswith("test_check.py:") for place in first.not_reached)


@pytest.mark.slow
def test_a_report_is_the_same_each_time() -> None:
    assert check(add) == check(add)
    assert check(broken) == check(broken)


def test_processes_share_the_work_and_the_report_is_the_same() -> None:
    alone, shared = check(broken, add, push), check(broken, add, push, jobs=3)
    assert len(alone.violations) == 2
    assert shared == alone
    assert str(shared).rpartition(", ")[0] == str(alone).rpartition(", ")[0]


@pytest.mark.slow
def test_processes_report_architectures_in_their_order() -> None:
    report = check(up, arch="all", jobs=3)
    running = [name for name in arch.names() if arch.get(name).emulator is not None]
    assert [(one.arch, one.index) for one in report.checked] == list(product(running, ("cpu_id", "mm_cid")))
    assert len(report.skipped) == len(arch.names()) - len(running)


def test_what_a_process_raises_is_raised_here() -> None:
    def fails(assembly: Assembly) -> Assembly:
        raise ValueError(f"no {assembly.index} today")

    with pytest.raises(ValueError, match=r"^no (cpu_id|mm_cid) today\nin a process that checked"):
        check(add, push, jobs=2, spoil=fails)


def test_what_cannot_be_sent_is_raised_as_text() -> None:
    class LocalError(Exception):
        pass

    def fails(assembly: Assembly) -> Assembly:
        raise LocalError("only here")

    with pytest.raises(RuntimeError, match=r"^LocalError: only here\n"):
        check(add, push, jobs=2, spoil=fails)


def test_a_process_that_is_killed_makes_no_report() -> None:
    def dies(assembly: Assembly) -> Assembly:
        if assembly.section.body.name == "push":
            os.kill(os.getpid(), signal.SIGKILL)
        return assembly

    with pytest.raises(RuntimeError, match=r"^the check is not complete: process \d was ended by SIGKILL.*Stack"):
        check(add, push, jobs=2, spoil=dies)


def test_as_many_processes_as_there_are_parts_is_enough() -> None:
    assert check(add, jobs=64) == check(add)
    with pytest.raises(ValueError, match=r"^jobs: expected at least 1 process, got 0$"):
        check(add, jobs=0)


def test_a_failure_tells_its_whole_story() -> None:
    violation = check(broken, name="shop.py:turn").violations[0]
    lines = violation.text.splitlines()
    assert HOST is not None
    assert violation.rule == "not-an-order"
    assert lines[0].startswith("test_check.py:")
    assert "error[not-an-order]: write_after_read(5)" in lines[0]
    assert "before instruction" in lines[1]
    assert "cpu.value = turn    # commit" in lines[1]
    assert lines[2].strip().startswith("another thread runs write_after_read(7) on CPU 0, which comes to None")
    assert "  before lane 0: turn 0, value 0" in lines
    assert "  after  lane 0: turn 17, value 17" in lines
    assert any(line.startswith("  an order gives None, lane 0: value 12") for line in lines)
    assert lines[-1].startswith(f"  replay: rseq check shop.py:turn --arch {HOST.name} --depth 1 --replay cpu_id:0:0:")


write_after_read = broken
"""So that its name leads to it."""


def test_a_failure_names_what_was_checked_as_the_command_finds_it() -> None:
    here = os.path.relpath(__file__)
    with pytest.raises(AssertionError, match=r"replay: rseq check ") as failed:
        assert_restartable(broken)
    (command, *_) = [line for line in str(failed.value).splitlines() if "replay: rseq check" in line]
    assert HOST is not None
    assert command.startswith(f"  replay: rseq check {here}:write_after_read --arch {HOST.name} --depth 1 --replay")
    result = CliRunner().invoke(main, command.split()[2:])
    assert (result.exit_code, "error[not-an-order]: write_after_read(5)" in result.output) == (1, True)


def test_a_failure_of_what_has_no_name_is_replayed_in_python() -> None:
    def twice(cpu: Scratch, n: i64) -> None:
        cpu.turn = cpu.turn + n
        cpu.value = cpu.turn

    local: Any = Sequence(twice, parse(twice))
    violation = check(local).violations[0]
    assert HOST is not None
    assert violation.replay == f'rseq.check.check(…, arch="{HOST.name}", depth=1, replay="{run_of(violation)}")'
    assert check(local, replay=run_of(violation)).violations[0].text == violation.text


def test_names_lead_back_to_what_they_name() -> None:
    assert name_of(rseq.Counter) == "rseq._structures.counter:Counter"
    assert name_of(push) == f"{os.path.relpath(__file__)}:push"
    assert name_of(rseq.Counter._sequences()["add"]) is None
    assert name_of(3) is None


def test_a_failure_can_be_replayed_alone() -> None:
    first = check(broken).violations[0]
    run = run_of(first)
    again = check(broken, replay=run)
    assert [violation.text for violation in again.violations] == [first.text]
    assert again.total("interruptions") <= 1


# ---- what is refused


def test_what_is_no_sequence_is_refused() -> None:
    with pytest.raises(TypeError, match=r"expected a sequence, a routine or a structure's class; got 5"):
        check(5)
    with pytest.raises(TypeError, match=r"expected sequences to check, got none"):
        check()


def test_an_unknown_architecture_or_depth_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no architecture is called 'pdp11'"):
        check(add, arch="pdp11")
    with pytest.raises(ValueError, match=r"expected 1, 2 or 3 interruptions"):
        check(add, depth=0)


# ---- rows


class Node(rseq.Record):
    next: ptr[Node]  # type: ignore[name-defined]
    value: i64


class Head(rseq.Record):
    first: ptr[Node]


def forgetful(cpu: Head, node: ptr[Node], n: i64) -> None:
    """Publishes a row whose value is what an earlier attempt has left, too."""
    node.value = node.value + n
    node.next = cpu.first
    cpu.first = node


def test_rows_that_can_be_reached_are_compared() -> None:
    report: Report = check(Sequence(forgetful, parse(forgetful)))
    assert {violation.rule for violation in report.violations} == {"not-an-order"}


class Out(rseq.Record):
    value: i64


@rseq.sequence
def take(cpu: Cell, out: ptr[Out], n: i64) -> None:
    """Gives its caller what was there, through a row."""
    before = cpu.value
    out.value = before
    cpu.value = before + n


def take_late(cpu: Scratch, out: ptr[Out], n: i64) -> None:
    """Gives its caller a number that an earlier attempt may have changed."""
    out.value = out.value + 1
    cpu.value = n


def test_what_is_stored_for_the_caller_is_compared() -> None:
    assert check(take).ok
    report = check(Sequence(take_late, parse(take_late)))
    assert {violation.rule for violation in report.violations} == {"not-an-order"}


class Entry(rseq.Record):
    next: index[Entry]  # type: ignore[name-defined]
    value: i64


class List(rseq.Record):
    first: index[Entry]


def careless(cpu: List, entry: index[Entry], n: i64) -> None:
    """As `forgetful`, with rows that are found by their number."""
    entry.value = entry.value + n
    entry.next = cpu.first
    cpu.first = entry


def test_rows_that_indices_lead_to_are_compared() -> None:
    report = check(Sequence(careless, parse(careless)))
    assert {violation.rule for violation in report.violations} == {"not-an-order"}


def test_a_run_that_there_is_not_is_no_success() -> None:
    with pytest.raises(ValueError, match=r"^no run is called 'cpu_id:9:9:9:9'"):
        check(rseq.Counter, replay="cpu_id:9:9:9:9")
