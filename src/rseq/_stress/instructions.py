"""A breakpoint before each instruction of each section, on the real kernel: every one must abort its section.

This is for copies of the sections; `loaded.py` stops the very code that calls from Python run.

The SIGTRAP's handler runs the same work on the same structure, on the same CPU, in the middle of the section. If the
section then went on, that would be lost. The handler's copy has no breakpoint, and so has the one that runs
after the abort.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rseq._arch.base import IndexMode
from rseq._check.code import Spoil
from rseq._codegen.lower import Unit
from rseq._language.section import section
from rseq._processes import Send, gather
from rseq._stress.breakpoints import ABORTS, Interrupted, places
from rseq._stress.code import Module, Program, unspoilt
from rseq._stress.loaded import Stops
from rseq._stress.report import Instruction, Instructions, Section
from rseq._stress.run import Tick, require_rseq
from rseq._stress.shipped import indices, left_out, make, named, of_loaded, sections, workloads
from rseq._stress.signals import handling
from rseq._stress.trial import Trial
from rseq._stress.workload import Workload

_TURNS, _MORE_TURNS = 256, 1 << 16
"""Runs with each breakpoint, and more of them where no path has led to it yet."""

_ROUNDS = 400
"""And where still none has: rounds of calls from Python, with a few runs between them."""

_PATIENCE_S = 60.0


def every_instruction(*chosen: Workload[Any], tick: Tick = lambda text: None, spoil: Spoil = unspoilt) -> Instructions:
    """Run these workloads, or all that the package ships, with a breakpoint before each instruction of each section.

    Raises: RuntimeError - the kernel has not registered this thread, or no code can be made for this machine.
    """
    require_rseq()
    problems = [] if chosen else list(left_out(workloads()))
    found: list[Section] = []
    stops: list[Stops] = []
    beside = [] if chosen else of_loaded()
    for workload in [*(chosen or workloads()), *beside]:
        for index in indices(workload):
            tick(f"{workload.name}, lanes by {index}")
            if workload not in beside:
                some, wrong = _Run(workload, index, spoil).outcome()
                found += some
                problems += wrong
            stops.append(Stops(workload, index))
            stops[-1].run()
    return Instructions(
        problems=(*problems, *(problem for one in stops for problem in one.problems)),
        sections=tuple(found),
        loaded=tuple(row for one in stops for row in one.rows),
        unreached=tuple(sentence for one in stops for sentence in one.unreached),
        refused=next((one.refused for one in stops if one.refused), ""),
    )


@dataclass(frozen=True)
class _Breakpoint:
    """A breakpoint before an instruction of a section, and the loop that has it."""

    section: str
    number: int
    text: str
    loop: str


class _Run:
    """A workload with lanes chosen by one number: a loop for each breakpoint, and what each came to."""

    def __init__(self, workload: Workload[Any], index: IndexMode, spoil: Spoil) -> None:
        self.workload, self.index = workload, index
        self._names = named(sections(workload))
        module = Module(make(workload, index).storage, spoil)
        module.variable(ABORTS)
        unit = module.unit()
        module.add_handler(unit, workload.work)
        self._breakpoints = list(self._add_breakpoints(module, unit))
        self._program: Program = module.load()
        self._instructions: dict[str, list[Instruction]] = {name: [] for name in self._names.values()}
        self._problems: list[str] = []

    def _add_breakpoints(self, module: Module, beside: Unit) -> Iterator[_Breakpoint]:
        for code, name in self._names.items():
            assembly = module.environment.architecture.assemble(section(code.body), self.index)
            for number, (position, text) in enumerate(places(assembly), 1):
                unit = module.unit(Interrupted, target=code, position=position, beside=beside)
                loop = f"{unit.prefix}loop"
                module.add_loop(unit, self.workload.work, loop)
                yield _Breakpoint(name, number, text, loop)

    def outcome(self) -> tuple[list[Section], list[str]]:
        """Run all of it, in a process of its own: a section that is wrong may well kill it."""
        dead = gather([self._work], self._receive, _PATIENCE_S)
        where = f"{self.workload.name}, lanes by {self.index}"
        problems = [f"{where}: {problem}" for problem in [*self._problems, *dead]]
        found = [
            Section(self.workload.name, name, self.index, tuple(instructions))
            for name, instructions in self._instructions.items()
        ]
        return found, problems

    # ---- in the other process

    def _work(self, send: Send) -> None:
        with handling(signal.SIGTRAP, self._program.handler):
            for number, point in enumerate(self._breakpoints):
                send((number, *self._interrupted_at(point)))

    def _interrupted_at(self, point: _Breakpoint) -> tuple[int, int, list[str]]:
        """How often the breakpoint was hit, how often the section was aborted, and what does not hold."""
        trial = Trial(self.workload, self.index, self._program)
        aborts = self._program.variable(ABORTS)
        before = aborts.value
        trial.loop(point.loop, 0, _TURNS)
        if not trial.hits:
            trial.loop(point.loop, _TURNS, _MORE_TURNS)
        for turns in range(_ROUNDS):
            if trial.hits:
                break
            trial.round(turns, point.loop)
        problems = trial.problems()
        return trial.hits, aborts.value - before, problems

    # ---- in this one

    def _receive(self, process: int, what: tuple[int, int, int, Sequence[str]]) -> None:
        number, hits, aborts, problems = what
        at = self._breakpoints[number]
        self._instructions[at.section].append(Instruction(at.number, at.text, hits, aborts))
        where = f"a breakpoint before instruction {at.number} of {at.section}(), {at.text}"
        if not hits:
            self._problems.append(f"{where}, was never hit; let work() of the workload lead there")
        if aborts < hits:
            self._problems.append(f"{where}, was hit {hits:,} times and aborted it {aborts:,} times")
        self._problems += (f"after {where}: {problem}" for problem in problems)
