"""The loaded code itself, stopped before each instruction: right code is aborted there, and damage is noticed."""

from __future__ import annotations

import ctypes
import errno
import json
import platform
import re
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

import rseq
from rseq import _arch as arch
from rseq import _shipped, i64, u64
from rseq._abi import CS_ALIGNMENT, CS_POST_COMMIT_OFFSET, CS_START_IP
from rseq._builtins import bind
from rseq._loader import Blob, load
from rseq._stress.hardware import Refused, trap_at
from rseq._stress.loaded import Stops, loaded, sections_of
from rseq._stress.report import Instructions, Loaded
from rseq._stress.shipped import indices, of_loaded, workloads
from rseq._stress.structures import stack
from rseq._stress.structures.counter import call, law
from rseq._stress.workload import Workload
from seccomp import FORBID
from support import run_in_child, run_python

pytestmark = pytest.mark.needs_rseq

SHIPPED = {workload.name: workload for workload in workloads()}
SOME = ["Counter", "Stack"]
OF_LOADED = {workload.name: workload for workload in of_loaded()}
HAS_FILE = _shipped.facts() != {}


@pytest.fixture(autouse=True)
def needs_breakpoints() -> None:
    try:
        with trap_at(load(Blob(bytes(16), b"", 0, (), {})).address):
            pass
    except Refused as refusal:
        pytest.skip(str(refusal))


def stopped(workload: Workload[Any], index: Any = "cpu_id") -> Stops:
    """What comes of it."""
    stops = Stops(workload, index)
    stops.run()
    return stops


def require_all_stopped(workload: Workload[Any]) -> None:
    for index in indices(workload):
        stops = stopped(workload, index)
        assert (stops.problems, stops.refused) == ([], "")
        assert stops.rows
        for row in stops.rows:
            assert row.aborts >= row.reached == row.instructions >= 4
            assert row.index == index


