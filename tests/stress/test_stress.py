"""Threads, signals, migrations and forks: right code loses nothing, wrong code and untested code are noticed."""

from __future__ import annotations

import ctypes
import json
from dataclasses import replace
from typing import Any

import pytest
from click.testing import CliRunner

import rseq
import spoils
from rseq._builtins import bind
from rseq._builtins.restarts import restarts
from rseq._cli import main
from rseq._language.types import SCALARS
from rseq._stress import run
from rseq._stress.code import compiled, unspoilt
from rseq._stress.ledger import Ledger
from rseq._stress.run import stress
from rseq._stress.shipped import can_share, left_out, named, sections, workloads
from rseq._stress.workload import BUFFER_BYTES, buffered
from rseq._structures.cell_code import adder
from rseq._structures.structure import bound_of
from stress.workloads import ADDER, IDLE, LINES, Adder, add
from support import run_python

needs_rseq = pytest.mark.needs_rseq


# ---- what is stressed


def test_every_shipped_sequence_is_stressed() -> None:
    assert list(left_out(workloads())) == []


def test_a_sequence_that_no_workload_runs_is_named() -> None:
    without = [workload for workload in workloads() if workload.name != "CounterArray u16"]
    (sentence,) = left_out(without)
    assert sentence == (
        "add() on Cell, in rseq._structures.cell_code, is shipped, and no workload runs it; "
        "add it to the workloads() of its structure, in rseq._stress.structures"
    )


def test_workloads_have_names_of_their_own() -> None:
    names = [workload.name for workload in workloads()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("spoil", [unspoilt, spoils.ending_late], ids=lambda one: one.__name__)
def test_no_compiler_for_other_machines_is_needed(spoil: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rseq._codegen.cross.emit_for", None)
    assert compiled(ADDER.work, Adder().storage, spoil).handler


@pytest.mark.parametrize("workload", [*workloads(), ADDER, LINES], ids=lambda one: one.name)
def test_laws_hold_for_calls_from_python_and_can_be_broken(workload: Any) -> None:
    structure = workload.make()
    length = structure.storage.length
    sums = [0] * length
    for turn in range(500):
        sums[turn % length] += workload.call(structure, turn)
    assert list(workload.law(structure, sums)) == []
    assert list(workload.law(structure, [*sums[:-1], sums[-1] + workload.broken_by]))


def test_sequences_of_the_same_name_are_told_apart() -> None:
    codes = [adder(SCALARS["i8"]), adder(SCALARS["i16"]), add]
    assert list(named(codes).values()) == ["add", "add 2", "add 3"]
    assert sections(ADDER) == [add]


def test_aborts_are_counted_for_each_sequence_and_not_for_each_name() -> None:
    before = restarts()
    for number, structure in enumerate((rseq.Counter(), rseq.FloatCounter()), 3):
        structure.add(1)
        bound = bound_of(structure, "add")
        wanted = bound.source, bound.index, 0
        program = next(one for one in bind.programs if (one.source, one.mode, one.dimensions) == wanted)
        count = ctypes.c_uint64.from_address(program.code.entries[program.made.counters[0]])
        count.value += number
    now = restarts()
    more = [now[code] - before.get(code, 0) for code in (adder(SCALARS["i64"]), adder(SCALARS["f64"]))]
    assert more[0] >= 3
    assert more[1] >= 4
    assert all(now.values())


def test_buffers_have_all_lengths() -> None:
    assert {len(buffered(turn)) for turn in range(1000)} == set(range(1, BUFFER_BYTES + 1))


def test_ledgers_wrap_around_as_i64_does() -> None:
    ledger = Ledger(3, 2)
    ledger.add(0, 1, (1 << 63) - 1)
    ledger.add(2, 1, 2)
    assert ledger.sums() == [0, -(1 << 63) + 1]


# ---- what holds, and what is noticed


@needs_rseq
@pytest.mark.one_in(2)
@pytest.mark.parametrize("workload", [ADDER, LINES], ids=lambda one: one.name)
def test_nothing_is_lost_and_every_section_is_aborted(workload: Any) -> None:
    report = stress(workload, seconds=0.6)
    assert report.ok, str(report)
    (stressed,) = report.stressed
    assert stressed.runs > 0
    assert stressed.calls > 0
    assert stressed.signals > 0
    assert all(stressed.aborts.values())
    assert report.migrations > 0
    assert report.forks > 0
    assert report.short_lived > 0


@pytest.mark.slow
@needs_rseq
def test_processes_each_work_for_themselves_where_nothing_can_be_shared() -> None:
    report = stress(ADDER, seconds=0.4, threads=4, processes=2)
    assert report.ok, str(report)


@needs_rseq
def test_processes_share_a_structure_that_can_be_shared() -> None:
    counter = next(workload for workload in workloads() if workload.name == "Counter")
    report = stress(counter, seconds=0.4, threads=4, processes=2)
    assert report.ok, str(report)
    assert report.stressed[0].is_shared == can_share(counter)


@needs_rseq
@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(spoils.without_descriptor_store, id="without a descriptor", marks=pytest.mark.slow),
        pytest.param(spoils.ending_early, id="ending early", marks=pytest.mark.slow),
    ],
)
def test_a_section_that_the_kernel_does_not_know_loses(spoil: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "_MORE_SLICES", 2)
    report = stress(ADDER, seconds=0.6, spoil=spoil)
    assert any("element 0 is" in problem for problem in report.problems), str(report)
    if spoil is spoils.without_descriptor_store:
        assert report.aborts == 0
        assert any("add() was never aborted" in problem for problem in report.problems)


