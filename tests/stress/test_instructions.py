"""A breakpoint before each instruction, on the kernel as it is: right code is aborted there, wrong code is noticed."""

from __future__ import annotations

from typing import Any

import pytest

import spoils
from rseq import _arch as arch
from rseq._stress.instructions import every_instruction
from rseq._stress.report import Instructions
from rseq._stress.shipped import workloads
from stress.workloads import ADDER, IDLE, LINES

pytestmark = pytest.mark.needs_rseq

SHIPPED = {workload.name: workload for workload in workloads()}
SOME = ["Counter", "FloatCounter", "CounterArray u16"]


def require_all_aborted(report: Instructions) -> None:
    assert report.ok, str(report)
    for section in report.sections:
        assert len(section.instructions) >= 4
        assert all(one.aborts >= one.hits >= 1 for one in section.instructions)
    assert bool(report.loaded) != bool(report.refused)
    assert all(one.aborts >= one.reached == one.instructions >= 4 for one in report.loaded)


@pytest.mark.parametrize("name", SOME)
def test_each_instruction_of_shipped_sections_aborts_and_nothing_is_lost(name: str) -> None:
    report = every_instruction(SHIPPED[name])
    require_all_aborted(report)
    assert {section.index for section in report.sections} == {"cpu_id", "mm_cid"}


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in SHIPPED if name not in SOME])
def test_so_it_is_for_all_others(name: str) -> None:
    require_all_aborted(every_instruction(SHIPPED[name]))


def test_with_a_window_between_load_and_store() -> None:
    require_all_aborted(every_instruction(ADDER))


@pytest.mark.slow
def test_sections_with_copies() -> None:
    require_all_aborted(every_instruction(LINES))


@pytest.mark.parametrize("spoil", [spoils.without_descriptor_store, spoils.ending_early], ids=lambda one: one.__name__)
@pytest.mark.arch("x86_64")  # where a breakpoint that aborts nothing is not hit for ever
def test_a_section_that_the_kernel_does_not_know_is_noticed(spoil: Any) -> None:
    report = every_instruction(ADDER, spoil=spoil)
    assert any("and aborted it 0 times" in problem for problem in report.problems)
    assert any("what was added to it comes to" in problem for problem in report.problems)  # the law, too


@pytest.mark.arch("x86_64")
def test_an_end_behind_the_commit_doubles() -> None:
    report = every_instruction(ADDER, spoil=spoils.ending_late)
    assert len(report.problems) == 2  # the nop behind the commit, with lanes by cpu_id and by mm_cid
    assert all("nop: element 0 is" in problem for problem in report.problems)


def test_a_process_that_the_kernel_ends_is_a_sentence() -> None:
    report = every_instruction(ADDER, spoil=spoils.with_wrong_signature)
    assert "adder, lanes by cpu_id: process 0 was ended by SIGSEGV" in report.problems
    assert not report.ok


def test_a_breakpoint_that_is_never_reached_is_noticed() -> None:
    report = every_instruction(IDLE)
    assert report.problems
    assert all(problem.endswith("was never hit; let work() of the workload lead there") for problem in report.problems)


@pytest.mark.parametrize("name", arch.names())
def test_every_architecture_names_its_breakpoint(name: str) -> None:
    assert arch.get(name).breakpoint