@pytest.mark.parametrize("name", SOME)
def test_each_instruction_of_loaded_sections_aborts_and_nothing_is_lost(name: str) -> None:
    require_all_stopped(SHIPPED[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", OF_LOADED)
def test_so_it_is_for_other_sizes(name: str) -> None:
    """For all others test_instructions.py sees it."""
    require_all_stopped(OF_LOADED[name])


def test_it_is_said_whether_the_code_came_with_the_package() -> None:
    (row,) = stopped(SHIPPED["Counter"]).rows
    assert row.origin == ("shipped" if HAS_FILE else "compiled")
    assert (row.structure, row.method, row.sequence) == ("Counter", "add", "add")
    (row,) = stopped(additions()).rows
    assert row.origin == "compiled"


# ---- where sections are


def descriptors(blob: Blob) -> Iterator[int]:
    """Where descriptors are, by the relocations of their addresses: another way to find them than by what they say."""
    own = {one.where for one in blob.relocations if one.symbol is None}
    for where in sorted(own):
        at = where - CS_START_IP
        if at % CS_ALIGNMENT == 0 and where + 16 in own and not any(blob.code[at : at + CS_START_IP]):
            yield at


@pytest.mark.parametrize("name", ["Counter", "Stack", "RCU"])
def test_the_sections_are_those_that_the_blob_has_descriptors_of(name: str) -> None:
    for code in loaded(SHIPPED[name], "cpu_id"):
        blob, starts = code.made.blob, {one.where: one.addend for one in code.made.blob.relocations}
        expected = [starts[at + CS_START_IP] + code.code.address for at in descriptors(blob)]
        assert [place.start for place in sections_of(code)] == expected != []


# ---- stops


def test_a_thread_is_stopped_once_where_an_instruction_begins_and_nowhere_else() -> None:
    machine = arch.host()
    assert machine is not None
    code = machine.thread_pointer  # two instructions
    address = load(Blob(code, b"", 0, (), {"f": 0})).address
    function, stops = ctypes.CFUNCTYPE(ctypes.c_void_p)(address), list[int]()
    before = signal.signal(signal.SIGTRAP, lambda *given: stops.append(1))
    try:
        found = {}
        for at in range(0, len(code), machine.instruction_step):
            with trap_at(address + at):
                results = {function() for _ in range(3)}
            assert len(results) == 1
            found[at], stops[:] = len(stops), []
    finally:
        signal.signal(signal.SIGTRAP, before)
    last = len(code) - (1 if machine.name == "x86_64" else 4)
    assert found == {at: int(at in (0, last)) for at in found}


_REFUSED = """
    from rseq._stress.hardware import Refused, trap_at
    from rseq._stress.instructions import every_instruction
    from rseq._stress.shipped import workloads
    said = []
    for failure in map(int, sys.argv[1:]):
        forbid(arch.host().perf_event_open, failure)
        try:
            with trap_at(1 << 20):
                pass
        except Refused as refusal:
            said.append(str(refusal))
    report = every_instruction(*(one for one in workloads() if one.name == "Counter"))
    print(json.dumps([said, report.as_dict(), str(report)]))
"""


def test_where_the_system_refuses_one_sentence_says_so_and_the_rest_goes_on() -> None:
    failures = errno.ENOSYS, errno.ENOSPC, errno.EOPNOTSUPP, errno.EMFILE, errno.EACCES, errno.EPERM
    said, report, text = json.loads(run_python(FORBID + _REFUSED, *map(str, failures)).stdout)
    assert len(said) == len(set(said)) == len(failures)
    assert said[3] == "perf_event_open(): Too many open files"
    assert all(one.startswith("perf_event_open(): ") for one in said)
    assert sum("; " in one for one in said) == len(failures) - 1
    assert report["ok"]
    assert report["refused"] == said[-1]
    assert report["loaded"] == report["unreached"] == []
    assert len(report["sections"]) == 2
    assert "was not stopped: perf_event_open(): Operation not permitted" in " ".join(text.split())


def test_the_report_has_plain_lines_of_at_most_80_columns() -> None:
    row = Loaded("CounterArray u16", "release_row", "take_or_tell 2", "mm_cid", "compiled", 12, 12, 12)
    text = str(Instructions((), (), (row,), ("Pool, lanes by cpu_id: no call led to 1 of the 2 sections of it()",), ""))
    assert max(map(len, text.splitlines())) <= 80
    assert "Not tested: Pool, lanes by cpu_id: no call led to 1 of the 2 sections of it()." in text
    assert "release_row take_or_tell 2   compiled mm_cid  12 of 12     12" in text


# ---- damage


def never(adder: Any, turn: int) -> int:
    """A call that does nothing."""
    return 0


def additions() -> Workload[Any]:
    """A workload whose sequence is no other's, so that its code is loaded anew."""

    class Cell(rseq.Record):
        value: i64

    @rseq.sequence
    def add(cpu: Cell, n: i64) -> None:
        before = cpu.value
        cpu.value = (before ^ 0) + n

    @rseq.routine
    def work(cpu: Cell, turn: u64) -> i64:
        n = i64(turn & 7)
        add(cpu, n)
        return n

    class Adder:
        def __init__(self) -> None:
            self.storage = rseq.percpu(Cell)
            self.add = add.bind(self.storage)

    return Workload("adder", Adder, work, call, law)


def ending_early(code: bytearray, at: int, start: int) -> None:
    """The commit is outside of the range."""
    longer(code, at, -int.from_bytes(code[at + CS_POST_COMMIT_OFFSET :][:8], sys.byteorder) // 8 * 4)


def ending_late(code: bytearray, at: int, start: int) -> None:
    """The commit is not the last instruction of the range."""
    longer(code, at, arch.get(platform.machine()).instruction_step)


def longer(code: bytearray, at: int, nbytes: int) -> None:
    place = slice(at + CS_POST_COMMIT_OFFSET, at + CS_POST_COMMIT_OFFSET + 8)
    code[place] = (int.from_bytes(code[place], sys.byteorder) + nbytes).to_bytes(8, sys.byteorder)


def never_stored(code: bytearray, at: int, start: int) -> None:
    """The kernel is never told of the section: nops stand for the store to rseq_cs, movq …, %fs:8(…)."""
    store = max(code.rfind(b"\x64", start - 6, start - 4), code.rfind(b"\x64", start - 5, start - 3))
    code[store:start] = b"\x90" * (start - store)


def without_signature(code: bytearray, at: int, start: int) -> None:
    """The word before the abort handler is not the one that the kernel was given."""
    signature = arch.get(platform.machine()).signature.to_bytes(4, sys.byteorder)
    assert code.count(signature) == 1
    code[code.index(signature)] ^= 1


_RARE = 512
"""The size of a stack that no other test makes, so that its code is loaded anew."""

Damage = Callable[[bytearray, int, int], None]


def damaged(monkeypatch: pytest.MonkeyPatch, damage: Damage, workload: Workload[Any] | None = None) -> Stops:
    """What comes of code that is damaged before it is loaded."""
    make_whole = bind.machine_code

    def make_damaged(*arguments: Any, **how: Any) -> Any:
        made = make_whole(*arguments, **how)
        code, starts = bytearray(made.blob.code), {one.where: one.addend for one in made.blob.relocations}
        for at in descriptors(made.blob):
            damage(code, at, starts[at + CS_START_IP])
        assert code != made.blob.code
        return made._replace(blob=made.blob._replace(code=bytes(code)))

    monkeypatch.setattr(bind, "machine_code", make_damaged)
    return stopped(workload or additions())


def test_what_is_whole_has_no_problems() -> None:
    stops = stopped(additions())
    (row,) = stops.rows
    assert stops.problems == []
    assert row.aborts >= row.reached == row.instructions


def test_a_range_that_ends_early_has_too_few_instructions(monkeypatch: pytest.MonkeyPatch) -> None:
    (problem,) = damaged(monkeypatch, ending_early).problems
    assert re.fullmatch(r"adder, .*: \d instructions were reached in \d+ bytes, and add\(\) has .*", problem)


def test_a_range_that_ends_late_has_too_many_and_doubles(monkeypatch: pytest.MonkeyPatch) -> None:
    *doubled, count = damaged(monkeypatch, ending_late).problems
    assert doubled
    assert all(": element 0 is " in problem for problem in doubled)
    assert " instructions were reached in " in count


@pytest.mark.arch("x86_64")
def test_a_descriptor_that_is_never_stored_aborts_nothing_and_loses(monkeypatch: pytest.MonkeyPatch) -> None:
    stops = damaged(monkeypatch, never_stored)
    assert any(problem.endswith(" did not abort it") for problem in stops.problems)
    assert any(": element 0 is " in problem for problem in stops.problems)
    assert stops.rows == []


@pytest.mark.skipif(not HAS_FILE, reason="this installation has no machine code for this machine")
@pytest.mark.parametrize("damage", [ending_early, ending_late, never_stored])
@pytest.mark.arch("x86_64")
def test_damage_to_what_came_with_the_package_is_noticed(damage: Damage, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a child: this process goes on with whole code."""
    workload = replace(SHIPPED["Stack"], make=partial(rseq.Stack, _RARE), work=stack._work(_RARE))

    def look() -> None:
        stops = damaged(monkeypatch, damage, workload)
        assert all(row.origin == "shipped" for row in stops.rows)
        assert any("section 1 of Stack.push()" in problem for problem in stops.problems)
        assert any("section 1 of Stack.pop()" in problem for problem in stops.problems)

    run_in_child(look)


def test_a_process_that_the_kernel_ends_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    assert damaged(monkeypatch, without_signature).problems == [
        "adder, lanes by cpu_id: process 0 was ended by SIGSEGV"
    ]


def test_a_section_that_calls_do_not_lead_to_is_named() -> None:
    stops = stopped(replace(additions(), call=never))
    assert (stops.problems, stops.rows) == ([], [])
    assert stops.unreached == [
        "adder, lanes by cpu_id: no call led to 1 of the 1 sections of add(), and to none of add()"
    ]


def test_a_sequence_in_no_code_that_calls_run_is_named() -> None:
    workload = additions()
    workload.work.__module__ = "elsewhere"
    storage = rseq.percpu(workload.work.head.record)
    stops = stopped(replace(workload, make=lambda: SimpleNamespace(storage=storage), call=never))
    assert (stops.problems, stops.rows) == ([], [])
    assert stops.unreached == ["adder, lanes by cpu_id: add() is in no code that calls from Python run"]


def test_a_sequence_without_a_descriptor_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rseq._stress.loaded.sections_of", lambda code: [])
    assert stopped(additions()).problems == [
        "adder, lanes by cpu_id: add() has no section that aborted as one of add()"
    ]