@needs_rseq
@pytest.mark.slow  # tests/stress/test_instructions.py has it in two seconds: each instruction is interrupted
def test_an_end_behind_the_commit_doubles() -> None:
    for _ in range(20):  # one instruction in some ten: not each second is one interrupted just there
        report = stress(ADDER, seconds=1.0, spoil=spoils.ending_late)
        assert report.aborts
        if any("element 0 is" in problem for problem in report.problems):
            return
    pytest.fail(str(report))


@needs_rseq
def test_a_section_that_is_never_aborted_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "_MORE_SLICES", 1)
    (problem,) = stress(IDLE, seconds=0.2).problems
    assert problem.startswith("idle: add() was never aborted in ")
    assert problem.endswith("the kernel does not know of the section")


@needs_rseq
def test_a_process_that_the_kernel_ends_is_a_sentence() -> None:
    report = stress(ADDER, seconds=0.4, spoil=spoils.with_wrong_signature)
    assert any(problem.startswith("process 0 was ended by SIGSEGV") for problem in report.problems), str(report)


@needs_rseq
def test_what_a_call_raises_is_a_problem() -> None:
    def call(structure: Adder, turn: int) -> int:
        raise OverflowError("too much")

    report = stress(replace(ADDER, call=call), seconds=0.2)
    assert "adder, lanes by cpu_id: a thread raised OverflowError: too much" in report.problems


# ---- the command


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let the command have only one workload."""

    def choose(workload: Any) -> None:
        monkeypatch.setattr(run, "workloads", lambda: [workload])
        monkeypatch.setattr(run, "left_out", lambda chosen: iter(()))
        monkeypatch.setattr(run, "_MORE_SLICES", 1)

    return choose


@needs_rseq
def test_the_command_prints_plain_lines_of_at_most_80_columns(only: Any) -> None:
    only(ADDER)
    done = CliRunner().invoke(main, ["stress", "--seconds", "0.4"])
    assert done.exit_code == 0, done.output
    assert "\x1b" not in done.output
    assert max(map(len, done.output.splitlines())) <= 80
    assert "Nothing is lost, nothing is doubled." in done.stdout
    assert "adder, lanes by mm_cid: " in done.stderr


@needs_rseq
def test_the_command_fails_where_nothing_was_tested_and_says_so_in_json(only: Any) -> None:
    only(IDLE)
    done = CliRunner().invoke(main, ["stress", "--seconds", "0.2", "--threads", "2", "--processes", "1", "--json"])
    assert done.exit_code == 1
    found = json.loads(done.stdout)
    assert not found["ok"]
    assert found["threads"] == 2
    assert found["stressed"][0]["aborts"] == {"add": 0}
    assert "so nothing was tested" in found["problems"][0]


def test_every_instruction_takes_no_seconds() -> None:
    done = CliRunner().invoke(main, ["stress", "--every-instruction", "--seconds", "3"])
    assert done.exit_code == 2
    assert "it tries each instruction once" in done.output


def test_without_rseq_the_command_says_why_it_cannot() -> None:
    code = "from rseq._cli import main; main(['stress'])"
    done = run_python(code, env={"GLIBC_TUNABLES": "glibc.pthread.rseq=0"}, returncode=1)
    assert done.stderr.startswith("Error: the kernel has not registered this thread for restartable sequences")
    assert "Traceback" not in done.stderr
